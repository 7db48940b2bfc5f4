"""What trained models and solvers are worth: evaluation, statistics, tables."""
