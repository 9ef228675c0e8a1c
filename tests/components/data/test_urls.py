"""That a URL gives back what it was composed of."""

from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.data.urls import amqp_url, composed, postgres_url, redis_url
from tests.components.recording import record

#: Anything that a person or a generator can make a password of: delimiters, quotes, spaces, accents, other scripts.
NASTY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
HOSTS = st.sampled_from(["db.example", "10.0.0.1", "a-1.b-2.eu-west-1.rds.amazonaws.com", "fd00::1"])
PORTS = st.integers(1, 65535)


@given(NASTY, NASTY, HOSTS, PORTS, NASTY, st.dictionaries(NASTY, NASTY, max_size=3))
def test_every_part_of_a_postgres_url_comes_back_as_it_went_in(
    username: str, password: str, host: str, port: int, database: str, query: dict[str, str]
) -> None:
    parts = urlsplit(postgres_url("postgresql+psycopg2", username, password, host, port, database, query))

    assert parts.scheme == "postgresql+psycopg2"
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (username, password)
    assert (parts.hostname, parts.port) == (host, port)
    assert unquote(parts.path.removeprefix("/")) == database
    assert dict(parse_qsl(parts.query, keep_blank_values=True)) == query


@given(NASTY, NASTY, HOSTS, PORTS, st.one_of(st.none(), st.integers(0, 15)))
def test_every_part_of_a_redis_url_comes_back_as_it_went_in(
    username: str, password: str, host: str, port: int, database: int | None
) -> None:
    parts = urlsplit(redis_url(username, password, host, port, database))

    assert parts.scheme == "rediss", "without TLS the password crosses the network in clear"
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (username, password)
    assert (parts.hostname, parts.port) == (host, port)
    assert parts.path == ("" if database is None else f"/{database}")


@given(NASTY, NASTY, HOSTS, PORTS, NASTY)
def test_every_part_of_an_amqp_url_comes_back_as_it_went_in(
    username: str, password: str, host: str, port: int, vhost: str
) -> None:
    parts = urlsplit(amqp_url(username, password, host, port, vhost))

    assert parts.scheme == "amqps", "without TLS the password crosses the network in clear"
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (username, password)
    assert (parts.hostname, parts.port) == (host, port)
    assert parts.path.count("/") == 1, "a slash of the vhost would begin another path segment"
    assert unquote(parts.path.removeprefix("/")) == vhost


def test_urls_of_plain_parts_read_as_the_guides_write_them() -> None:
    assert (
        postgres_url("postgresql", "aprendeai", "s3cret", "db.example", 5432, "aprendeai", {"sslmode": "require"})
        == "postgresql://aprendeai:s3cret@db.example:5432/aprendeai?sslmode=require"
    )
    assert redis_url("equivalence", "s3cret", "cache.example", 6379, 0) == (
        "rediss://equivalence:s3cret@cache.example:6379/0"
    )
    assert amqp_url("aprendeai", "s3cret", "mq.example", 5671) == "amqps://aprendeai:s3cret@mq.example:5671"


def test_the_root_vhost_is_written_encoded() -> None:
    assert amqp_url("u", "p", "mq.example", 5671, "/") == "amqps://u:p@mq.example:5671/%2F"


@pytest.mark.parametrize(
    ("compose", "message"),
    [
        (
            lambda: redis_url("u", "p", "", 6379),
            "host is ''; allowed: a DNS name or an IP address; pass the endpoint of the store",
        ),
        (
            lambda: amqp_url("u", "p", "mq.example", 0),
            "port is 0; allowed: 1 to 65535; pass the port of the store",
        ),
        (
            lambda: redis_url("u", "p", "cache.example", 6379, -1),
            "database is -1; allowed: 0 and up; pass the number of the database",
        ),
    ],
)
def test_parts_that_make_no_url_are_refused(compose: Callable[[], str], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        compose()
    assert str(refused.value) == message


def test_a_composed_url_is_a_secret_even_of_plain_parts() -> None:
    class Holder(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("test:index:Holder", "holder")
            url = composed(redis_url, username="u", password="p", host=pulumi.Output.from_input("h"), port=6379)
            self.register_outputs({"url": url})

    recording = record(Holder)

    assert recording.outputs_of("holder") == {"url": "rediss://u:p@h:6379"}
    assert recording.secret_outputs[recording.named("holder").urn] == {"url"}, "a URL with a password is a password"
