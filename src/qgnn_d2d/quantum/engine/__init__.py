"""The exact star engine."""
