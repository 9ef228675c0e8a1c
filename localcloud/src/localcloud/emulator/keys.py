"""Who may call the emulator: the access key of its run, and those that the emulated account gave out itself.

A request is let in by the id of its access key. Its signature isn't verified: the id has 128 random bits, is kept in a
file that only its owner reads, and travels over loopback, where nobody without the owner's rights or root's listens. So
whoever knows the id may as well know the secret.
"""

import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: With what the ids of our own keys begin; no id of AWS's does.
PREFIX = "LOCALCLOUD"
#: What AWS takes for an id, but shorter ones too: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html
_ID = re.compile(r"\w{4,128}", re.ASCII)


@dataclass(frozen=True)
class Key:
    """An access key.

    Attributes:
        id: what requests name.
        secret: what they are signed with.
    """

    id: str
    secret: str = field(repr=False)


#: For an emulator of which nothing is known, such as another product's: what these take by custom.
CUSTOMARY = Key("test", "test")

#: The keys of functions that run: who runs as `__main__` would have another copy of this, hence a module of its own.
_temporary: set[str] = set()


def new(id: str | None = None) -> Key:
    """Return a random key, or one with the id that a person chose.

    Raises:
        ValueError: the id isn't one that clients of AWS can send.
    """
    if id is not None and not _ID.fullmatch(id):
        raise ValueError(f"the access key {id!r} isn't 4 to 128 letters, digits and underscores")
    return Key(PREFIX + secrets.token_hex(16).upper() if id is None else id, secrets.token_urlsafe(30))


@contextmanager
def temporary() -> Iterator[Key]:
    """Give out a key for as long as the context lasts."""
    key = new()
    _temporary.add(key.id)
    try:
        yield key
    finally:
        _temporary.discard(key.id)


def known(own: Key, id: str) -> bool:
    """Tell whether a request with this id is let in: it is the run's own, a function's, or one that IAM or STS made."""
    if hmac.compare_digest(own.id.encode(), id.encode()) or id in _temporary:
        return True
    return _made_by_the_account(id)


def _made_by_the_account(id: str) -> bool:
    from moto.iam.models import iam_backends  # only the emulator's process has moto, and loads IAM when it is needed

    for partitions in list(iam_backends.values()):
        for backend in list(partitions.values()):
            key = backend.access_keys.get(id)
            if key is not None:
                return bool(key.status == "Active")
    return False
