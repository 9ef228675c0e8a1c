"""What the management API answers: https://www.rabbitmq.com/docs/http-api-reference."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from localcloud.emulator.stores.rabbitmq.contents import ALGORITHMS, DEFAULT_ALGORITHM, Contents, User, hashed


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        status: the HTTP status.
        body: any JSON value; None where nothing is sent.
        headers: beside those that every answer has.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request by a user who may make it.

    Attributes:
        contents: the broker.
        user: who asks.
        parts: what stands in the path for each `*` of the route.
        body: what came along.
    """

    contents: Contents
    user: User
    parts: tuple[str, ...]
    body: bytes

    def decoded(self) -> dict[str, Any]:
        """Return the body's object, an empty one where there is none.

        Raises:
            Refused: when it isn't JSON.
        """
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refused("not_json") from error
        if not isinstance(value, dict):
            raise Refused("not_json")
        return value


class Refused(Exception):
    """A bad request.

    Args:
        reason: what RabbitMQ says is bad about it.
    """

    def __init__(self, reason: Any) -> None:  # noqa: ANN401 - any JSON value
        super().__init__(reason)
        self.reason = reason


_MISSING = Answer(404, {"error": "Object Not Found", "reason": "Not Found"})
_CREATED, _CHANGED = Answer(201), Answer(204)
_REALM = {"www-authenticate": 'Basic realm="RabbitMQ Management"'}


def answer(contents: Contents, method: str, path: str, authorization: str, body: bytes) -> Answer:
    """Answer one request.

    Args:
        contents: the broker.
        method: the HTTP method.
        path: as it was sent, percent-encoded.
        authorization: the header, empty where there was none.
        body: what came along.
    """
    found = _route(path)
    if found is None:
        return _unknown(method, path)
    methods, parts = found
    with contents.lock:
        user = _who(contents, authorization)
        if user is None:
            reason = {"error": "not_authorized", "reason": "Login failed"} if authorization else None
            return Answer(401, reason, _REALM)
        if not user.manages:
            return Answer(401, {"error": "not_authorised", "reason": "Not management user"})
        if method not in methods:
            return Answer(405)
        act, open_to_all = methods[method]
        if not open_to_all and not user.administers:
            return Answer(401, {"error": "not_authorised", "reason": "Not administrator user"})
        try:
            return act(Asked(contents, user, parts, body))
        except Refused as refused:
            return Answer(400, {"error": "bad_request", "reason": refused.reason})


def _unknown(method: str, path: str) -> Answer:
    """Refuse what RabbitMQ may know and this doesn't, by an answer that no client takes for one to wait for."""
    error = f"the local cloud's stand-in for RabbitMQ doesn't know {method} {path}"
    return Answer(400, {"error": error, "reason": "unknown"})


def _who(contents: Contents, authorization: str) -> User | None:
    kind, _, credentials = authorization.partition(" ")
    try:
        name, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    user = contents.users.get(name)
    if kind.lower() != "basic" or not colon or user is None or not user.accepts(password):
        return None
    return user


# What there is


def _whoami(asked: Asked) -> Answer:
    return Answer(200, {"name": asked.user.name, "tags": list(asked.user.tags)})


def _vhosts(asked: Asked) -> Answer:
    permitted = asked.contents.permissions
    names = sorted(asked.contents.vhosts)
    return Answer(
        200, [_vhost(name) for name in names if asked.user.administers or (name, asked.user.name) in permitted]
    )


def _vhost(name: str) -> dict[str, Any]:
    description = "Default virtual host" if name == "/" else ""
    return {"name": name, "description": description, "tags": [], "tracing": False}


def _get_vhost(asked: Asked) -> Answer:
    (name,) = asked.parts
    return Answer(200, _vhost(name)) if name in asked.contents.vhosts else _MISSING


def _put_vhost(asked: Asked) -> Answer:
    (name,) = asked.parts
    asked.decoded()
    if name in asked.contents.vhosts:
        return _CHANGED
    asked.contents.vhosts.add(name)
    asked.contents.permit(name, asked.user.name)
    return _CREATED


def _delete_vhost(asked: Asked) -> Answer:
    (name,) = asked.parts
    if name not in asked.contents.vhosts:
        return _MISSING
    asked.contents.vhosts.remove(name)
    asked.contents.forget(vhost=name)
    return _CHANGED


def _users(asked: Asked) -> Answer:
    return Answer(200, [user.told() for _, user in sorted(asked.contents.users.items())])


def _get_user(asked: Asked) -> Answer:
    user = asked.contents.users.get(asked.parts[0])
    return Answer(200, user.told()) if user is not None else _MISSING


def _put_user(asked: Asked) -> Answer:
    (name,) = asked.parts
    wanted = asked.decoded()
    if "password" in wanted and "password_hash" in wanted:
        raise Refused("both_password_and_password_hash_are_provided")
    if "tags" not in wanted:
        raise Refused("tags_not_present")
    algorithm = str(wanted.get("hashing_algorithm") or DEFAULT_ALGORITHM)
    if algorithm not in ALGORITHMS:  # RabbitMQ takes it and falls back on another
        raise Refused(f"the local cloud's stand-in for RabbitMQ doesn't know {algorithm}")
    tags = wanted["tags"] if isinstance(wanted["tags"], list) else str(wanted["tags"]).split(",")
    user = User(
        name=name,
        password_hash=_hash_of(wanted, algorithm),
        algorithm=algorithm,
        tags=tuple(str(tag).strip() for tag in tags if str(tag).strip()),
    )
    new = name not in asked.contents.users
    asked.contents.users[name] = user
    return _CREATED if new else _CHANGED


def _hash_of(wanted: dict[str, Any], algorithm: str) -> bytes:
    """Return salt and hash; none where none is given: such a user logs in with no password at all."""
    if "password" in wanted:
        return hashed(str(wanted["password"]), algorithm) if wanted["password"] else b""
    given = str(wanted.get("password_hash") or "")
    try:
        return base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise Refused(["not_base64", given]) from error


def _delete_user(asked: Asked) -> Answer:
    (name,) = asked.parts
    if asked.contents.users.pop(name, None) is None:
        return _MISSING
    asked.contents.forget(user=name)
    return _CHANGED


def _permissions(asked: Asked) -> Answer:
    return Answer(200, [_told(*key, given) for key, given in sorted(asked.contents.permissions.items(), key=_key)])


def _key(item: tuple[tuple[str, str], dict[str, str]]) -> tuple[str, str]:
    return item[0]


def _told(vhost: str, user: str, given: dict[str, str]) -> dict[str, str]:
    return {"user": user, "vhost": vhost, **given}


def _user_permissions(asked: Asked) -> Answer:
    (name,) = asked.parts
    if name not in asked.contents.users:
        return _MISSING
    return Answer(200, [one for one in _permissions(asked).body if one["user"] == name])


def _vhost_permissions(asked: Asked) -> Answer:
    (name,) = asked.parts
    if name not in asked.contents.vhosts:
        return _MISSING
    return Answer(200, [one for one in _permissions(asked).body if one["vhost"] == name])


def _get_permission(asked: Asked) -> Answer:
    vhost, user = asked.parts
    given = asked.contents.permissions.get((vhost, user))
    return Answer(200, _told(vhost, user, given)) if given is not None else _MISSING


def _put_permission(asked: Asked) -> Answer:
    vhost, user = asked.parts
    if vhost not in asked.contents.vhosts or user not in asked.contents.users:
        raise Refused("vhost_or_user_not_found")
    wanted = asked.decoded()
    for key in ("configure", "write", "read"):
        if key not in wanted:
            raise Refused(f"[{{key_missing,{key}}}]")
        try:
            re.compile(str(wanted[key]))
        except re.error as error:
            raise Refused(["invalid_regexp", wanted[key], str(error)]) from error
    new = asked.contents.permit(vhost, user, **{key: str(wanted[key]) for key in ("configure", "write", "read")})
    return _CREATED if new else _CHANGED


def _delete_permission(asked: Asked) -> Answer:
    vhost, user = asked.parts
    return _CHANGED if asked.contents.permissions.pop((vhost, user), None) is not None else _MISSING


# What there is none of. Nobody connects: AMQP isn't spoken


def _none(asked: Asked) -> Answer:
    return Answer(200, [])


def _no_connection(asked: Asked) -> Answer:
    return _MISSING


def _ended(asked: Asked) -> Answer:
    return _CHANGED


#: By path: what each method does, and whether users of the management API other than administrators may.
_Methods = dict[str, tuple[Callable[[Asked], Answer], bool]]
_ROUTES: dict[tuple[str, ...], _Methods] = {
    ("whoami",): {"GET": (_whoami, True)},
    ("vhosts",): {"GET": (_vhosts, True)},
    ("vhosts", "*"): {"GET": (_get_vhost, False), "PUT": (_put_vhost, False), "DELETE": (_delete_vhost, False)},
    ("vhosts", "*", "permissions"): {"GET": (_vhost_permissions, False)},
    ("users",): {"GET": (_users, False)},
    ("users", "*"): {"GET": (_get_user, False), "PUT": (_put_user, False), "DELETE": (_delete_user, False)},
    ("users", "*", "permissions"): {"GET": (_user_permissions, False)},
    ("permissions",): {"GET": (_permissions, False)},
    ("permissions", "*", "*"): {
        "GET": (_get_permission, False),
        "PUT": (_put_permission, False),
        "DELETE": (_delete_permission, False),
    },
    # Nobody can make one: there are none.
    **{
        (kind,): {"GET": (_none, False)}
        for kind in ("policies", "operator-policies", "parameters", "topic-permissions", "vhost-limits", "user-limits")
    },
    ("connections",): {"GET": (_none, True)},
    ("connections", "*"): {"GET": (_no_connection, False), "DELETE": (_no_connection, False)},
    ("connections", "username", "*"): {"GET": (_none, False), "DELETE": (_ended, False)},
}


def _route(path: str) -> tuple[_Methods, tuple[str, ...]] | None:
    """Return the methods of a path and what stands for each `*`, None for a path that isn't known."""
    empty, api, *segments = path.partition("?")[0].split("/")
    if empty or api != "api":
        return None
    for route, methods in _ROUTES.items():
        if len(route) == len(segments) and all(a in ("*", b) for a, b in zip(route, segments, strict=True)):
            parts = [unquote(given) for known, given in zip(route, segments, strict=True) if known == "*"]
            return methods, tuple(parts)
    return None
