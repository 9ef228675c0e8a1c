"""The gate before the emulator: who asks, from where, and with which key.

A page in a developer's browser may send requests to this machine: as a form, an image or a `fetch`, and under a name
of its own that resolves to 127.0.0.1 (DNS rebinding). Such a request is refused by what a browser can't leave out or
forge: `Host`, `Origin` and `Sec-Fetch-Site` (https://developer.mozilla.org/en-US/docs/Glossary/Forbidden_request_header).
Another process or user of this machine is refused by the access key.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from localcloud.emulator import answers

#: Tells that it is our emulator that listens on a port, and in which process. The only thing that needs no key.
IDENTITY_PATH = "/moto-api/localcloud"
#: moto's way to an empty account, the only one of moto's own paths that is used.
RESET_PATH = "/moto-api/reset"

_OWN_PATHS = re.compile(rf"{RESET_PATH}|{IDENTITY_PATH}(/.*)?", re.DOTALL)
#: moto answers below `/moto-api` for every path that begins so.
_ALL_OWN = "/moto-api"
_HOST = re.compile(r"(127\.0\.0\.1|localhost|([a-z0-9_-]+\.)+localhost|\[::1\])(:[0-9]{1,5})?", re.ASCII)
_HEADER_ID = re.compile(r"Credential=([^/,\s]+)/|AWS ([^:\s]+):")

_WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Gate:
    """Let through to an application what comes from a client of AWS with a known key.

    Args:
        app: what answers.
        known: tells whether the id of an access key is known.
    """

    def __init__(self, app: _WSGI, known: Callable[[str], bool]) -> None:
        self._app = app
        self._known = known

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as a WSGI application."""
        refusal = self._refusal(environ)
        if refusal is None:
            return self._app(environ, start_response)
        status, headers, body = refusal
        start_response(status, headers)
        return [body]

    def _refusal(self, environ: dict[str, Any]) -> answers.Answer | None:
        if reason := _not_a_client(environ):
            return answers.plain("403 Forbidden", f"{reason}: the emulator answers clients of AWS on this machine only")
        path = environ["PATH_INFO"]
        if path.startswith(_ALL_OWN) and not _OWN_PATHS.fullmatch(path):
            return answers.plain("404 Not Found", "there is nothing here")
        if path == IDENTITY_PATH:
            return None
        id = key_id(environ)
        if id and self._known(id):
            return None
        return answers.unknown_key(environ, given=bool(id))


def _not_a_client(environ: dict[str, Any]) -> str | None:
    """Return by what a request shows that it doesn't come from a client of AWS, None where it may."""
    host = environ.get("HTTP_HOST", "")
    if not _HOST.fullmatch(host.lower()):
        return f"the host {host[:100]!r} isn't this machine"
    if "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE", "none") != "none":
        return "a page of a browser asks"
    if "websocket" in environ.get("HTTP_UPGRADE", "").lower() or "HTTP_SEC_WEBSOCKET_KEY" in environ:
        return "a websocket is asked for"
    return None


def key_id(environ: dict[str, Any]) -> str:
    """Return the id of the access key that a request names, in its header or its presigned address; else no text.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
    """
    if header := environ.get("HTTP_AUTHORIZATION"):
        found = _HEADER_ID.search(header)
        return str(found[1] or found[2]) if found else ""
    query = parse_qs(str(environ.get("QUERY_STRING", "")))
    scope: str = (query.get("X-Amz-Credential") or query.get("AWSAccessKeyId") or [""])[0]
    return scope.partition("/")[0]
