"""Names that a person gives on the command line, checked before they become part of a path or of another command."""

import argparse
import re

#: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/tokens/names.go allows the same characters. What begins
#: with a dot is a hidden file or a way out of its folder, and what begins with a dash is taken for an option.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)
#: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)


def name(text: str) -> str:
    """Return the name of a stack, a system, a service or a secret; for argparse.

    Raises:
        ArgumentTypeError: it has other characters than such a name.
    """
    return _checked(_NAME, text)


def tag(text: str) -> str:
    """Return the tag of an image; for argparse.

    Raises:
        ArgumentTypeError: it has other characters than a tag.
    """
    return _checked(_TAG, text)


def stack(text: str) -> str:
    """Return the name of a stack, with or without its organization and project; for argparse.

    Raises:
        ArgumentTypeError: it has other characters than such a name.
    """
    return "/".join(_checked(_NAME, part) for part in text.split("/", 2))


def _checked(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r}: allowed are letters, digits, `-`, `_` and `.`, the first of them a letter, a digit or `_`"
        )
    return text
