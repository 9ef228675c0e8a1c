"""The table of types, calls and who answers: it says what really happens."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider.session import Session
from support.recording import record

pytestmark = pytest.mark.slow

Table = dict[str, dict[tuple[str, str], str]]


def _run(*arguments: str) -> str:
    command = [sys.executable, "-m", "localcloud", "coverage", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def table() -> Table:
    """The table as the command prints it: in its own process, since it changes moto."""
    return {
        row["token"]: {(call["service"], call["operation"]): call["answered_by"] for call in row["calls"]}
        for row in json.loads(_run("--json"))
    }


def _inputs(aws: Session, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs and a change for a type."""
    if token == "aws:ec2/securityGroup:SecurityGroup":
        vpc = aws.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        return {"vpcId": vpc, "tags": {"A": "1"}}, {"tags": {"A": "2"}}
    if token == "aws:backup/vault:Vault":
        return {"name": "main", "tags": {"A": "1"}}, {"tags": {"B": "2"}}
    if token == "aws:secretsmanager/secret:Secret":
        return {"description": "a"}, {"description": "b", "tags": {"A": "1"}}
    if token == "aws:s3/bucket:Bucket":
        return {"tags": {"A": "1"}}, {"tags": {"A": "2"}}
    if token == "aws:kms/key:Key":
        return {"description": "a"}, {"description": "b", "enableKeyRotation": True}
    if token == "aws:cloudwatch/logGroup:LogGroup":
        return {"retentionInDays": 1}, {"retentionInDays": 7, "tags": {"A": "1"}}
    return {"displayName": "a"}, {"displayName": "b", "tags": {"A": "1"}}


@pytest.mark.parametrize(
    "token",
    [
        "aws:backup/vault:Vault",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
        "aws:sns/topic:Topic",
    ],
)
def test_every_call_that_a_type_makes_is_in_its_row(
    crud: Callable[..., Any], aws: Session, monkeypatch: pytest.MonkeyPatch, table: Table, token: str
) -> None:
    inputs, change = _inputs(aws, token)
    recorded = record(monkeypatch)
    crud(token, inputs, change)
    assert len(recorded[token]) > 3, "nothing was recorded: the comparison would say nothing"
    assert recorded[token] <= table[token].keys()


@pytest.mark.parametrize(
    ("token", "call", "answered_by"),
    [
        ("aws:sns/topic:Topic", ("sns", "DeleteTopic"), "moto"),
        ("aws:sns/topic:Topic", ("sns", "CreateTopic"), "addition"),
        ("aws:backup/selection:Selection", ("backup", "CreateBackupSelection"), "addition"),
        ("aws:lambda/invocation:Invocation", ("lambda", "Invoke"), "addition"),
        ("aws:cloudwatch/compositeAlarm:CompositeAlarm", ("cloudwatch", "PutCompositeAlarm"), "addition"),
        ("aws:cloudwatch/dashboard:Dashboard", ("cloudwatch", "PutDashboard"), "moto"),
        ("aws:iam/role:Role", ("iam", "CreateRole"), "moto"),
        ("aws:s3/bucket:Bucket", ("s3", "CreateBucket"), "addition"),
    ],
)
def test_the_table_knows_who_answers(table: Table, token: str, call: tuple[str, str], answered_by: str) -> None:
    assert table[token][call] == answered_by


def test_a_call_that_nobody_answers_is_said_to_be_so(table: Table) -> None:
    """What the emulator doesn't implement fails by name; the table mustn't promise it."""
    assert {call for row in table.values() for call, who in row.items() if who == "nobody"} <= {
        ("acm", "UpdateCertificateOptions"),
        ("ec2", "DisableVgwRoutePropagation"),
        ("ec2", "EnableVgwRoutePropagation"),
    }


def test_the_table_for_people_names_types_and_sums_up() -> None:
    text = _run("aws:sns/topic:Topic")
    assert "aws:sns/topic:Topic" in text
    assert "DeleteTopic" in text
    assert "1 resource types and 0 invokes make 7 different calls: 4 answered by moto, 3 by our additions" in " ".join(
        text.split()
    )
