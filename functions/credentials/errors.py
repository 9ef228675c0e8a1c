"""The errors that the function raises."""


class CredentialsError(Exception):
    """The credential couldn't be put in place; says which store, host, user and step, and never a value."""


class StatusError(CredentialsError):
    """The store answered a request with a refusal; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        """Take the message, which tells no value, and the status."""
        super().__init__(message)
        self.status = status


class NotYetError(Exception):
    """What was tried may work later; says why it didn't, without a value."""


class RefusedError(Exception):
    """The store doesn't take this user with this password; says why, without a value."""
