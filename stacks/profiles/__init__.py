"""What differs between environments, as data: one profile a file."""
