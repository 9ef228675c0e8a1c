"""The event: what it has to say, and what is wrong with one that doesn't."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import CredentialsError
from .secret_values import Reference

ACTIONS = ("ensure", "retire")
STORES = ("postgres", "rabbitmq")

_Check = Callable[[object], bool]


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """Who may change users.

    Attributes:
        username: the store's master user.
        password: where its password is.
        previous: where the password is that it had before, if that is to be replaced.
    """

    username: str
    password: Reference
    previous: Reference | None = None


@dataclass(frozen=True, kw_only=True)
class PostgresRequest:
    """What to do on a PostgreSQL server.

    Attributes:
        action: `ensure` or `retire`.
        host: the server's DNS name.
        port: its port.
        database: the system's database.
        owner: the role that owns it, and can't log in.
        username: the role to log in with.
        other: the role that takes turns with it.
        admin: the master user.
        password: where the password of `username` is.
    """

    action: str
    host: str
    port: int
    database: str
    owner: str
    username: str
    other: str
    admin: Administrator
    password: Reference


@dataclass(frozen=True, kw_only=True)
class RabbitmqRequest:
    """What to do on a RabbitMQ broker.

    Attributes:
        action: `ensure` or `retire`.
        url: the management API, `https://host` or `https://host:port`.
        vhost: the system's virtual host.
        username: the user to log in with.
        other: the user that takes turns with it.
        admin: the bootstrap user.
        password: where the password of `username` is.
    """

    action: str
    url: str
    vhost: str
    username: str
    other: str
    admin: Administrator
    password: Reference


@dataclass(frozen=True, kw_only=True)
class _Rule:
    """What a key may hold.

    Attributes:
        holds: whether a value is allowed.
        allowed: the same in words.
        shown: whether a wrong value is told; one that a secret might have been put into isn't.
    """

    holds: _Check
    allowed: str
    shown: bool = True


def _matching(pattern: str) -> _Check:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _among(names: tuple[str, ...]) -> _Rule:
    return _Rule(holds=lambda value: value in names, allowed=" or ".join(names))


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
_OBJECT = _Rule(holds=lambda value: isinstance(value, Mapping), allowed="an object", shown=False)
_OBJECT_OR_NULL = _Rule(
    holds=lambda value: value is None or isinstance(value, Mapping), allowed="an object or null", shown=False
)

_REFERENCE = {"secret": _ARN, "version": _VERSION}
_COMMON = {"action": _among(ACTIONS), "store": _among(STORES), "admin": _OBJECT, "password": _OBJECT}
_POSTGRES = _COMMON | {
    "host": _HOST,
    "port": _PORT,
    "database": _ROLE,
    "owner": _ROLE,
    "username": _ROLE,
    "other": _ROLE,
}
_RABBITMQ = _COMMON | {"url": _URL, "vhost": _VHOST, "username": _USER, "other": _USER}


def parse(event: object) -> PostgresRequest | RabbitmqRequest:
    """Read an event.

    Raises:
        CredentialsError: when it isn't right, with every mistake.
    """
    mistakes: list[str] = []
    store = event.get("store") if isinstance(event, Mapping) else None
    fields = _fields("event", event, _RABBITMQ if store == "rabbitmq" else _POSTGRES, mistakes)
    known = "previous" if store == "rabbitmq" else None
    user = _USER if store == "rabbitmq" else _ROLE
    admin = _administrator(fields.get("admin"), user, known, mistakes)
    password = _reference("event.password", fields.get("password"), mistakes)
    _check_names(fields, admin, mistakes)
    if mistakes or admin is None or password is None:
        raise CredentialsError("; ".join(mistakes))
    rest = {name: value for name, value in fields.items() if name not in ("store", "admin", "password")}
    if store == "rabbitmq":
        return RabbitmqRequest(admin=admin, password=password, **rest)
    return PostgresRequest(admin=admin, password=password, **rest)


def _fields(where: str, value: object, rules: Mapping[str, _Rule], mistakes: list[str]) -> dict[str, Any]:
    """Return the keys that are right; note those that are missing, wrong or unknown."""
    if not isinstance(value, Mapping):
        mistakes.append(f"{where} is a {type(value).__name__}; allowed: an object with {', '.join(sorted(rules))}")
        return {}
    right = {}
    for name, rule in rules.items():
        if name not in value:
            mistakes.append(f"{where}.{name} is missing; allowed: {rule.allowed}")
        elif not rule.holds(value[name]):
            what = f"is {value[name]!r}" if rule.shown else "is wrong"
            mistakes.append(f"{where}.{name} {what}; allowed: {rule.allowed}")
        else:
            right[name] = value[name]
    mistakes.extend(f"{where}.{name} isn't known" for name in sorted(map(str, value)) if name not in rules)
    return right


def _reference(where: str, value: object, mistakes: list[str]) -> Reference | None:
    if value is None:  # noted where it was looked for
        return None
    fields = _fields(where, value, _REFERENCE, mistakes)
    return Reference(**fields) if len(fields) == len(_REFERENCE) else None


def _administrator(value: object, user: _Rule, known: str | None, mistakes: list[str]) -> Administrator | None:
    if value is None:
        return None
    rules = {"username": user, "password": _OBJECT} | ({known: _OBJECT_OR_NULL} if known else {})
    fields = _fields("event.admin", value, rules, mistakes)
    password = _reference("event.admin.password", fields.get("password"), mistakes)
    previous = _reference("event.admin.previous", fields.get("previous"), mistakes)
    if password is None or "username" not in fields:
        return None
    return Administrator(username=fields["username"], password=password, previous=previous)


def _check_names(fields: Mapping[str, Any], admin: Administrator | None, mistakes: list[str]) -> None:
    """Refuse one name in two places: the roles would be given each other's rights."""
    names = {name: fields[name] for name in ("owner", "username", "other") if name in fields}
    if admin is not None:
        names["admin.username"] = admin.username
    seen: dict[str, str] = {}
    for place, name in names.items():
        if name in seen:
            mistakes.append(f"event.{place} is {name!r}, like event.{seen[name]}; allowed: a name of its own")
        seen.setdefault(name, place)
