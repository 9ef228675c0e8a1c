"""KMS: how often a key rotates, and metadata without gaps."""
