"""Channel realizations: drawn, stored, read."""
