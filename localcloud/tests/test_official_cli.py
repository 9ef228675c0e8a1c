"""The official engine drives the local providers over gRPC."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from localcloud.emulator import control
from localcloud.provider.serve import serving
from localcloud.provider.session import Session

pytestmark = [
    pytest.mark.pulumi_cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no pulumi on the PATH"),
]

PROGRAM = """
    import os
    import pulumi
    import pulumi_aws as aws
    import pulumi_random as random

    config = pulumi.Config()
    who = aws.get_caller_identity()
    vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16", tags={"Name": config.get("name") or "one"})
    group = aws.cloudwatch.LogGroup("logs", retention_in_days=config.get_int("days") or 7)
    password = random.RandomPassword("password", length=20, keepers={"rotation": config.get("rotation") or "1"})
    secret = aws.secretsmanager.Secret("secret", recovery_window_in_days=0)
    aws.secretsmanager.SecretVersion("value", secret_id=secret.arn, secret_string=password.result)
    away = aws.Provider("away", region="eu-west-1", endpoints=[{"ec2": os.environ["AWS_ENDPOINT_URL"]}])
    aws.cloudwatch.LogGroup("far", opts=pulumi.ResourceOptions(provider=away))
    pulumi.export("account", who.account_id)
    pulumi.export("vpc", vpc.id)
    pulumi.export("group", group.name)
    pulumi.export("password", password.result)
"""

Pulumi = Callable[..., Any]


@pytest.fixture
def pulumi(tmp_path: Path, emulator: str) -> Iterator[Pulumi]:
    """Run the CLI in a project of its own: `pulumi("up", "--yes")`; its output is returned, as JSON where asked for."""
    state = tmp_path / "state"
    state.mkdir()
    project = tmp_path / "project"
    project.mkdir()
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (project / "Pulumi.yaml").write_text(json.dumps({"name": "small", "runtime": runtime}))
    (project / "__main__.py").write_text(dedent(PROGRAM))
    with serving(("aws", "random")) as ports:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": emulator,
            "PULUMI_BACKEND_URL": state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in ports.items()),
            # Else it tries to download the plugins that are served here already.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
        }

        def run(*command: str, fails: bool = False) -> Any:  # noqa: ANN401 - text or JSON
            done = subprocess.run(
                ["pulumi", *command, "--non-interactive"],
                cwd=project,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.returncode != 0) == fails, done.stdout + done.stderr
            return json.loads(done.stdout) if "--json" in command else done.stdout + done.stderr

        run("stack", "init", "t")
        run("config", "set", "aws:region", "us-east-1")
        yield run


def _changes(preview: Any) -> dict[str, int]:  # noqa: ANN401 - parsed JSON
    return {operation: count for operation, count in preview["changeSummary"].items() if operation != "same"}


def test_a_small_program_lives_under_the_official_engine(
    pulumi: Pulumi, aws: Session, emulator_process: control.Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_process.url)
    assert _changes(pulumi("preview", "--json")) == {"create": 8}
    pulumi("up", "--yes", "--skip-preview")

    outputs = pulumi("stack", "output", "--json", "--show-secrets")
    assert outputs["account"] == "123456789012"
    assert aws.client("ec2").describe_vpcs(VpcIds=[outputs["vpc"]])["Vpcs"][0]["CidrBlock"] == "10.0.0.0/16"
    assert len(outputs["password"]) == 20
    assert pulumi("stack", "output", "--json")["password"] == "[secret]", "a secret stays one"
    far = aws.client("logs", "eu-west-1").describe_log_groups()["logGroups"]
    assert [group["logGroupName"].rpartition("-")[0] for group in far] == ["far"], (
        "an explicit provider has its own region, though all of them come to one port"
    )

    assert _changes(pulumi("preview", "--json")) == {}, "the same program again changes nothing"
    assert _changes(pulumi("preview", "--json", "--refresh")) == {}, "a refresh finds nothing"

    aws.client("logs").delete_log_group(logGroupName=outputs["group"])
    pulumi("config", "set", "name", "two")
    pulumi("config", "set", "rotation", "2")
    preview = pulumi("preview", "--json", "--refresh")
    assert _changes(preview) == {"create": 1, "update": 1, "replace": 2}
    pulumi("up", "--yes", "--skip-preview", "--refresh")
    assert _changes(pulumi("preview", "--json")) == {}
    tags = aws.client("ec2").describe_vpcs(VpcIds=[outputs["vpc"]])["Vpcs"][0]["Tags"]
    assert {"Key": "Name", "Value": "two"} in tags

    pulumi("destroy", "--yes", "--skip-preview")
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert aws.client("secretsmanager").list_secrets()["SecretList"] == []


def test_an_error_is_one_message_without_a_stack(pulumi: Pulumi, aws: Session) -> None:
    pulumi("config", "set", "days", "8")
    said = pulumi("up", "--yes", "--skip-preview", fails=True)
    assert "8 is none of 0, 1, 3" in said
    pulumi("config", "rm", "days")
    pulumi("up", "--yes", "--skip-preview")
    vpc = pulumi("stack", "output", "vpc").strip()
    aws.client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")
    said = pulumi("destroy", "--yes", "--skip-preview", fails=True)
    assert "DeleteVpc: DependencyViolation" in said
    assert "Traceback" not in said
    assert ".py" not in said
