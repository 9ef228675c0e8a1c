"""The environment of what speaks to the emulated account: nothing in it leads anywhere else.

What an AWS client reads of it: https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html. The list
grows, so that every `AWS_` variable is taken out but for those named here.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

#: Of AWS's own variables, those that only say how a client asks and shows.
_HARMLESS = frozenset(("AWS_CLI_AUTO_PROMPT", "AWS_DEFAULT_OUTPUT", "AWS_MAX_ATTEMPTS", "AWS_PAGER", "AWS_RETRY_MODE"))
#: Other variables that say where an account or a Pulumi backend is, or open one.
_ELSEWHERE = frozenset(("BOTO_CONFIG", "PULUMI_ACCESS_TOKEN", "PULUMI_API", "PULUMI_BACKEND_URL"))
#: Names that no proxy is asked for.
_LOOPBACK = ("127.0.0.1", "localhost", ".localhost", "::1")
#: What a process needs to run here, and what tells ours where things are.
_SYSTEM = re.compile(
    "PATH|HOME|USER|LOGNAME|LANG|LC_.*|TZ|TMPDIR|VIRTUAL_ENV|PYTHONHOME|LD_LIBRARY_PATH|DYLD_.*|LOCALCLOUD_.*"
)
#: An id as AWS gives them: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_AWS_KEY_ID = re.compile("A[KS]IA[A-Z2-7]{16}")


class ElsewhereError(Exception):
    """Something leads away from this machine; the message names it."""


def on_this_machine(name: str, url: str) -> str:
    """Return a URL that leads to this machine.

    Args:
        name: who says it, for the message.
        url: where it leads.

    Raises:
        ElsewhereError: it leads elsewhere.
    """
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    if host not in ("127.0.0.1", "localhost", "::1") and not host.endswith(".localhost"):
        raise ElsewhereError(
            f"{name} is {url!r}, which isn't on this machine: the local cloud asks nobody else. Unset it, or name a "
            "loopback address such as http://127.0.0.1:4566"
        )
    return url


def endpoint() -> str | None:
    """Return where the environment says that AWS is, None where it says nothing.

    Raises:
        ElsewhereError: that isn't on this machine.
    """
    url = os.environ.get("AWS_ENDPOINT_URL")
    return on_this_machine("AWS_ENDPOINT_URL", url) if url else None


def real_key_id(id: str) -> bool:
    """Tell whether the id of an access key has the form of AWS's own."""
    return _AWS_KEY_ID.fullmatch(id) is not None


def scrubbed(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables without whatever leads an AWS client or Pulumi elsewhere, proxies for loopback included."""
    kept = {
        name: value
        for name, value in variables.items()
        if name in _HARMLESS or not (name.startswith(("AWS_", "TF_AWS_")) or name in _ELSEWHERE)
    }
    given = [part.strip() for name in ("no_proxy", "NO_PROXY") for part in kept.get(name, "").split(",")]
    no_proxy = ",".join(dict.fromkeys([*filter(None, given), *_LOOPBACK]))
    return {
        **kept,
        "no_proxy": no_proxy,
        "NO_PROXY": no_proxy,
        # Files of a person's own have profiles, endpoints and processes that fetch credentials.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def without_developer(variables: Mapping[str, str]) -> dict[str, str]:
    """Return of a developer's variables what a process needs to run: no tokens, no keys, nothing of their tools."""
    return scrubbed({name: value for name, value in variables.items() if _SYSTEM.fullmatch(name)})


@contextmanager
def replaced(variables: Mapping[str, str]) -> Iterator[None]:
    """Let this process have these variables and no others, for as long as the context lasts."""
    before = dict(os.environ)
    _set(variables)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str]) -> None:
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
