"""What is done on a RabbitMQ broker, through its management API.

A system has a virtual host of its own, and two users that take turns on it. They have no tags, so that they reach no
management, and no rights on any other virtual host. The bootstrap user, an administrator, belongs to the platform; its
own password is replaced here too, since Amazon MQ takes none from outside for a broker that stands.
https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-basic-elements-user.html

The broker is sent a salted hash in place of a password: https://www.rabbitmq.com/docs/passwords
"""

import base64
import binascii
import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import CredentialsError, NotYetError, RefusedError, StatusError
from .events import RabbitmqStore, Request
from .management import Management, path
from .patience import Patience

_LOG = logging.getLogger(__package__)
_T = TypeVar("_T")
_ALGORITHM = "rabbit_password_hashing_sha256"
_SALT_BYTES = 4
#: What one of each kind is called in an audit.
_KINDS = {"policies": "policy", "operator-policies": "operator policy", "parameters": "parameter"}
#: Part of the name of what Amazon MQ makes for itself.
_OF_AWS = "AWS-OWNED"
_ALL = {"configure": ".*", "write": ".*", "read": ".*"}
#: Seconds that closed connections may take to be gone.
_ENDING = 10.0
#: Seconds until what one node of a cluster was told is known to the others. RabbitMQ 4 answers a change when the node
#: that was asked has it, and each of our requests may come to another node (`rabbit_khepri`, in
#: https://github.com/rabbitmq/rabbitmq-server: projections are eventually consistent elsewhere).
_SPREADING = 15.0
#: What a node answers that doesn't know of a user, a password or a virtual host yet.
_NOT_KNOWN = (400, 401, 404)


def password_hash(password: str, salt: bytes) -> str:
    """Return what RabbitMQ keeps of a password: a salt of 4 bytes and the SHA-256 of both, in base64."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _holds(user: dict[str, Any], password: str) -> bool:
    """Whether what the broker keeps is of this password."""
    kept = user.get("password_hash") or ""
    if user.get("hashing_algorithm") != _ALGORITHM:
        return False
    try:
        salt = base64.b64decode(kept)[:_SALT_BYTES]
    except binascii.Error:
        return False
    return hmac.compare_digest(kept.encode(), password_hash(password, salt).encode())


@dataclass(frozen=True, kw_only=True)
class Rabbitmq:
    """A run on a RabbitMQ broker.

    Attributes:
        store: the system's virtual host there.
        request: what is wanted.
        log_in: makes the API as a user, from name and password.
        admin_password: the bootstrap user's password, as it is to be.
        still_current: raises when another rotation has begun since the request was made.
        previous_password: reads the one that it may have until now; asked for when it is needed.
        password: the password of the user to log in with.
        patience: how long to wait for the broker.
        done: what was changed so far.
        unexpected: what is there that this function didn't make, and leaves alone.
    """

    store: RabbitmqStore
    request: Request
    log_in: Callable[[str, str], Management]
    admin_password: str = field(repr=False)
    still_current: Callable[[], None]
    previous_password: Callable[[], str] | None
    password: str = field(repr=False)
    patience: Patience
    done: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def ensure(self) -> list[str]:
        """Make the user log in with its password on its virtual host; return what was changed."""
        request, admin = self.request, self._admin()
        vhost = path("vhosts", self.store.vhost)
        if self._get(admin, "read virtual host", vhost) is None:
            self._put(admin, "create virtual host", vhost, {})
        user = self._get(admin, "read user", path("users", request.username))
        if user is None or user.get("tags") or not _holds(user, self.password):
            self._set_password(admin, request.username, self.password, "")
        permissions = path("permissions", self.store.vhost, request.username)
        found = self._get(admin, "read permissions", permissions) or {}
        if any(found.get(name) != value for name, value in _ALL.items()):
            self._put(admin, "grant permissions", permissions, _ALL)
        self._prove()
        self._audit(admin)
        return self.done

    def retire(self, *, forced: bool = False) -> list[str]:
        """Let nobody log in as the other user, once this one can; return what was changed.

        Args:
            forced: set this one's password again and end its connections too, whether it can log in or not.
        """
        request, admin = self.request, self._admin()
        if not forced:
            self._prove()
        self.still_current()
        other = path("users", request.other)
        user = self._get(admin, "read user", other)
        if forced:
            if user is not None and _holds(user, self.password):
                raise CredentialsError(
                    f"{admin.where}: {request.other} has the current password, so it isn't the old one"
                )
            self._set_password(admin, request.username, self.password, "")
        if user is not None:
            if user.get("password_hash"):
                # https://www.rabbitmq.com/docs/passwords#passwordless-users
                self._put(admin, f"disable {request.other}", other, {"password_hash": "", "tags": ""})
            self._end_connections(admin, request.other)
        if forced:
            self._end_connections(admin, request.username)
            self._prove()
        self._audit(admin)
        return self.done

    def audit(self) -> list[str]:
        """Find what this function didn't make; change nothing."""
        self._audit(self._admin())
        return self.done

    def _audit(self, admin: Management) -> None:
        """Note what is on the broker that nobody here made; what Amazon MQ makes has a name that says so.

        https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-broker-architecture.html
        """
        request = self.request
        users = {request.admin.username, request.username, request.other}
        found: list[tuple[str, object]] = []
        for one in self._get(admin, "audit", path("users")) or ():
            if one["name"] not in users:
                found.append(("user", one["name"]))
        for one in self._get(admin, "audit", path("vhosts")) or ():
            if one["name"] not in ("/", self.store.vhost):
                found.append(("virtual host", one["name"]))
        for one in self._get(admin, "audit", path("permissions")) or ():
            if one["vhost"] == self.store.vhost and one["user"] not in users:
                found.append((f"permissions on {self.store.vhost} of user", one["user"]))
        for kind in ("policies", "operator-policies", "parameters", "topic-permissions", "vhost-limits", "user-limits"):
            for one in self._get(admin, "audit", path(kind)) or ():
                name = next((one[key] for key in ("name", "user", "vhost") if key in one), "")
                found.append((_KINDS.get(kind, kind.replace("-", " ")), name))
        self.unexpected.extend(
            f"{kind} {str(name)[:100].encode('unicode_escape').decode()}"
            for kind, name in found
            if _OF_AWS not in str(name)
        )

    def _admin(self) -> Management:
        """Log in as the bootstrap user; with its password of before, replace that."""
        username = self.request.admin.username
        admin = self.log_in(username, self.admin_password)

        def attempt() -> Management | None:
            """Log in; with the password of before, return who does so."""
            try:
                admin.log_in()
                return None
            except RefusedError as error:
                if self.previous_password is None:
                    raise NotYetError(error) from None
            before = self.log_in(username, self.previous_password())
            try:
                before.log_in()
                return before
            except RefusedError as error:
                raise NotYetError(f"{error}, and with the password of before too") from None

        before = self.patience.until_it_works(f"{admin.where}: log in", attempt)
        if before is not None:
            user = self._get(before, "read user", path("users", username)) or {}
            self._set_password(before, username, self.admin_password, user.get("tags", ""))
        return admin

    def _set_password(self, admin: Management, username: str, password: str, tags: object) -> None:
        body = {
            "password_hash": password_hash(password, os.urandom(_SALT_BYTES)),
            "hashing_algorithm": _ALGORITHM,
            "tags": tags,
        }
        self._put(admin, f"set password of {username}", path("users", username), body)

    def _prove(self) -> None:
        """Log in as the user.

        Raises:
            CredentialsError: when it can't.
        """
        user = self.log_in(self.request.username, self.password)

        def attempt() -> None:
            try:
                user.log_in()
            except RefusedError as error:
                raise StatusError(f"{user.where}: log in: {error}", 401) from None

        self._try(user, "log in", attempt)

    def _end_connections(self, admin: Management, username: str) -> None:
        step = f"end connections of {username}"
        where = path("connections", "username", username)
        end = time.monotonic() + _ENDING
        while self._get(admin, step, where):
            self._try(admin, step, lambda: admin.delete(step, where))
            self._note(step)
            if time.monotonic() > end:
                raise CredentialsError(f"{admin.where}: {step}: they are still there after {_ENDING:g} s")
            time.sleep(0.05)

    def _get(self, admin: Management, step: str, where: str) -> Any:  # noqa: ANN401 - JSON
        return self._try(admin, step, lambda: admin.get(step, where))

    def _put(self, admin: Management, step: str, where: str, body: object) -> None:
        self._try(admin, step, lambda: admin.put(step, where, body))
        self._note(step)

    def _try(self, admin: Management, step: str, attempt: Callable[[], _T]) -> _T:
        """Ask again while the broker can't be reached: each of these requests may be sent twice.

        After a change, what a node doesn't know is asked for again for a while: another node was told.
        """
        what = f"{admin.where}: {step}"
        try:
            return self.patience.until_it_works(what, attempt)
        except StatusError as error:
            if not self.done or error.status not in _NOT_KNOWN:
                raise
            refused = error

        def again() -> _T:
            try:
                return attempt()
            except StatusError as error:
                nonlocal refused
                refused = error
                raise NotYetError(f"{error.status}") from None

        try:
            return self.patience.at_most(_SPREADING).until_it_works(what, again)
        except StatusError:
            raise
        except CredentialsError:
            raise refused from None

    def _note(self, step: str) -> None:
        if step not in self.done:
            _LOG.info("rabbitmq %s: %s", self.store.vhost, step)
            self.done.append(step)
