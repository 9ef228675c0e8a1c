"""Lambda functions of our own, from the code in `functions/`."""
