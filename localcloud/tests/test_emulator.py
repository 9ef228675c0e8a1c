"""The emulator's process: start, find, stop, and what it says when something is missing."""

import concurrent.futures
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.emulator import control, request_lock, server
from localcloud.provider.session import Session

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / ".localcloud"
    monkeypatch.setenv(control.HOME_VARIABLE, str(folder))
    yield folder
    control.stop()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((control.HOST, 0))
        return int(listener.getsockname()[1])


def test_it_starts_once_is_found_again_and_stops(home: Path) -> None:
    assert control.status() is None
    assert control.stop() is False
    endpoint = control.start(_free_port())
    assert endpoint.url == f"http://127.0.0.1:{endpoint.port}"
    assert control.start() == control.ensure() == control.status() == endpoint
    assert control.stop() is True
    assert control.status() is None
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(control.HOST, endpoint.port).connect()


def test_it_outlives_the_command_that_started_it(home: Path) -> None:
    command = "from localcloud.emulator import control; print(control.start(0).pid)"
    started = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    endpoint = control.status()
    assert endpoint is not None
    assert endpoint.pid == int(started.stdout)


def test_two_starts_at_once_start_one(home: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor() as pool:
        endpoints = list(pool.map(lambda _: control.ensure(), range(4)))
    assert len({endpoint.pid for endpoint in endpoints}) == 1


def test_a_record_of_a_killed_process_heals(home: Path) -> None:
    endpoint = control.start(0)
    os.kill(endpoint.pid, signal.SIGKILL)
    while control.status() is not None:
        time.sleep(0.01)
    assert not (home / "emulator.json").exists()
    assert control.ensure().pid != endpoint.pid


def test_a_record_whose_process_number_is_another_s_heals(home: Path) -> None:
    home.mkdir(parents=True)
    stale = {"url": "http://127.0.0.1:1", "port": 1, "pid": os.getpid(), "started": "2026-01-01T00:00:00+00:00"}
    (home / "emulator.json").write_text(json.dumps(stale))
    assert control.status() is None, "this very process isn't the emulator, whatever the record says"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": 1}'])
def test_a_broken_record_heals(home: Path, text: str) -> None:
    home.mkdir(parents=True)
    (home / "emulator.json").write_text(text)
    assert control.status() is None


def test_a_port_that_is_taken_is_named_with_the_way_out(home: Path) -> None:
    with socket.socket() as listener:
        listener.bind((control.HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(control.EmulatorError) as caught:
            control.start(port)
    assert str(caught.value) == (
        f"port {port} can't be taken: Address already in use. Stop what listens there, choose another port with "
        "`python -m localcloud start --port <port>`, or leave --port out to take any that is free"
    )


def test_it_takes_any_port_where_the_usual_one_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind((control.HOST, 0))
        listener.listen()
        monkeypatch.setattr(control, "DEFAULT_PORT", listener.getsockname()[1])
        assert control.start().port != listener.getsockname()[1]


def test_a_failed_start_says_why_and_where_the_log_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # moto stops at this while it is imported.
    monkeypatch.setitem(control._MOTO_SETTINGS, "INITIAL_NO_AUTH_ACTION_COUNT", "no number")
    with pytest.raises(control.EmulatorError) as caught:
        control.start(0)
    assert "the emulator stopped while starting on port" in str(caught.value)
    assert "could not convert string to float: 'no number'" in str(caught.value)
    assert str(home / "emulator.log") in str(caught.value)


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system has no list of sockets to read")
def test_it_listens_on_loopback_alone(emulator_process: control.Endpoint) -> None:
    listening = [
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{emulator_process.port:04X}")
    ]
    assert listening == [f"0100007F:{emulator_process.port:04X}"], "credentials are the same for all: no one else's"


def test_a_connection_stays_open(emulator_process: control.Endpoint) -> None:
    connection = http.client.HTTPConnection(control.HOST, emulator_process.port)
    connection.request("GET", "/moto-api/localcloud")
    assert connection.getresponse().read()
    before = connection.sock
    connection.request("GET", "/moto-api/localcloud")
    assert connection.getresponse().read()
    assert connection.sock is before


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("ec2", "describe_aws_network_performance_metric_subscriptions"),  # EC2's XML
        ("iam", "list_organizations_features"),  # the query protocol's XML
        ("logs", "list_anomalies"),  # JSON
        ("batch", "list_consumable_resources"),  # REST and JSON
    ],
)
def test_what_is_missing_is_an_error_that_names_the_call(aws: Session, service: str, call: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(aws.client(service), call)()
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplemented"
    assert "the emulator has no answer" in error["Message"]
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0, "trying again would not help"


def test_calls_at_once_do_not_disturb_each_other(aws: Session) -> None:
    logs = aws.client("logs")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: logs.create_log_group(logGroupName=f"/{number}"), range(80)))
    pages = logs.get_paginator("describe_log_groups").paginate()
    assert len([group for page in pages for group in page["logGroups"]]) == 80


def test_policies_of_aws_are_there(aws: Session) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    assert aws.client("iam").get_policy(PolicyArn=arn)["Policy"]["IsAttachable"]


def test_machine_images_of_aws_are_there(aws: Session) -> None:
    assert aws.client("ec2").describe_images(Owners=["amazon"])["Images"]


def test_a_reset_empties_the_account(emulator: str, aws: Session) -> None:
    aws.client("iam").create_user(UserName="a")
    control.ask(emulator, "/moto-api/reset", "POST")
    assert aws.client("iam").list_users()["Users"] == []


def test_the_account_is_the_fixed_one_in_every_region(aws: Session) -> None:
    assert aws.client("sts", "eu-west-1").get_caller_identity()["Account"] == "123456789012"


def test_a_request_that_waits_lets_the_next_one_in() -> None:
    let_in, turns = threading.Event(), []

    def service(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        turns.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/slow":
            with request_lock.released():
                assert let_in.wait(10), "the second request never came in: a function that calls back would hang"
        else:
            let_in.set()
        start_response("200 OK", [])
        return [b"done"]

    application = server.Application(service)

    def ask(path: str) -> list[bytes]:
        return list(application({"PATH_INFO": path, "REQUEST_METHOD": "GET"}, lambda *_: None))

    with concurrent.futures.ThreadPoolExecutor() as pool:
        slow = pool.submit(ask, "/slow")
        while not turns:
            time.sleep(0.001)
        assert ask("/quick") == [b"done"]
        assert slow.result() == [b"done"]
    assert turns == ["/slow", "/quick"]
