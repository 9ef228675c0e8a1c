"""Names that a person gives, checked before they become part of a path or of an address."""

import re

#: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/tokens/names.go allows the same characters. What begins
#: with a dot is a hidden file or a way out of its folder, and what begins with a dash is taken for an option.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)


class InvalidNameError(ValueError):
    """A name that isn't allowed; the message says which, and what is."""


def checked(what: str, name: str) -> str:
    """Return a name that may be part of a path.

    Args:
        what: what it names, for the message: `stack`, `project`.
        name: the name.

    Raises:
        InvalidNameError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise InvalidNameError(
            f"the {what} is called {name!r}; allowed are up to 100 letters, digits, `-`, `_` and `.`, the first "
            "of them a letter, a digit or `_`"
        )
    return name
