"""The queue depth function against RQ's own queues and workers, on a real server with TLS and ElastiCache's ACL."""

import logging
import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
from moto import mock_aws
from redis import Redis
from rq import Queue, Retry, SimpleWorker
from rq.registry import StartedJobRegistry

from components.data.cache_users import APPLICATION_ACCESS
from functions.queue_depth.depth import Depth
from functions.queue_depth.handler import handler
from functions.queue_depth.redis_reading import LoginRefusedError, QueueDepthError, read_depths
from tests.servers.redis import RedisServer

#: With every character that a URL has a meaning for.
_PASSWORD = "pl@nted:/?#[]%-password"

#: What a job saw while it ran.
_SEEN: list[dict[str, Depth]] = []


@dataclass(frozen=True)
class _Cache:
    """A cache of the test's own: a numbered database that only it uses."""

    url: str
    connection: "Redis"

    def depths(self, *named: str) -> dict[str, Depth]:
        return read_depths(self.url, named, datetime.now(UTC))


def _acl(admin: "Redis", *words: str) -> None:
    admin.execute_command("ACL", *words)  # type: ignore[no-untyped-call]


@pytest.fixture
def cache(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Cache]:
    # Where OpenSSL looks for authorities: in Lambda the system's own, among them Amazon's.
    monkeypatch.setenv("SSL_CERT_FILE", str(redis_server.authority))
    url = f"rediss://equivalence:{quote(_PASSWORD, safe='')}@{redis_server.host}:{redis_server.port}/0"
    with redis_server.connect(redis_server.admin, redis_server.admin_password) as admin:
        _acl(admin, "SETUSER", "equivalence", "reset", *APPLICATION_ACCESS.split(), f">{_PASSWORD}")
        connection = Redis.from_url(url)
        yield _Cache(url, connection)
        connection.close()
        admin.flushdb()
        _acl(admin, "DELUSER", "equivalence")


def nothing() -> None:
    """Do a job."""


def look(url: str) -> None:
    """Measure the queues while a worker works on this."""
    _SEEN.append(read_depths(url, (), datetime.now(UTC)))


def fail() -> None:
    """Fail a job."""
    raise RuntimeError("as planned")


def _work(cache: _Cache, *queues: str) -> None:
    SimpleWorker(list(queues), connection=cache.connection).work(burst=True, logging_level="CRITICAL")


def test_a_queue_that_nobody_has_used_is_empty(cache: _Cache) -> None:
    assert cache.depths("default") == {"default": Depth()}


def test_waiting_jobs_are_counted_queue_by_queue(cache: _Cache) -> None:
    for name, jobs in (("default", 3), ("high", 1)):
        for _ in range(jobs):
            Queue(name, connection=cache.connection).enqueue(nothing)
    depths = cache.depths("default", "low")
    assert list(depths) == ["default", "low", "high"]
    assert {name: (depth.ready, depth.unfinished) for name, depth in depths.items()} == {
        "default": (3, 3),
        "low": (0, 0),
        "high": (1, 1),
    }


def test_a_job_that_a_worker_works_on_is_started_and_unfinished(cache: _Cache) -> None:
    _SEEN.clear()
    queue = Queue("default", connection=cache.connection)
    queue.enqueue(look, cache.url)
    queue.enqueue(nothing)
    _work(cache, "default")
    (seen,) = _SEEN
    assert (seen["default"].ready, seen["default"].started, seen["default"].unfinished) == (1, 1, 2)
    assert cache.depths()["default"] == Depth()


def test_a_job_that_a_worker_of_several_queues_works_on_is_started_too(cache: _Cache) -> None:
    _SEEN.clear()
    Queue("low", connection=cache.connection).enqueue(look, cache.url)
    _work(cache, "high", "low")
    (seen,) = _SEEN
    assert (seen["low"].started, seen["low"].unfinished) == (1, 1)


def test_failed_jobs_are_counted_and_are_no_work(cache: _Cache) -> None:
    Queue("default", connection=cache.connection).enqueue(fail)
    _work(cache, "default")
    depth = cache.depths()["default"]
    assert (depth.failed, depth.unfinished) == (1, 0)


def test_a_job_whose_worker_died_is_not_worked_on_but_unfinished_until_another_worker_looks_at_it(
    cache: _Cache,
) -> None:
    queue = Queue("default", connection=cache.connection)
    job = queue.enqueue(nothing, retry=Retry(max=1))
    worker = SimpleWorker([queue], connection=cache.connection)
    assert queue.pop_job_id() == job.id
    worker.prepare_execution(job)
    worker.prepare_job_execution(job)
    registry = StartedJobRegistry(queue=queue)
    entries: Any = cache.connection.zrange(registry.key, 0, -1)
    assert cache.depths()["default"].started == 1
    cache.connection.zadd(registry.key, dict.fromkeys(entries, datetime.now(UTC).timestamp() - 1))
    depth = cache.depths()["default"]
    assert (depth.ready, depth.started, depth.unfinished) == (0, 0, 1), "without it nobody would start a worker for it"
    registry.cleanup()
    depth = cache.depths()["default"]
    assert (depth.ready, depth.unfinished) == (1, 1)


def test_a_job_that_a_worker_took_and_lost_is_unfinished(cache: _Cache) -> None:
    queue = Queue("default", connection=cache.connection)
    queue.enqueue(nothing)
    assert Queue.lmove(cache.connection, queue.key, None)
    depth = cache.depths("default")["default"]
    assert (depth.ready, depth.unfinished) == (0, 1)


def test_the_oldest_job_is_found_behind_those_that_were_put_at_the_front(cache: _Cache) -> None:
    queue = Queue("default", connection=cache.connection)
    now = datetime.now(UTC)
    old = queue.enqueue(nothing)
    queue.enqueue(nothing, at_front=True)
    old.enqueued_at = now - timedelta(seconds=90)
    old.save()
    assert 90 <= cache.depths()["default"].oldest_seconds < 95


def test_a_job_that_is_gone_has_no_age(cache: _Cache) -> None:
    queue = Queue("default", connection=cache.connection)
    job = queue.enqueue(nothing)
    cache.connection.delete(job.key)
    assert cache.depths()["default"] == Depth(ready=1, unfinished=1)


# What can't be read


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "redis://equivalence:planted-password@localhost:6379/0",
            "the secret holds no rediss:// URL: the queues are read with TLS only",
        ),
        (
            "rediss://equivalence:planted-password",
            "the secret holds no URL: it must be rediss://user:password@host:port/database",
        ),
        ("planted-password", "the secret holds no rediss:// URL: the queues are read with TLS only"),
        (
            "rediss://equivalence:planted-password@localhost:1/0",
            "localhost:1: listing the queues failed: ConnectionError",
        ),
    ],
)
def test_an_address_that_leads_nowhere_is_an_error_without_the_password(url: str, message: str) -> None:
    with pytest.raises(QueueDepthError) as refused:
        read_depths(url, ["default"], datetime.now(UTC))
    assert str(refused.value) == message
    assert "planted" not in "".join(traceback.format_exception(refused.value)), "this is what Lambda logs"


def test_a_wrong_password_is_an_error_without_it(cache: _Cache, redis_server: RedisServer) -> None:
    url = cache.url.replace(quote(_PASSWORD, safe=""), "another-planted-one")
    with pytest.raises(QueueDepthError) as refused:
        read_depths(url, ["default"], datetime.now(UTC))
    assert str(refused.value) == f"localhost:{redis_server.port}: listing the queues failed: AuthenticationError"
    assert "planted" not in "".join(traceback.format_exception(refused.value))


def test_a_user_who_may_not_look_is_an_error_and_no_empty_queue(cache: _Cache, redis_server: RedisServer) -> None:
    with redis_server.connect(redis_server.admin, redis_server.admin_password) as admin:
        _acl(admin, "SETUSER", "equivalence", "-llen")
    with pytest.raises(QueueDepthError, match="counting jobs failed: "):
        cache.depths("default")


def test_a_server_whose_certificate_nobody_vouches_for_is_not_spoken_to(
    cache: _Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    with pytest.raises(QueueDepthError, match="listing the queues failed: ConnectionError"):
        cache.depths("default")


# The whole function


@dataclass(frozen=True)
class _Cloud:
    """AWS, with the secret in it."""

    secret: str

    def published(self) -> dict[tuple[str, str | None], float]:
        metrics = boto3.client("cloudwatch").get_metric_data(
            MetricDataQueries=[
                {
                    "Id": f"m{number}",
                    "MetricStat": {
                        "Metric": {**metric, "Namespace": "Alicerce/Queues"},
                        "Period": 60,
                        "Stat": "Maximum",
                    },
                    "Label": f"{metric['MetricName']}|{_queue_of(metric) or ''}",
                }
                for number, metric in enumerate(self.metrics())
            ],
            StartTime=datetime.now(UTC) - timedelta(hours=1),
            EndTime=datetime.now(UTC) + timedelta(hours=1),
        )["MetricDataResults"]
        labels = {tuple(result["Label"].split("|")): result["Values"][0] for result in metrics}
        return {(name, queue or None): value for (name, queue), value in labels.items()}

    def metrics(self) -> list[dict[str, Any]]:
        listed = boto3.client("cloudwatch").list_metrics(Namespace="Alicerce/Queues")["Metrics"]
        return [{"MetricName": metric["MetricName"], "Dimensions": metric["Dimensions"]} for metric in listed]


def _queue_of(metric: dict[str, Any]) -> str | None:
    return next((str(item["Value"]) for item in metric["Dimensions"] if item["Name"] == "Queue"), None)


@pytest.fixture
def cloud(cache: _Cache, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Cloud]:
    for name, value in (
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("NAMESPACE", "Alicerce/Queues"),
        ("SYSTEM", "equivalence"),
        ("ENVIRONMENT", "prod"),
        ("QUEUES", "default"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        arn = boto3.client("secretsmanager").create_secret(Name="redis-url", SecretString=cache.url)["ARN"]
        monkeypatch.setenv("REDIS_SECRET_ARN", arn)
        yield _Cloud(arn)


def test_the_function_publishes_each_queue_and_all_together(cache: _Cache, cloud: _Cloud) -> None:
    for _ in range(3):
        Queue("default", connection=cache.connection).enqueue(nothing)
    Queue("low", connection=cache.connection).enqueue(fail)
    _work(cache, "low")
    answer = handler({}, None)
    assert answer["default"]["ready"] == 3
    published = cloud.published()
    assert published["UnfinishedJobs", "default"] == published["UnfinishedJobs", None] == 3
    assert published["FailedJobs", "low"] == published["FailedJobs", None] == 1
    assert published["StartedJobs", None] == 0
    assert 0 < published["OldestJobAge", None] < 60
    assert {
        frozenset((item["Name"], item["Value"]) for item in metric["Dimensions"] if item["Name"] != "Queue")
        for metric in cloud.metrics()
    } == {frozenset({("System", "equivalence"), ("Environment", "prod")})}


def test_the_function_follows_a_secret_that_was_changed(cache: _Cache, cloud: _Cloud) -> None:
    handler({}, None)
    cache.connection.close()
    boto3.client("secretsmanager").put_secret_value(
        SecretId=cloud.secret, SecretString="rediss://equivalence:rotated@localhost:1/0"
    )
    with pytest.raises(QueueDepthError, match=r"^localhost:1: "):
        handler({}, None)


def test_a_login_that_the_cache_does_not_take_yet_is_no_blind_minute(cache: _Cache, cloud: _Cloud) -> None:
    Queue("default", connection=cache.connection).enqueue(nothing)
    url = urlsplit(cache.url)
    boto3.client("secretsmanager").put_secret_value(
        SecretId=cloud.secret, SecretString=f"rediss://{url.username}:not-yet@{url.hostname}:{url.port}/0"
    )
    assert handler({}, None)["default"]["ready"] == 1


def test_a_login_that_was_never_taken_is_refused(cache: _Cache, cloud: _Cloud) -> None:
    url = urlsplit(cache.url)
    wrong = f"rediss://{url.username}:never@{url.hostname}:{url.port}/0"
    for _ in range(2):
        boto3.client("secretsmanager").put_secret_value(SecretId=cloud.secret, SecretString=wrong)
    with pytest.raises(LoginRefusedError):
        handler({}, None)
    assert cloud.metrics() == []


def test_a_function_that_is_told_to_say_everything_says_no_value(
    cache: _Cache, cloud: _Cloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    handler({}, None)
    assert caplog.records
    assert str(urlsplit(cache.url).password) not in caplog.text


def test_nothing_is_published_when_the_server_is_away(cloud: _Cloud) -> None:
    boto3.client("secretsmanager").put_secret_value(
        SecretId=cloud.secret, SecretString="rediss://equivalence:planted-password@localhost:1/0"
    )
    with pytest.raises(QueueDepthError):
        handler({}, None)
    assert cloud.metrics() == [], "a 0 would take tasks away"


def test_a_secret_that_is_not_there_is_an_error_by_its_arn(cloud: _Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_SECRET_ARN", f"{cloud.secret}-gone")
    with pytest.raises(QueueDepthError) as refused:
        handler({}, None)
    assert str(refused.value) == f"{cloud.secret}-gone: reading the secret failed: ResourceNotFoundException"


def test_an_environment_that_lacks_something_is_one_error(cloud: _Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SYSTEM", "QUEUES"):
        monkeypatch.delenv(name)
    with pytest.raises(QueueDepthError) as refused:
        handler({}, None)
    assert str(refused.value) == "the function's environment has no SYSTEM, QUEUES"
    assert os.environ["REDIS_SECRET_ARN"] == cloud.secret
