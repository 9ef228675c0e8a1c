"""Errors that a person can fix."""


class OperationError(Exception):
    """A command that can't be done; the text says why, and what to do."""
