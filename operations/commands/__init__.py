"""What a person can run, one command a file: its arguments, what it does, and how the result is shown."""
