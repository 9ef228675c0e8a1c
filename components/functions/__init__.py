"""Lambda functions whose code is in `functions/`."""
