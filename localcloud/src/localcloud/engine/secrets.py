"""Encryption of secrets as Pulumi's passphrase provider does it: PBKDF2, AES-256-GCM, `v1:` texts.

Format and parameters: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/config/crypt.go and
https://github.com/pulumi/pulumi/blob/master/pkg/secrets/passphrase/manager.go
"""

import base64
import hashlib
import os
import threading
from contextlib import suppress
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: The passphrase of the local cloud where none is given. It protects nothing: what the emulator holds isn't secret.
DEFAULT_PASSPHRASE = "localcloud"
_DEFAULT_SALT = (
    b"localclo"  # fixed, so that the slow key is derived once a process; a real passphrase gets a random one
)
_ITERATIONS = 1_000_000


class SecretError(Exception):
    """A secret that can't be read."""


def passphrase_given(explicit: str | None = None) -> str | None:
    """Return the explicit passphrase, or that of the environment, as the official CLI finds it, or None.

    https://www.pulumi.com/docs/iac/cli/environment-variables/
    """
    if explicit is not None:
        return explicit
    if (phrase := os.environ.get("PULUMI_CONFIG_PASSPHRASE")) is not None:
        return phrase
    if file := os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        with open(file, encoding="utf-8") as handle:
            return handle.read().strip()
    return None


def unlock(explicit: str | None, state: str | None) -> "Crypter":
    """Return the crypter of a state or stack file: with the given passphrase, or the local cloud's own.

    The own one counts also where another is given: what was made before it was set stays readable.

    Raises:
        SecretError: it is neither.
    """
    passphrase = DEFAULT_PASSPHRASE if explicit is None else explicit
    try:
        return Crypter(passphrase, state)
    except SecretError:
        if explicit is None or state is None:
            raise
        with suppress(SecretError):
            return Crypter(DEFAULT_PASSPHRASE, state)
        raise


_deriving = threading.Lock()


@lru_cache(maxsize=64)
def _derived(passphrase: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ITERATIONS, 32)


def _key(passphrase: str, salt: bytes) -> bytes:
    with _deriving:  # the cache doesn't keep two threads from deriving the same key at once
        return _derived(passphrase, salt)


class Crypter:
    """Encrypts and decrypts with one passphrase and salt.

    Attributes:
        state: the text that a stack file has as `encryptionsalt` and a deployment as `salt`.
    """

    def __init__(self, passphrase: str, state: str | None = None) -> None:
        """Make a crypter with a salt of its own, or the one that a state names.

        Raises:
            SecretError: the state is no `v1:` salt, or isn't of this passphrase.
        """
        self._passphrase = passphrase
        if state is None:
            self._salt = _DEFAULT_SALT if passphrase == DEFAULT_PASSPHRASE else os.urandom(8)
            self.state = f"v1:{base64.b64encode(self._salt).decode()}:{self.encrypt('pulumi')}"
            return
        version, _, rest = state.partition(":")
        salt, _, proof = rest.partition(":")
        if version != "v1" or not proof:
            raise SecretError("the encryption salt isn't of the form v1:<salt>:<proof> that Pulumi writes")
        self._salt = base64.b64decode(salt)
        self.state = state
        if self.decrypt(proof) != "pulumi":
            raise SecretError("the passphrase isn't the one that the secrets were encrypted with")

    @property
    def published(self) -> bool:
        """Whether the passphrase is the local cloud's own, which everybody knows."""
        return self._passphrase == DEFAULT_PASSPHRASE

    def encrypt(self, plain: str) -> str:
        """Return the text encrypted, with a nonce of its own."""
        nonce = os.urandom(12)
        sealed = AESGCM(_key(self._passphrase, self._salt)).encrypt(nonce, plain.encode(), None)
        return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, sealed: str) -> str:
        """Return the plain text.

        Raises:
            SecretError: the text isn't one of ours, or isn't of this passphrase.
        """
        parts = sealed.split(":")
        if len(parts) != 3 or parts[0] != "v1":
            raise SecretError("an encrypted value isn't of the form v1:<nonce>:<text> that Pulumi writes")
        try:
            opened = AESGCM(_key(self._passphrase, self._salt)).decrypt(
                base64.b64decode(parts[1]), base64.b64decode(parts[2]), None
            )
        except InvalidTag:
            raise SecretError("the passphrase isn't the one that the secrets were encrypted with") from None
        return opened.decode()


def warm_up(explicit: str | None, state: str | None) -> threading.Thread:
    """Derive the key in the background: it takes a third of a second, which the program's imports can cover."""

    def derive() -> None:
        try:
            unlock(explicit, state)
        except (SecretError, ValueError):
            return  # whoever needs the key raises this with more to say

    thread = threading.Thread(target=derive, daemon=True)
    thread.start()
    return thread
