"""What a broker holds: virtual hosts, users and their permissions."""

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

#: How a password's hash is made from salt and password, by RabbitMQ's own names.
#: https://www.rabbitmq.com/docs/passwords
ALGORITHMS: dict[str, Callable[[bytes], Any]] = {
    "rabbit_password_hashing_sha256": hashlib.sha256,
    "rabbit_password_hashing_sha512": hashlib.sha512,
}
DEFAULT_ALGORITHM = "rabbit_password_hashing_sha256"
_SALT_BYTES = 4

#: Who may use the management API at all: https://www.rabbitmq.com/docs/management#permissions
_MANAGEMENT = frozenset({"administrator", "monitoring", "policymaker", "management"})


@dataclass(frozen=True, kw_only=True)
class User:
    """One user.

    Attributes:
        name: the user's name.
        password_hash: salt and hash; empty where no password is accepted.
        algorithm: RabbitMQ's name of the hash.
        tags: what the user may do in the management API.
    """

    name: str
    password_hash: bytes = field(repr=False)
    algorithm: str = DEFAULT_ALGORITHM
    tags: tuple[str, ...] = ()

    def accepts(self, password: str) -> bool:
        """Tell whether a password is the user's."""
        salt, wanted = self.password_hash[:_SALT_BYTES], self.password_hash[_SALT_BYTES:]
        given = ALGORITHMS[self.algorithm](salt + password.encode()).digest()
        return bool(wanted) and hmac.compare_digest(given, wanted)

    def told(self) -> dict[str, Any]:
        """Return the user as the API tells of it."""
        return {
            "name": self.name,
            "password_hash": base64.b64encode(self.password_hash).decode(),
            "hashing_algorithm": self.algorithm,
            "tags": list(self.tags),
            "limits": {},
        }

    @property
    def manages(self) -> bool:
        """Whether the management API lets the user in."""
        return bool(_MANAGEMENT.intersection(self.tags))

    @property
    def administers(self) -> bool:
        """Whether the user may change others."""
        return "administrator" in self.tags


def hashed(password: str, algorithm: str = DEFAULT_ALGORITHM) -> bytes:
    """Return salt and hash of a password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    return salt + bytes(ALGORITHMS[algorithm](salt + password.encode()).digest())


class Contents:
    """What one broker holds.

    Args:
        first: the name of the user that came with the broker.
        password: that user's password.

    Attributes:
        lock: held around every look and every change.
        users: by name.
        vhosts: names of virtual hosts.
        permissions: by virtual host and user: what to configure, write and read, as regular expressions.
    """

    def __init__(self, first: str, password: str) -> None:
        self.lock = threading.Lock()
        self.users = {first: User(name=first, password_hash=hashed(password), tags=("administrator",))}
        self.vhosts = {"/"}
        self.permissions: dict[tuple[str, str], dict[str, str]] = {}
        self.permit("/", first)

    def permit(self, vhost: str, user: str, configure: str = ".*", write: str = ".*", read: str = ".*") -> bool:
        """Give a user permissions on a virtual host. Tell whether there were none before."""
        new = (vhost, user) not in self.permissions
        self.permissions[vhost, user] = {"configure": configure, "write": write, "read": read}
        return new

    def forget(self, *, vhost: str | None = None, user: str | None = None) -> None:
        """Take away the permissions of what is deleted."""
        gone = [key for key in self.permissions if vhost == key[0] or user == key[1]]
        for key in gone:
            del self.permissions[key]
