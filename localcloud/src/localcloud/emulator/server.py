"""The emulator's process: moto's server with our patches, on a loopback port.

Run by `localcloud.emulator.control`, not by hand. What is ours here is how requests are carried, since moto's own
server (werkzeug's, made for development) closes every connection and waits 10 ms at its end for more input:

- connections stay open (HTTP/1.1) and an answer leaves in one packet;
- requests are answered one at a time. moto's models are plain dictionaries that aren't safe under threads, and in one
  Python process a second thread would gain nothing. A patch that must wait for something slow, or whose work calls
  the emulator again (a function's subprocess), steps aside with `request_lock.released()`;
- `gate` lets in clients of AWS with the key of this run, and nobody else;
- what moto doesn't implement is answered with an AWS error that names the call, never with a page of HTML.
"""

import argparse
import functools
import importlib
import io
import json
import logging
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterable
from email.utils import formatdate
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer

from localcloud.emulator import answers, control, keys, request_lock, speed, standins
from localcloud.emulator.gate import IDENTITY_PATH, RESET_PATH, Gate
from localcloud.emulator.idempotency import ANSWERED_PATH, HEADER, AnsweredCalls
from localcloud.emulator.patches import install
from localcloud.emulator.patches.awslambda import network
from localcloud.emulator.stores import listening

#: How often the process looks whether its record is still there. Without one nobody can stop it, so that it stops.
_WATCH_SECONDS = 5.0

#: When to load the common services: after whoever waits for the start has been answered.
_WARM_UP_AFTER = 0.1

#: How WSGI names the header that names a call.
_NAME_VARIABLE = f"HTTP_{HEADER.upper().replace('-', '_')}"

_LOG = logging.getLogger("localcloud.emulator")

_WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Application:
    """Answer one request at a time by moto's application.

    Args:
        app: moto's application, which finds the service by the request's signature.
    """

    def __init__(self, app: _WSGI) -> None:
        self._app = app
        self._answers = AnsweredCalls()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as a WSGI application."""
        if environ["PATH_INFO"] == IDENTITY_PATH:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"pid": os.getpid()}).encode()]
        if environ["PATH_INFO"] == standins.PATH:
            # Loaded when first asked for, as `localcloud.emulator.stores` says.
            table = importlib.import_module("localcloud.emulator.stores.table")
            with request_lock.held():
                known = table.for_others()
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(known).encode()]
        if environ["PATH_INFO"].startswith(ANSWERED_PATH):
            with request_lock.held():
                known = self._answers.any_of(environ["PATH_INFO"].removeprefix(ANSWERED_PATH))
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"answered": known}).encode()]
        name = environ.get(_NAME_VARIABLE, "")
        answer: list[Any] = []

        def started(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            answer[:] = [status, headers]

        try:
            with request_lock.held():
                if name and (kept := self._answers.get(name)) is not None:
                    start_response(kept[0], kept[1])
                    return [kept[2]]
                body = b"".join(self._app(environ, started))
                if environ["PATH_INFO"] == RESET_PATH:
                    self._answers.forget()
                    listening.follow(())
                if name:
                    self._answers.keep(name, (answer[0], answer[1], body))
            status, headers = answer
            if status.startswith("404") and "x-amz-date" in _header_names(environ) and b"<!doctype html>" in body[:20]:
                raise NotImplementedError(
                    f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} has not been implemented"
                )
        except Exception as error:  # moto's own faults must reach the client as an answer, and us in the log
            _LOG.error("%s\n%s", _call_of(environ), traceback.format_exc())
            status, headers, body = _fault(environ, error)
        start_response(status, headers)
        return [body]


def _header_names(environ: dict[str, Any]) -> set[str]:
    return {key[5:].replace("_", "-").lower() for key in environ if key.startswith("HTTP_")}


def _call_of(environ: dict[str, Any]) -> str:
    target = environ.get("HTTP_X_AMZ_TARGET") or f"{environ['REQUEST_METHOD']} {environ.get('RAW_URI', '')}"
    return f"{answers.service_of(environ) or 'unsigned'}: {target}"


def _fault(environ: dict[str, Any], error: Exception) -> answers.Answer:
    """Return an error for what moto has no answer to: clients try again after 500, 502, 503 and 504, not after 501."""
    missing = isinstance(error, NotImplementedError)
    code = "NotImplemented" if missing else "InternalFailure"
    message = f"{_call_of(environ)}: the emulator has no answer: {error or type(error).__name__}"
    return answers.error(environ, "501 Not Implemented" if missing else "500 Internal Server Error", code, message)


class Handler(MotoRequestHandler):
    """Carry requests over connections that stay open."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = None

    def run_wsgi(self) -> None:
        """Read one request to its end, answer it in one packet and wait for the next on the same connection."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        if isinstance(environ["wsgi.input"], DechunkedInput):
            content = _all_of(environ["wsgi.input"])
        else:
            content = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(content)
        head: list[Any] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], exc_info: object = None, /
        ) -> Callable[[bytes], object]:
            head[:] = [status, headers]
            return _never_called

        body = b"".join(self.server.app(environ, start_response))
        status, headers = head
        names = {name.lower() for name, _ in headers}
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)]
        if "date" not in names:
            lines.append(f"Date: {formatdate(usegmt=True)}")
        if "content-length" not in names and not status.startswith(("1", "204", "304")):
            lines.append(f"Content-Length: {len(body)}")
        lines.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}")
        if self.command == "HEAD":
            body = b""
        self.wfile.write("\r\n".join((*lines, "", "")).encode("latin-1") + body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing for a request that is answered: it would cost more than many answers do."""


def _all_of(chunks: DechunkedInput) -> bytes:
    content = bytearray()
    buffer = bytearray(1 << 16)
    while count := chunks.readinto(buffer):
        content += buffer[:count]
    return bytes(content)


def _never_called(data: bytes) -> object:
    raise NotImplementedError("WSGI's write() isn't served: moto returns its answers")


def _watch(record: Path) -> None:
    """Stop when the record is gone or names another process: then no one could stop this one any more."""
    while True:
        threading.Event().wait(_WATCH_SECONDS)
        try:
            mine = json.loads(record.read_text())["pid"] == os.getpid()
        except (OSError, ValueError, KeyError):
            mine = False
        if not mine:
            _LOG.warning("the record %s is gone or names another process: stopping", record)
            os._exit(0)


def main(argv: list[str] | None = None) -> None:
    """Serve on a socket that the caller bound and passed on, write the record, and go on until told to stop."""
    options = argparse.ArgumentParser(prog="python -m localcloud.emulator.server")
    options.add_argument("--socket", type=int, required=True, help="descriptor of a listening loopback socket")
    options.add_argument("--record", type=Path, required=True, help="where to write the record, once ready")
    chosen = options.parse_args(argv)
    # Neither the command line, which all see, nor the environment has the key, but what the caller writes to us.
    key = keys.Key(**json.loads(sys.stdin.readline()))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: os._exit(0))  # nothing is kept, so there is nothing to finish

    # What the account has may name real addresses, such as a topic's subscriber: nothing is sent there.
    network.keep_to_loopback("the local cloud")
    speed.install()
    install()
    host, port = socket.socket(fileno=os.dup(chosen.socket)).getsockname()[:2]
    # moto's own links to itself
    os.environ |= {"MOTO_PORT": str(port), "AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}
    application = Application(DomainDispatcherApplication(create_backend_app))
    gate = Gate(application, functools.partial(keys.known, key))
    server = ThreadedWSGIServer(host, port, gate, handler=Handler, fd=chosen.socket)
    control.write_record(chosen.record.absolute(), control.Endpoint.here(port, key))
    threading.Timer(_WARM_UP_AFTER, speed.warm_up, (application, port)).start()
    threading.Thread(target=_watch, args=(chosen.record,), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
