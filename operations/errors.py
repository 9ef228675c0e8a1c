"""What goes wrong in a way that a person can mend."""


class OperationError(Exception):
    """A command that can't be done; the text says why, and what to do."""
