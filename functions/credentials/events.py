"""What the function is asked: a request, what of it is fixed at deployment, and the event that has the rest.

Where to go, as whom, for whom and with which secrets is in the function's environment, by store. An event says what to
do, to which of the two users, and with which versions of those secrets; it can say nothing else.

The program and `operations` import this module, so that both ends have one definition. It needs nothing but Python's
standard library.
"""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from .errors import CredentialsError

#: What is fixed at deployment, in the function's environment, as JSON by store.
LOGINS_VARIABLE = "LOGINS"

_Check = Callable[[object], bool]


class Action(StrEnum):
    """What is to be done about a login."""

    ENSURE = "ensure"
    """The store accepts `username` with its password."""
    RETIRE = "retire"
    """The same is proved, and then `other` is disabled."""
    RETIRE_BY_FORCE = "retire-by-force"
    """The password is set again, `other` is disabled and the sessions of both are ended, without a proof before."""
    AUDIT = "audit"
    """What the program didn't make at the store is named; nothing is changed."""


class StoreKind(StrEnum):
    """What kind of store accepts a login."""

    POSTGRES = "postgres"
    RABBITMQ = "rabbitmq"


@dataclass(frozen=True, kw_only=True)
class SecretVersion:
    """Where a value is.

    Attributes:
        secret: the secret's ARN.
        version: the id of the version; another version is another value.
    """

    secret: str
    version: str


@dataclass(frozen=True, kw_only=True)
class PostgresStore:
    """A system's database on a PostgreSQL server.

    Attributes:
        host: the server's DNS name.
        port: its port.
        database: the system's database.
        owner: the role that owns it, and can't log in.
    """

    host: str
    port: int
    database: str
    owner: str


@dataclass(frozen=True, kw_only=True)
class RabbitmqStore:
    """A system's virtual host on a RabbitMQ broker.

    Attributes:
        url: the management API, `https://host` or `https://host:port`.
        vhost: the virtual host.
    """

    url: str
    vhost: str


Store = PostgresStore | RabbitmqStore
_STORES: dict[StoreKind, type[Store]] = {StoreKind.POSTGRES: PostgresStore, StoreKind.RABBITMQ: RabbitmqStore}


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """Who may change users.

    Attributes:
        username: the store's master or bootstrap user.
        password: where its password is.
        previous: for RabbitMQ: where the password is that it had before, if that is to be replaced.
    """

    username: str
    password: SecretVersion
    previous: SecretVersion | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to do at a store.

    Attributes:
        action: what is to be done.
        store: where.
        username: the user to log in with.
        other: the user that takes turns with it.
        admin: who changes them.
        password: where the password of `username` is.
    """

    action: Action
    store: Store
    username: str
    other: str
    admin: Administrator
    password: SecretVersion

    @property
    def kind(self) -> StoreKind:
        """What kind of store it is about."""
        return next(kind for kind, store in _STORES.items() if isinstance(self.store, store))

    @property
    def secrets(self) -> set[str]:
        """The ARNs of the secrets that it names."""
        named = (self.password, self.admin.password, self.admin.previous)
        return {version.secret for version in named if version is not None}

    def to_event(self) -> dict[str, Any]:
        """Return the event that asks for it."""
        versions = {name: None if one is None else one.version for name, one in self._versions().items()}
        return {"action": self.action.value, "store": self.kind.value, "username": self.username, "versions": versions}

    def to_login(self) -> dict[str, Any]:
        """Return what of it is fixed at deployment."""
        secrets = {name: None if one is None else one.secret for name, one in self._versions().items()}
        return login(self.store, (self.username, self.other), self.admin.username, secrets)

    def _versions(self) -> dict[str, SecretVersion | None]:
        versions: dict[str, SecretVersion | None] = {"password": self.password, "admin": self.admin.password}
        if self.kind is StoreKind.RABBITMQ:
            versions["previous"] = self.admin.previous
        return versions

    def to_record(self) -> dict[str, Any]:
        """Return all of it, as the stack's outputs have it."""
        record = asdict(self)
        store, admin = record.pop("store"), record.pop("admin")
        if self.kind is StoreKind.POSTGRES:
            del admin["previous"]
        return {**record, "store": self.kind.value, "admin": admin, **store}

    @staticmethod
    def from_record(event: Mapping[str, Any]) -> "Request":
        """Return the request that a record was made from."""
        admin, store = event["admin"], _STORES[StoreKind(event["store"])]
        previous = admin.get("previous")
        return Request(
            action=Action(event["action"]),
            store=store(**{field.name: event[field.name] for field in fields(store)}),
            username=event["username"],
            other=event["other"],
            admin=Administrator(
                username=admin["username"],
                password=SecretVersion(**admin["password"]),
                previous=None if previous is None else SecretVersion(**previous),
            ),
            password=SecretVersion(**event["password"]),
        )


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """What a key may hold.

    Attributes:
        holds: whether a value is allowed.
        allowed: the same in words.
        shown: whether a wrong value is told; one that a secret might have been put into isn't.
        keys: what the keys of an object may hold.
    """

    holds: _Check
    allowed: str
    shown: bool = True
    keys: Mapping[str, "_Rule"] = field(default_factory=dict)


def _matching(pattern: str) -> _Check:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _among(names: type[StrEnum]) -> _Rule:
    return _Rule(holds=lambda value: value in list(names), allowed=" or ".join(names))


#: A role or database that needs no quoting in the system's own files either; 63 bytes is PostgreSQL's limit.
#: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
_ROLE = _Rule(
    holds=_matching("[a-z][a-z0-9_]{0,62}"),
    allowed="1 to 63 lower case letters, digits and underscores, beginning with a letter",
)
#: What Amazon MQ takes as a username.
#: https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/amazon-mq-limits.html
_USER = _Rule(
    holds=_matching("[A-Za-z0-9_.~-]{2,100}"),
    allowed="2 to 100 letters, digits, hyphens, periods, underscores and tildes",
)
_VHOST = _Rule(
    holds=_matching("[A-Za-z0-9_./-]{1,255}"),
    allowed="1 to 255 letters, digits, underscores, periods, slashes and hyphens",
)
_HOST = _Rule(holds=_matching("[A-Za-z0-9.-]{1,253}"), allowed="a DNS name")
_PORT = _Rule(
    holds=lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536,
    allowed="1 to 65535",
)
_URL = _Rule(
    holds=_matching("https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?"),
    allowed="https://host or https://host:port",
    shown=False,
)
_ARN = _Rule(
    holds=_matching("arn:[a-z0-9-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+"),
    allowed="the ARN of a secret",
    shown=False,
)
#: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
_VERSION = _Rule(holds=_matching("[A-Za-z0-9-]{32,64}"), allowed="the id of a version", shown=False)
_SECRET_VERSION = _Rule(
    holds=lambda value: isinstance(value, Mapping),
    allowed="an object",
    shown=False,
    keys={"secret": _ARN, "version": _VERSION},
)
_SECRET_VERSION_OR_NULL = replace(
    _SECRET_VERSION, holds=lambda value: value is None or isinstance(value, Mapping), allowed="an object or null"
)


def _request(user: _Rule, store: Mapping[str, _Rule], admin: Mapping[str, _Rule]) -> dict[str, _Rule]:
    return {
        "action": _among(Action),
        "store": _among(StoreKind),
        "admin": replace(_SECRET_VERSION, keys={"username": user, "password": _SECRET_VERSION, **admin}),
        "password": _SECRET_VERSION,
        **store,
        "username": user,
        "other": user,
    }


_POSTGRES = _request(_ROLE, {"host": _HOST, "port": _PORT, "database": _ROLE, "owner": _ROLE}, {})
_RABBITMQ = _request(_USER, {"url": _URL, "vhost": _VHOST}, {"previous": _SECRET_VERSION_OR_NULL})


def login(store: Store, users: tuple[str, str], admin: str, secrets: Mapping[str, str | None]) -> dict[str, Any]:
    """Return what is fixed at deployment: the same whoever's turn it is, and whatever the versions are.

    Args:
        store: where to go.
        users: the two users that take turns.
        admin: who changes them.
        secrets: the ARNs of the secrets: `password`, `admin`, and for RabbitMQ `previous`.
    """
    return {**asdict(store), "users": sorted(users), "admin": admin, "secrets": dict(secrets)}


def pinned_logins() -> dict[str, dict[str, Any]]:
    """Return what is fixed at deployment, by store.

    Raises:
        CredentialsError: when the function's environment has nothing of it.
    """
    logins = os.environ.get(LOGINS_VARIABLE)
    if not logins:
        raise CredentialsError(f"{LOGINS_VARIABLE} isn't in the function's environment; run up")
    found: dict[str, dict[str, Any]] = json.loads(logins)
    return found


def parse(event: object, logins: Mapping[str, Mapping[str, Any]]) -> Request:
    """Read an event.

    Args:
        event: what the function was invoked with.
        logins: what is fixed at deployment, by store.

    Raises:
        CredentialsError: when it isn't right, with every mistake.
    """
    pinned = logins.get(str(event.get("store"))) if isinstance(event, Mapping) else None
    if pinned is None or not isinstance(event, Mapping):
        raise CredentialsError(f"event is for none of this function's stores; allowed: {' or '.join(sorted(logins))}")
    users, secrets = list(pinned["users"]), pinned["secrets"]
    versions = {
        name: replace(_VERSION, holds=lambda value: value is None, allowed="null") if arn is None else _VERSION
        for name, arn in secrets.items()
    }
    rules = {
        "action": _among(Action),
        "store": _among(StoreKind),
        "username": _Rule(holds=lambda value: value in users, allowed=" or ".join(users)),
        "versions": replace(_SECRET_VERSION, keys=versions),
    }
    if mistakes := list(_mistakes("event", event, rules)):
        raise CredentialsError("; ".join(mistakes))
    named = {
        name: None if arn is None else {"secret": arn, "version": event["versions"][name]}
        for name, arn in secrets.items()
    }
    admin = {"username": pinned["admin"], "password": named["admin"]}
    if "previous" in named:
        admin["previous"] = named["previous"]
    [other] = [user for user in users if user != event["username"]]
    return parse_record(
        {
            **{name: value for name, value in pinned.items() if name not in ("users", "secrets")},
            "action": event["action"],
            "store": event["store"],
            "username": event["username"],
            "other": other,
            "admin": admin,
            "password": named["password"],
        }
    )


def parse_record(event: object) -> Request:
    """Read a record of a request, and check each part of it.

    Raises:
        CredentialsError: when it isn't right, with every mistake.
    """
    of_rabbitmq = isinstance(event, Mapping) and event.get("store") == StoreKind.RABBITMQ
    rules = _RABBITMQ if of_rabbitmq else _POSTGRES
    mistakes = [*_mistakes("event", event, rules), *_repeated_names(event, rules)]
    if mistakes or not isinstance(event, Mapping):
        raise CredentialsError("; ".join(mistakes))
    return Request.from_record(event)


def _mistakes(where: str, value: object, rules: Mapping[str, _Rule]) -> Iterator[str]:
    """Say which keys are missing, wrong or unknown, and then the same of the objects among them."""
    if not isinstance(value, Mapping):
        yield f"{where} is a {type(value).__name__}; allowed: an object with {', '.join(sorted(rules))}"
        return
    for name, rule in rules.items():
        if name not in value:
            yield f"{where}.{name} is missing; allowed: {rule.allowed}"
        elif not rule.holds(value[name]):
            what = f"is {value[name]!r}" if rule.shown else "is wrong"
            yield f"{where}.{name} {what}; allowed: {rule.allowed}"
    yield from (f"{where}.{name} isn't known" for name in sorted(map(str, value)) if name not in rules)
    for name, rule in rules.items():
        if rule.keys and isinstance(value.get(name), Mapping):
            yield from _mistakes(f"{where}.{name}", value[name], rule.keys)


def _repeated_names(event: object, rules: Mapping[str, _Rule]) -> Iterator[str]:
    """Refuse one name in two places: the roles would be given each other's rights."""
    if not isinstance(event, Mapping):
        return
    names = {name: (event.get(name), rules[name]) for name in ("owner", "username", "other") if name in rules}
    if isinstance(event.get("admin"), Mapping):
        names["admin.username"] = (event["admin"].get("username"), rules["username"])
    seen: dict[object, str] = {}
    for place, (name, rule) in names.items():
        if rule.holds(name) and seen.setdefault(name, place) != place:
            yield f"event.{place} is {name!r}, like event.{seen[name]}; allowed: a name of its own"
