"""SCRAM-SHA-256 on the server's side, and the verifiers that PostgreSQL keeps in place of passwords.

The exchange is RFC 5802's and RFC 7677's, as https://www.postgresql.org/docs/current/sasl-authentication.html has it:
the name in the client's message counts for nothing (libpq leaves it empty, which the `scramp` package's server side
refuses), and there is no channel binding here, so that the client says that it binds nothing.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

MECHANISM = "SCRAM-SHA-256"
_ITERATIONS = 4096  # https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-SCRAM-ITERATIONS
_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")
_NO_BINDING = {"n": "biws", "y": "eSws"}  # the header that the client repeats, in base64


class ScramError(Exception):
    """An exchange that doesn't prove the password."""


@dataclass(frozen=True)
class Verifier:
    """What is kept in place of a password.

    Attributes:
        iterations: how often it is hashed.
        salt: what is hashed along.
        stored: the key by which a client's proof is checked.
        server: the key by which the server proves itself.
    """

    iterations: int
    salt: bytes = field(repr=False)
    stored: bytes = field(repr=False)
    server: bytes = field(repr=False)


def read(text: str) -> Verifier | None:
    """Read a verifier as `pg_authid` has it; None where the text is none, and so a password."""
    match = _VERIFIER.fullmatch(text)
    if match is None:
        return None
    try:
        salt, stored, server = (base64.b64decode(part, validate=True) for part in match.groups()[1:])
    except binascii.Error:
        return None
    digest = hashlib.sha256().digest_size
    return Verifier(int(match[1]), salt, stored, server) if len(stored) == len(server) == digest else None


def written(password: str) -> str:
    """Return a password's verifier as `pg_authid` has it.

    Args:
        password: ASCII, for which SASLprep changes nothing.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored = hashlib.sha256(_mac(salted, b"Client Key")).digest()
    parts = [base64.b64encode(part).decode() for part in (salt, stored, _mac(salted, b"Server Key"))]
    return f"{MECHANISM}${_ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"


def nobodys() -> Verifier:
    """Return a verifier that no password fits, so that a login without a role ends where one with a wrong one does."""
    return Verifier(_ITERATIONS, *(secrets.token_bytes(size) for size in (16, 32, 32)))


class Exchange:
    """One authentication.

    Args:
        verifier: what the password has to fit.
        first: the client's first message.

    Raises:
        ScramError: when the message is none.
    """

    def __init__(self, verifier: Verifier, first: str) -> None:
        flag, _, bare = first.partition(",,")
        fields = _fields(bare)
        if flag not in _NO_BINDING or "r" not in fields:
            raise ScramError("malformed SCRAM message")
        self._verifier, self._bare, self._binding = verifier, bare, _NO_BINDING[flag]
        self._nonce = fields["r"] + secrets.token_urlsafe(18)
        salt = base64.b64encode(verifier.salt).decode()
        #: What the server sends for it.
        self.challenge = f"r={self._nonce},s={salt},i={verifier.iterations}"

    def finish(self, final: str) -> str:
        """Return the server's last message.

        Args:
            final: the client's last message.

        Raises:
            ScramError: when it doesn't prove the password.
        """
        without, comma, proof = final.rpartition(",p=")
        fields = _fields(without)
        if not comma or fields.get("r") != self._nonce or fields.get("c") != self._binding:
            raise ScramError("malformed SCRAM message")
        message = f"{self._bare},{self.challenge},{without}".encode()
        try:
            given = base64.b64decode(proof, validate=True)
        except binascii.Error as error:
            raise ScramError("malformed SCRAM message") from error
        signature = _mac(self._verifier.stored, message)
        if len(given) != len(signature):
            raise ScramError("malformed SCRAM message")
        key = bytes(a ^ b for a, b in zip(given, signature, strict=True))
        if not hmac.compare_digest(hashlib.sha256(key).digest(), self._verifier.stored):
            raise ScramError("the proof doesn't fit")
        return f"v={base64.b64encode(_mac(self._verifier.server, message)).decode()}"


def _fields(message: str) -> dict[str, str]:
    return {part[0]: part[2:] for part in message.split(",") if part[1:2] == "="}


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
