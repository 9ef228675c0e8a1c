"""Reading a stack's state: with the official CLI, on the local cloud, and not at all."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from operations.errors import OperationError
from operations.state import stack
from tests.stacks.conftest import ROOT

pytestmark = pytest.mark.slow

SEALED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
OUTPUTS: dict[str, Any] = {
    "cluster": "alicerce-prod",
    "equivalence": {
        "release": "v1.0.0",
        "repositories": {"api": "123456789012.dkr.ecr.us-east-1.amazonaws.com/prod/equivalence-api"},
        "services": {"api": "equivalence-api", "worker": "equivalence-worker"},
        "taskDefinitions": {},
        "secrets": {"LLM_API_KEY": SEALED},
        "database": "host:5432",
    },
}


def deployment(outputs: dict[str, Any] = OUTPUTS, *more: dict[str, Any]) -> str:
    root = {
        "urn": "urn:pulumi:prod::alicerce::pulumi:pulumi:Stack::alicerce-prod",
        "custom": False,
        "type": "pulumi:pulumi:Stack",
        "outputs": outputs,
    }
    return json.dumps({"version": 3, "deployment": {"resources": [root, *more]}})


@pytest.fixture
def official(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` that prints what is in a file beside it, and the AWS account isn't the emulated one."""
    (tmp_path / "answer").write_text(deployment())
    script = tmp_path / "pulumi"
    script.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexec cat {tmp_path}/answer\n')
    script.chmod(0o755)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def test_the_official_cli_is_asked_for_the_state(official: Path) -> None:
    found = stack.read("prod", ROOT)
    assert (official / "asked").read_text() == f"stack export --stack prod --cwd {ROOT}\n"
    assert found.cluster == "alicerce-prod"
    assert found.system("equivalence").release == "v1.0.0"
    assert found.preview_command == ("pulumi", "preview", "--stack", "prod")


def test_sealed_values_stay_sealed(official: Path) -> None:
    assert stack.read("prod", ROOT).system("equivalence").secrets == {"LLM_API_KEY": "[secret]"}


def test_a_service_is_found_by_either_name(official: Path) -> None:
    found = stack.read("prod", ROOT)
    assert found.service("equivalence-api")[1] == "api"
    assert found.service("equivalence", "worker")[1] == "worker"
    with pytest.raises(OperationError) as refused:
        found.service("equivalence", "ai")
    assert str(refused.value) == (
        "stack 'prod' has no service 'equivalence-ai'; it has: equivalence-api, equivalence-worker"
    )
    with pytest.raises(OperationError) as refused:
        found.system("aprendeai")
    assert str(refused.value) == "stack 'prod' has no system 'aprendeai'; it has: equivalence"


def test_what_a_migration_and_alarms_left_in_the_state_is_read(official: Path) -> None:
    run = {
        "type": "pulumi-python:dynamic/alicerce:MigrationRun",
        "outputs": {
            "system": "equivalence",
            "digest": "sha256:2",
            "outcome": "disabled",
            "migrated": {"sha256:1": {"task": "arn", "finished": "2026-01-01T00:00:00+00:00"}},
        },
    }
    alarm = {
        "type": "aws:cloudwatch/metricAlarm:MetricAlarm",
        "id": "errors",
        "inputs": {"tags": {"System": "equivalence"}},
    }
    policy = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:11-22:resource/ecs/service/a/b:policyName/first"
    starts = {**alarm, "id": "first", "inputs": {"alarmActions": [policy]}}
    (official / "answer").write_text(deployment(OUTPUTS, run, {**run, "delete": True, "outputs": {}}, alarm, starts))
    found = stack.read("prod", ROOT)
    migrations = found.system("equivalence").migrations
    assert migrations is not None
    assert (migrations.digest, migrations.outcome) == ("sha256:2", "disabled")
    assert migrations.finished == {"sha256:1": "2026-01-01T00:00:00+00:00"}
    assert found.alarms == (stack.Alarm(name="errors", system="equivalence"),)


def test_a_stack_that_was_never_up_is_told(official: Path) -> None:
    (official / "answer").write_text(json.dumps({"version": 3, "deployment": {}}))
    with pytest.raises(OperationError) as refused:
        stack.read("prod", ROOT)
    assert str(refused.value) == "stack 'prod' isn't up: its state has no output `cluster`. Run up first"


def test_what_the_official_cli_refuses_is_handed_on(official: Path) -> None:
    (official / "pulumi").write_text("#!/bin/sh\necho \"error: no stack named 'prod' found\" >&2\nexit 255\n")
    with pytest.raises(OperationError) as refused:
        stack.read("prod", ROOT)
    assert str(refused.value) == (
        "the state of stack 'prod' can't be read: pulumi stack export says: error: no stack named 'prod' found"
    )


def test_without_the_cli_the_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(OperationError) as refused:
        stack.read("prod", ROOT)
    assert str(refused.value) == (
        "the state of stack 'prod' can't be read: there is no `pulumi` on the PATH. Install it, or look at the local "
        "cloud: python -m localcloud exec -- python -m operations …"
    )


def test_a_stack_that_the_local_cloud_hasnt_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("LOCALCLOUD_HOME", str(tmp_path))
    with pytest.raises(OperationError) as refused:
        stack.read("prod", ROOT)
    assert str(refused.value) == (
        f"there is no stack 'prod' in {tmp_path}. Bring it up first: python -m localcloud up --stack prod"
    )


def test_a_folder_without_a_project_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    with pytest.raises(OperationError) as refused:
        stack.read("prod", tmp_path)
    assert str(refused.value) == (
        f"{tmp_path} has no Pulumi.yaml. Run this from the project's folder, or name it with --cwd"
    )


@pytest.mark.pulumi_cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no pulumi on the PATH")
def test_the_real_cli_exports_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("PULUMI_BACKEND_URL", tmp_path.as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "1")
    (tmp_path / "Pulumi.yaml").write_text('{"name": "alicerce", "runtime": "python"}')
    outputs = {**OUTPUTS, "equivalence": {**OUTPUTS["equivalence"], "secrets": {}}}
    for command, given in (
        (["stack", "init", "prod"], None),
        (["stack", "import", "--stack", "prod"], deployment(outputs)),
    ):
        subprocess.run(["pulumi", *command, "--cwd", str(tmp_path)], input=given, text=True, check=True, timeout=60)
    found = stack.read("prod", tmp_path)
    assert found.cluster == "alicerce-prod"
    assert found.system("equivalence").services == OUTPUTS["equivalence"]["services"]
    with pytest.raises(OperationError, match="no stack named 'other' found"):
        stack.read("other", tmp_path)


@pytest.mark.pulumi_cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no pulumi on the PATH")
def test_what_the_real_cli_deployed_to_the_local_cloud_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("LOCALCLOUD_HOME", str(tmp_path / "home"))
    (tmp_path / "Pulumi.yaml").write_text('{"name": "alicerce", "runtime": "python"}')
    backend = tmp_path / "home" / "pulumi"
    backend.mkdir(parents=True)
    # As `localcloud exec` sets them.
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend.as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "localcloud")
    outputs = {**OUTPUTS, "equivalence": {**OUTPUTS["equivalence"], "secrets": {}}}
    for command, given in (
        (["stack", "init", "prod"], None),
        (["stack", "import", "--stack", "prod"], deployment(outputs)),
    ):
        subprocess.run(
            ["pulumi", *command, "--cwd", str(tmp_path)],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"},
            input=given,
            text=True,
            check=True,
            timeout=60,
        )
    found = stack.read("prod", tmp_path)
    assert found.cluster == "alicerce-prod"
    assert found.preview_command[1:] == (
        *("-m", "localcloud", "exec", "--stack", "prod", "--", "pulumi", "preview", "--stack", "prod"),
    )
