"""Reads the depth of RQ's queues from Redis or Valkey."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from .depth import QUEUES_KEY, Depth, Keys, age_seconds, job_key, queue_names

#: How many jobs at the head of a queue are looked at for the oldest one: jobs put at the front stand before older ones.
_LOOKED_AT = 20
#: Seconds after which a silent server is given up.
_TIMEOUT = 5

_T = TypeVar("_T")


class QueueDepthError(Exception):
    """The queues can't be read; the message never holds a value of the secret."""


class LoginRefusedError(QueueDepthError):
    """The server doesn't take the login."""


def read_depths(url: str, named: Sequence[str], now: datetime) -> dict[str, Depth]:
    """Return each queue's depth by its name.

    Args:
        url: where the server is, `rediss://…`; the certificate is verified against the authorities of the system.
        named: queues that are there even when they are empty, which to RQ is the same as gone.
        now: the present moment.

    Raises:
        LoginRefusedError: when the server doesn't take the login.
        QueueDepthError: when the address is no such URL, or the server can't be reached or refuses. Nothing is
            returned then: a queue that can't be read is not an empty one.
    """
    place = _place(url)
    client = _asked(place, "taking up the connection's settings", lambda: _client(url))
    try:
        names = _asked(place, "listing the queues", lambda: queue_names(_members(client), named))
        counts = _asked(place, "counting jobs", lambda: _counts(client, names, now))
        ages = _asked(place, "looking for the oldest jobs", lambda: _ages(client, names, now))
    finally:
        client.close()
    return {name: _depth(counts[name], ages[name]) for name in names}


def _place(url: str) -> str:
    """Return host and port of the URL: all of it that may be shown."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 6379
    except ValueError:  # its words would hold a part of the URL
        raise QueueDepthError("the secret holds no URL: it must be rediss://user:password@host:port/database") from None
    if parts.scheme != "rediss" or not host:
        raise QueueDepthError("the secret holds no rediss:// URL: the queues are read with TLS only")
    return f"{host}:{port}"


def _asked(place: str, step: str, ask: Callable[[], _T]) -> _T:
    """Ask the server; on failure say where, at which step and how, and nothing that the server or the URL said."""
    try:
        return ask()
    except AuthenticationError as error:
        raise LoginRefusedError(f"{place}: {step} failed: {type(error).__name__}") from None
    except (RedisError, OSError, ValueError) as error:
        raise QueueDepthError(f"{place}: {step} failed: {type(error).__name__}") from None


def _client(url: str) -> "Redis":
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=_TIMEOUT,
        socket_timeout=_TIMEOUT,
        # Once more, for a connection that was cut; in a minute there is another run.
        retry=Retry(ConstantBackoff(0.2), 1),
    )


def _members(client: "Redis") -> set[str]:
    members: Any = client.smembers(QUEUES_KEY)
    return {str(member) for member in members}


def _counts(client: "Redis", names: Sequence[str], now: datetime) -> dict[str, list[int]]:
    """Count in one transaction, so that a job that moves on is neither missed nor counted twice."""
    alive = f"({now.timestamp()}"
    with client.pipeline(transaction=True) as pipe:
        for keys in map(Keys, names):
            pipe.llen(keys.waiting)
            pipe.llen(keys.handed_over)
            pipe.zcard(keys.started)
            pipe.zcount(keys.started, alive, "+inf")
            pipe.zcount(keys.failed, alive, "+inf")
        answers = [int(answer) for answer in pipe.execute()]
    return {name: answers[5 * index : 5 * index + 5] for index, name in enumerate(names)}


def _ages(client: "Redis", names: Sequence[str], now: datetime) -> dict[str, float]:
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.lrange(Keys(name).waiting, 0, _LOOKED_AT - 1)
        heads: Mapping[str, Sequence[str]] = dict(zip(names, pipe.execute(), strict=True))
    with client.pipeline(transaction=False) as pipe:
        for jobs in heads.values():
            for job in jobs:
                pipe.hget(job_key(job), "enqueued_at")
        moments = iter(pipe.execute())
    return {name: age_seconds([next(moments) for _ in jobs], now) for name, jobs in heads.items()}


def _depth(counts: Sequence[int], oldest_seconds: float) -> Depth:
    waiting, handed_over, started, alive, failed = counts
    return Depth(
        ready=waiting,
        started=alive,
        failed=failed,
        unfinished=waiting + handed_over + started,
        oldest_seconds=oldest_seconds,
    )
