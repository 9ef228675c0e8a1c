"""The key that everything of a stack is encrypted with."""
