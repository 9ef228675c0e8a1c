"""Connection URLs, composed so that a value with any character in it survives the way to the client.

The functions are pure. `composed` lifts one of them over Outputs and keeps the result a secret.
"""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

import pulumi

from components.core.checks import InvalidValue, check_between


def _encode(part: str) -> str:
    """Percent-encode everything but RFC 3986's unreserved characters, the slash included."""
    return quote(part, safe="")


def _authority(username: str, password: str, host: str, port: int) -> str:
    if not host:
        raise InvalidValue("host", host, "a DNS name or an IP address", "pass the endpoint of the store")
    check_between("port", port, 1, 65535, "pass the port of the store")
    # An IPv6 address stands in brackets (RFC 3986, section 3.2.2); its colons are no delimiters there.
    place = f"[{host}]" if ":" in host else host
    return f"{_encode(username)}:{_encode(password)}@{place}:{port}"


def postgres_url(
    scheme: str,
    username: str,
    password: str,
    host: str,
    port: int,
    database: str,
    query: Mapping[str, str] | None = None,
) -> str:
    """Compose a PostgreSQL URL.

    Args:
        scheme: what the driver wants, for instance `postgresql` or `postgresql+psycopg2`.
        username: the role.
        password: its password, as it is; encoded here.
        host: a DNS name, an IPv4 address or a bare IPv6 address.
        port: 1 to 65535.
        database: the database.
        query: parameters after the question mark, for instance `{"sslmode": "require"}`.

    Raises:
        ValueError: when the host is empty or the port out of range.
    """
    tail = f"?{urlencode(query, quote_via=quote, safe='')}" if query else ""
    return f"{scheme}://{_authority(username, password, host, port)}/{_encode(database)}{tail}"


def redis_url(
    username: str,
    password: str,
    host: str,
    port: int,
    database: int | None = None,
) -> str:
    """Compose a Redis or Valkey URL; the scheme `rediss` is TLS.

    https://www.iana.org/assignments/uri-schemes/prov/rediss

    Args:
        username: the RBAC user.
        password: its password, as it is; encoded here.
        host: a DNS name, an IPv4 address or a bare IPv6 address.
        port: 1 to 65535.
        database: the numbered database; none leaves the path out, which clients read as 0.

    Raises:
        ValueError: when the host is empty, the port out of range or the database negative.
    """
    if database is not None and database < 0:
        raise InvalidValue("database", database, "0 and up", "pass the number of the database")
    tail = "" if database is None else f"/{database}"
    return f"rediss://{_authority(username, password, host, port)}{tail}"


def amqp_url(
    username: str,
    password: str,
    host: str,
    port: int,
    vhost: str | None = None,
) -> str:
    """Compose an AMQP 0-9-1 URL; the scheme `amqps` is TLS.

    Without a vhost the path is left out, and the client takes its default, `/`. A vhost is encoded whole, its slashes
    too: the vhost `/` is the path `/%2F`. https://www.rabbitmq.com/docs/uri-spec

    Args:
        username: the broker's user.
        password: its password, as it is; encoded here.
        host: a DNS name, an IPv4 address or a bare IPv6 address.
        port: 1 to 65535.
        vhost: the virtual host.

    Raises:
        ValueError: when the host is empty or the port out of range.
    """
    tail = "" if vhost is None else f"/{_encode(vhost)}"
    return f"amqps://{_authority(username, password, host, port)}{tail}"


def composed(function: Callable[..., str], **parts: object) -> pulumi.Output[str]:
    """Call one of the functions above with parts that may be Outputs; the result is always a secret.

    It is a secret even where no part is marked as one: every one of these URLs has a password in it.
    """
    return pulumi.Output.secret(pulumi.Output.all(**parts).apply(lambda known: function(**known)))
