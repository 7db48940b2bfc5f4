"""Training, checkpoints, weights, searches."""
