"""What results came from, and how they compare with the committed ones."""
