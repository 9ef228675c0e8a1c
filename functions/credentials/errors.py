"""The errors that the function raises."""


class CredentialsError(Exception):
    """The credential couldn't be put in place; says which store, host, user and step, and never a value."""


class NotYetError(Exception):
    """What was tried may work later; says why it didn't, without a value."""


class RefusedError(Exception):
    """The store doesn't take this user with this password; says why, without a value."""
