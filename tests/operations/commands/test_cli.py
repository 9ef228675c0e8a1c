"""The command line: what no command can do is said in one line, and no value of a secret is read."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from operations.account.account import Account
from tests.operations.place import Place, outputs_of
from tests.stacks.conftest import ROOT


def test_a_stack_of_another_account_is_told(place: Place) -> None:
    ran = place("status", "--region", "eu-west-1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: there is no cluster 'alicerce-local' in eu-west-1: this isn't the account or the region that stack "
        "'local' is in\n"
    )


def test_without_a_region_nothing_is_asked(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert place("status").err == "error: no region is set: give --region, or set AWS_REGION\n"


def test_the_region_is_taken_from_either_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_REGION", raising=False)
    assert Account.open().region == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    assert Account.open().region == "us-east-2"
    assert Account.open("sa-east-1").region == "sa-east-1"


def test_an_account_that_doesnt_answer_is_one_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ran = place("status")
    assert ran.code == 1
    assert ran.err == 'error: AWS can\'t be asked: Could not connect to the endpoint URL: "http://127.0.0.1:9/"\n'


def test_what_aws_refuses_is_one_line(place: Place) -> None:
    logs_client = place.client("logs")
    logs_client.delete_log_group(logGroupName="/local/aprendeai/ai")
    try:
        assert place("logs", "aprendeai-ai").err == (
            "error: AWS refused FilterLogEvents: ResourceNotFoundException: The specified log group does not exist.\n"
        )
    finally:
        logs_client.create_log_group(logGroupName="/local/aprendeai/ai")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "aprendeai-api"],
            "say what to run: python -m operations run aprendeai-api -- npx prisma migrate status",
        ),
        (["run", "--env", "NAME", "aprendeai-api", "--", "true"], "--env 'NAME': give NAME=VALUE"),
        (
            ["run", "aprendeai", "web", "--", "true"],
            "stack 'local' has no service 'aprendeai-web'; it has: aprendeai-ai, aprendeai-api, aprendeai-frontend, "
            "aprendeai-worker, equivalence-api, equivalence-worker",
        ),
        (
            ["logs", "aprendeai-api", "--since", "yesterday"],
            "--since 'yesterday': give a number with s, m, h or d behind it, such as 10m",
        ),
        (
            ["shell", "aprendeai-api"],
            "aprendeai-api takes no shell: ECS Exec is off in stack 'local', since it needs a root file system that "
            "can be written to. Run a command beside it: python -m operations run aprendeai-api --stack local -- "
            "<command>; or turn it on: execute_command=True in the stack's profile (stacks/), and up",
        ),
    ],
)
def test_what_cant_be_done_is_said(place: Place, arguments: list[str], message: str) -> None:
    ran = place(*arguments)
    assert (ran.code, ran.out, ran.err) == (1, "", f"error: {message}\n")


def test_a_service_that_isnt_there_is_told(place: Place) -> None:
    def edit(resources: list[dict[str, Any]]) -> None:
        outputs_of(resources)["equivalence"]["services"]["ghost"] = "equivalence-ghost"

    with place.another("edited", edit):
        ran = place("logs", "--stack", "edited", "equivalence-ghost")
    assert ran.err == "error: the service equivalence-ghost isn't there; run up for stack 'edited' again\n"


@pytest.mark.slow
def test_what_requirements_txt_names_is_enough_to_start() -> None:
    """`pip install -r requirements.txt` alone has neither the local cloud nor what the tests need."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import operations.cli, sys; print(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    made_by = packages_distributions()
    used = {re.sub(r"[._]", "-", name.lower()) for module in loaded for name in made_by.get(module, ())}
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert {"boto3", "rich"} <= used
    optional = {"certifi", "setuptools"}  # which others use where they are installed
    assert used <= {*locked, *optional}


def test_all_of_it_runs_through_the_local_cloud(place: Place) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "localcloud", "exec", "--", "python", "-m", "operations", "status"],
        cwd=place.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("✓ stack local is as it should be\n")


def test_no_value_of_a_secret_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    client = Account.client

    def watched(self: Account, name: str, *more: str) -> Any:  # noqa: ANN401 - a boto3 client
        made = client(self, name, *more)
        made.meta.events.register("before-call.*.*", lambda model, **_: asked.append(model.name))
        return made

    monkeypatch.setattr(Account, "client", watched)
    for command in (["status"], ["releases"], ["checklist"], ["rollback", "equivalence"]):
        place(*command)
    assert "ListSecretVersionIds" in asked
    assert not {"GetSecretValue", "BatchGetSecretValue"} & set(asked), "versions are looked up, values are nobody's"
