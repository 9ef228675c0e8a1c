"""What Pulumi knows of a stack: its state, read from wherever it is kept, and its config file, which is edited here."""
