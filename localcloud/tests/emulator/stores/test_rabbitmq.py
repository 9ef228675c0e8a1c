"""The stand-in for RabbitMQ's management API."""

import base64
import hashlib
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from localcloud.emulator import standins
from localcloud.provider.session import Session
from support.stores import LOGIN_FAILED, MASTER, NOT_MANAGEMENT, Management

NOT_ADMINISTRATOR = {"error": "not_authorised", "reason": "Not administrator user"}
NOT_FOUND = {"error": "Object Not Found", "reason": "Not Found"}
ALL = {"configure": ".*", "write": ".*", "read": ".*"}


def _bad(reason: object) -> dict[str, object]:
    return {"error": "bad_request", "reason": reason}


@pytest.fixture
def management(broker: Callable[..., str], emulator: str) -> Management:
    return Management(str(urlsplit(broker()).hostname), emulator)


@pytest.fixture(scope="module")
def same(broker: Callable[..., str], emulator: str) -> Management:
    return Management(str(urlsplit(broker()).hostname), emulator)


def test_the_first_user_is_the_one_that_came_with_the_broker(management: Management) -> None:
    assert management.ask("GET", "whoami") == (200, {"name": MASTER, "tags": ["administrator"]})
    assert management.ask("GET", "whoami", password="wrong") == (401, LOGIN_FAILED)
    assert management.ask("GET", "whoami", user="nobody") == (401, LOGIN_FAILED)
    assert management.ask("GET", "whoami", user="") == (401, None)


def test_users_are_let_in_by_their_passwords_and_do_what_their_tags_say(management: Management) -> None:
    assert management.ask("PUT", "users/app", {"password": "app-password", "tags": ""}) == (201, None)
    app = {"user": "app", "password": "app-password"}
    assert management.ask("GET", "whoami", **app) == (401, NOT_MANAGEMENT)
    assert management.ask("GET", "whoami", user="app", password="wrong") == (401, LOGIN_FAILED)
    assert management.ask("PUT", "users/app", {"password": "app-password", "tags": ["management"]}) == (204, None)
    assert management.ask("GET", "whoami", **app) == (200, {"name": "app", "tags": ["management"]})
    assert management.ask("PUT", "users/app", {"password": "x", "tags": ""}, **app) == (401, NOT_ADMINISTRATOR)
    assert management.ask("DELETE", "users/app") == (204, None)
    assert management.ask("GET", "whoami", **app) == (401, LOGIN_FAILED)


def test_a_password_is_taken_as_a_salted_hash_too(management: Management) -> None:
    """https://www.rabbitmq.com/docs/passwords."""
    salt = b"salt"
    kept = base64.b64encode(salt + hashlib.sha256(salt + b"app-password").digest()).decode()
    told = {"password_hash": kept, "hashing_algorithm": "rabbit_password_hashing_sha256"}
    management.ask("PUT", "users/app", {**told, "tags": "management"})
    assert management.ask("GET", "users/app") == (200, {**told, "name": "app", "tags": ["management"], "limits": {}})
    assert management.ask("GET", "whoami", user="app", password="app-password")[0] == 200
    assert management.ask("PUT", "users/app", {"password_hash": "", "tags": "management"}) == (204, None)
    for password in ("app-password", ""):
        assert management.ask("GET", "whoami", user="app", password=password) == (401, LOGIN_FAILED)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        # As RabbitMQ 3.10.8 answered the same.
        ("GET", "users/none", None, 404, NOT_FOUND),
        ("DELETE", "users/none", None, 404, NOT_FOUND),
        ("PUT", "users/app", {"password": "x"}, 400, _bad("tags_not_present")),
        ("PUT", "users/app", "nothing", 400, _bad("not_json")),
        ("PUT", "users/app", {"password_hash": "not!", "tags": ""}, 400, _bad(["not_base64", "not!"])),
        (
            "PUT",
            "users/app",
            {"password": "x", "password_hash": "eA==", "tags": ""},
            400,
            _bad("both_password_and_password_hash_are_provided"),
        ),
        ("POST", "users/app", None, 405, None),
        ("GET", "vhosts/none", None, 404, NOT_FOUND),
        ("DELETE", "vhosts/none", None, 404, NOT_FOUND),
        ("PUT", "permissions/%2F/none", ALL, 400, _bad("vhost_or_user_not_found")),
        ("PUT", f"permissions/none/{MASTER}", ALL, 400, _bad("vhost_or_user_not_found")),
        ("PUT", f"permissions/%2F/{MASTER}", {"configure": "", "write": ""}, 400, _bad("[{key_missing,read}]")),
        ("GET", f"permissions/none/{MASTER}", None, 404, NOT_FOUND),
        ("GET", "connections", None, 200, []),
        ("GET", f"connections/username/{MASTER}", None, 200, []),
        ("DELETE", f"connections/username/{MASTER}", None, 204, None),
        ("DELETE", "connections/none", None, 404, NOT_FOUND),
    ],
)
def test_requests_are_refused_as_by_the_real_server(
    same: Management, method: str, path: str, body: object, status: int, told: object
) -> None:
    assert same.ask(method, path, body) == (status, told)


def test_permissions_are_given_on_a_virtual_host_and_go_with_it(management: Management) -> None:
    assert management.ask("PUT", "vhosts/a%2Fb") == (201, None)
    assert management.ask("PUT", "vhosts/a%2Fb", {}) == (204, None)
    management.ask("PUT", "users/app", {"password": "app-password", "tags": ""})
    assert management.ask("PUT", "permissions/a%2Fb/app", ALL) == (201, None)
    assert management.ask("PUT", "permissions/a%2Fb/app", {**ALL, "configure": ""}) == (204, None)
    own = {"user": "app", "vhost": "a/b", **ALL, "configure": ""}
    assert management.ask("GET", "permissions/a%2Fb/app") == (200, own)
    assert management.ask("GET", "users/app/permissions") == (200, [own])
    creators = {"user": MASTER, "vhost": "a/b", **ALL}
    assert management.ask("GET", "vhosts/a%2Fb/permissions") == (200, [own, creators])
    assert management.ask("DELETE", "vhosts/a%2Fb") == (204, None)
    assert management.ask("GET", "users/app/permissions") == (200, [])


def test_a_request_that_is_not_known_is_refused_by_name(management: Management) -> None:
    error = "the local cloud's stand-in for RabbitMQ doesn't know GET /api/queues/%2F"
    assert management.ask("GET", "queues/%2F") == (400, {"error": error, "reason": "unknown"})


def test_a_broker_that_is_gone_has_no_stand_in(management: Management, aws: Session) -> None:
    known = standins.ask(management.url)
    aws.client("mq").delete_broker(BrokerId=management.host.split(".")[0])
    with socket.create_connection(known.address(management.host, 443)) as connection:
        assert connection.recv(1) == b"", "nobody answers"
    assert (management.host, 443) not in standins.ask(management.url).ports
    with pytest.raises(OSError):
        socket.create_connection(known.address(management.host, 443))
