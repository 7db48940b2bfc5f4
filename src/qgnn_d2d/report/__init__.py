"""Pages and tables for readers."""
