"""What the function says of an event that isn't right."""

from typing import Any

import pytest

from functions.credentials.errors import CredentialsError
from functions.credentials.events import parse, parse_record

_ROLE = "1 to 63 lower case letters, digits and underscores, beginning with a letter"
_USER = "2 to 100 letters, digits, hyphens, periods, underscores and tildes"


def _reference() -> dict[str, Any]:
    return {
        "secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:alicerce-abcdef",
        "version": "11111111-2222-3333-4444-555555555555",
    }


def _postgres() -> dict[str, Any]:
    return {
        "action": "ensure",
        "store": "postgres",
        "host": "database.example.com",
        "port": 5432,
        "database": "aprendeai",
        "owner": "aprendeai_owner",
        "username": "aprendeai",
        "other": "aprendeai_2",
        "admin": {"username": "alicerce", "password": _reference()},
        "password": _reference(),
    }


def _rabbitmq() -> dict[str, Any]:
    return {
        "action": "retire",
        "store": "rabbitmq",
        "url": "https://b-1.mq.eu-west-1.on.aws",
        "vhost": "aprendeai",
        "username": "aprendeai",
        "other": "aprendeai_2",
        "admin": {"username": "alicerce", "password": _reference(), "previous": _reference()},
        "password": _reference(),
    }


def _set(event: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    *folders, name = path.split(".")
    inner = event
    for folder in folders:
        inner = inner[folder]
    if value is None:
        del inner[name]
    else:
        inner[name] = value
    return event


def test_right_events_are_taken() -> None:
    assert parse_record(_postgres()).admin.previous is None
    assert parse_record(_rabbitmq()).admin.previous is not None
    assert parse_record(_set(_rabbitmq(), "url", "https://localhost:15671")).username == "aprendeai"


@pytest.mark.parametrize("event", [_postgres(), _rabbitmq()])
def test_a_request_writes_the_record_that_it_was_read_from(event: dict[str, Any]) -> None:
    assert parse_record(event).to_record() == event, "another event would have the function called anew"


def test_there_may_be_no_previous_password_of_the_administrator() -> None:
    event = _rabbitmq()
    event["admin"]["previous"] = None

    assert parse_record(event).admin.previous is None


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("action", "rotate", "event.action is 'rotate'; allowed: ensure or retire or retire-by-force or audit"),
        ("store", "mysql", "event.store is 'mysql'; allowed: postgres or rabbitmq"),
        ("host", "a b", "event.host is 'a b'; allowed: a DNS name"),
        ("host", None, "event.host is missing; allowed: a DNS name"),
        ("port", "5432", "event.port is '5432'; allowed: 1 to 65535"),
        ("port", 0, "event.port is 0; allowed: 1 to 65535"),
        ("port", True, "event.port is True; allowed: 1 to 65535"),
        ("database", "Aprende", f"event.database is 'Aprende'; allowed: {_ROLE}"),
        ("owner", 'x"; DROP', f"event.owner is 'x\"; DROP'; allowed: {_ROLE}"),
        ("username", "", f"event.username is ''; allowed: {_ROLE}"),
        ("other", "a" * 64, f"event.other is '{'a' * 64}'; allowed: {_ROLE}"),
        ("other", "aprendeai", "event.other is 'aprendeai', like event.username; allowed: a name of its own"),
        ("username", "alicerce", "event.admin.username is 'alicerce', like event.username; allowed: a name of its own"),
        ("password", "hunter2", "event.password is wrong; allowed: an object"),
        ("password", None, "event.password is missing; allowed: an object"),
        ("password.secret", "hunter2", "event.password.secret is wrong; allowed: the ARN of a secret"),
        ("password.version", None, "event.password.version is missing; allowed: the id of a version"),
        ("password.value", "hunter2", "event.password.value isn't known"),
        ("admin", "hunter2", "event.admin is wrong; allowed: an object"),
        ("admin.username", "x y", f"event.admin.username is 'x y'; allowed: {_ROLE}"),
        ("admin.password", "hunter2", "event.admin.password is wrong; allowed: an object"),
        (
            "admin.password.version",
            1,
            "event.admin.password.version is wrong; allowed: the id of a version",
        ),
        ("admin.previous", {}, "event.admin.previous isn't known"),
        ("vhost", "aprendeai", "event.vhost isn't known"),
    ],
)
def test_what_is_wrong_about_postgres_is_said_without_a_value_that_may_be_secret(
    path: str, value: object, message: str
) -> None:
    with pytest.raises(CredentialsError) as caught:
        parse_record(_set(_postgres(), path, value))

    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("url", "http://x", "event.url is wrong; allowed: https://host or https://host:port"),
        (
            "url",
            "https://me:hunter2@x",
            "event.url is wrong; allowed: https://host or https://host:port",
        ),
        (
            "vhost",
            "",
            "event.vhost is ''; allowed: 1 to 255 letters, digits, underscores, periods, slashes and hyphens",
        ),
        ("username", "a,b", f"event.username is 'a,b'; allowed: {_USER}"),
        ("admin.previous", None, "event.admin.previous is missing; allowed: an object or null"),
        (
            "admin.previous",
            "hunter2",
            "event.admin.previous is wrong; allowed: an object or null",
        ),
        ("admin.previous.secret", None, "event.admin.previous.secret is missing; allowed: the ARN of a secret"),
        ("owner", "aprendeai_owner", "event.owner isn't known"),
    ],
)
def test_what_is_wrong_about_rabbitmq_is_said_without_a_value_that_may_be_secret(
    path: str, value: object, message: str
) -> None:
    with pytest.raises(CredentialsError) as caught:
        parse_record(_set(_rabbitmq(), path, value))

    assert str(caught.value) == message


def test_all_mistakes_are_told_at_once() -> None:
    event = _set(_set(_postgres(), "port", 0), "host", None)

    with pytest.raises(CredentialsError) as caught:
        parse_record(event)

    assert str(caught.value) == ("event.host is missing; allowed: a DNS name; event.port is 0; allowed: 1 to 65535")


def test_an_event_that_is_no_object_is_refused() -> None:
    with pytest.raises(CredentialsError) as caught:
        parse_record("ensure")

    assert str(caught.value) == (
        "event is a str; allowed: an object with action, admin, database, host, other, owner, password, port, store, "
        "username"
    )


def _pinned() -> dict[str, dict[str, Any]]:
    return {event["store"]: parse_record(event).to_login() for event in (_postgres(), _rabbitmq())}


def _asked(record: dict[str, Any]) -> dict[str, Any]:
    return parse_record(record).to_event()


@pytest.mark.parametrize("record", [_postgres(), _rabbitmq()])
def test_an_event_and_what_is_pinned_make_the_request(record: dict[str, Any]) -> None:
    request = parse_record(record)

    assert parse(request.to_event(), _pinned()) == request
    assert set(request.to_event()) == {"action", "store", "username", "versions"}


def test_what_is_pinned_is_the_same_whoevers_turn_it_is() -> None:
    record = _postgres()
    turned = {**record, "username": record["other"], "other": record["username"]}

    assert parse_record(turned).to_login() == parse_record(record).to_login()


@pytest.mark.parametrize("key", ["host", "url", "owner", "other", "admin", "password", "secret", "database", "force"])
def test_an_event_names_no_place_and_no_name(key: str) -> None:
    with pytest.raises(CredentialsError, match=f"^event.{key} isn't known$"):
        parse({**_asked(_postgres()), key: "attacker"}, _pinned())


def test_an_event_chooses_one_of_the_two_users() -> None:
    with pytest.raises(
        CredentialsError, match=r"^event.username is 'rds_superuser'; allowed: aprendeai or aprendeai_2$"
    ):
        parse({**_asked(_postgres()), "username": "rds_superuser"}, _pinned())


@pytest.mark.parametrize(
    "version", [None, {}, _reference(), "arn:aws:secretsmanager:eu-west-1:1:secret:x", "AWSCURRENT"]
)
def test_an_event_has_ids_of_versions_alone(version: object) -> None:
    event = _asked(_postgres())
    event["versions"] = {**event["versions"], "password": version}
    with pytest.raises(CredentialsError, match=r"^event.versions.password is wrong; allowed: the id of a version$"):
        parse(event, _pinned())


def test_a_store_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(CredentialsError, match=r"^event is for none of this function's stores; allowed: postgres$"):
        parse(_asked(_rabbitmq()), {"postgres": _pinned()["postgres"]})
