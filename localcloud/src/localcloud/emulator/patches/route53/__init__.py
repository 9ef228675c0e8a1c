"""Route 53: batches of changes that hold wholly or not at all."""
