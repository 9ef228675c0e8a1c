"""A program that uses Pulumi's Automation API drives the local cloud, once `localcloud exec` has started it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from localcloud import cli
from localcloud.engine.state import ENGINE_VERSION
from localcloud.provider.session import Session

pytestmark = [
    pytest.mark.pulumi_cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no pulumi on the PATH"),
]

#: Prints a line of JSON for each thing that it does.
DEPLOY = """
    import json
    import boto3
    import pulumi
    import pulumi_aws as aws
    import pulumi_random as random
    from pulumi import automation as auto

    def say(what, value):
        print(json.dumps({what: value}), flush=True)

    def program():
        group = aws.cloudwatch.LogGroup("logs", retention_in_days=pulumi.Config().require_int("days"))
        token = random.RandomPassword("token", length=20)
        parameter = aws.ssm.Parameter("token", type="SecureString", value=token.result)
        pulumi.export("group", group.name)
        pulumi.export("parameter", parameter.name)
        pulumi.export("token", token.result)

    stack = auto.create_or_select_stack("t", project_name="small", program=program)
    stack.set_config("aws:region", auto.ConfigValue("us-east-1"))
    stack.set_config("days", auto.ConfigValue("7"))
    say("preview", stack.preview().change_summary)
    up = stack.up()
    say("up", up.summary.resource_changes)
    say("outputs", {name: [one.value, one.secret] for name, one in up.outputs.items()})
    say("again", stack.preview().change_summary)

    boto3.client("logs").delete_log_group(logGroupName=up.outputs["group"].value)
    say("refresh", stack.refresh().summary.resource_changes)
    stack.set_config("days", auto.ConfigValue("14"))
    say("mended", stack.up().summary.resource_changes)
    stack.destroy()
    stack.workspace.remove_stack("t")
"""


@pytest.fixture(autouse=True)
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CLI that tells its version, which the Automation API asks for; one built from the source alone has none."""
    if subprocess.run(["pulumi", "version"], capture_output=True, check=True).stdout.strip():
        return
    told = tmp_path / "told"
    told.mkdir()
    script = told / "pulumi"
    script.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && exec echo {ENGINE_VERSION}\nexec {shutil.which("pulumi")} "$@"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{told}{os.pathsep}{os.environ['PATH']}")


def test_a_stack_lives_and_dies_by_the_automation_api(
    aws: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "Pulumi.yaml").write_text('{"name": "small", "runtime": "python"}')
    (tmp_path / "deploy.py").write_text(dedent(DEPLOY))
    code = cli.main(["--cwd", str(tmp_path), "exec", "--", sys.executable, str(tmp_path / "deploy.py")])
    done = capfd.readouterr()
    assert code == 0, done.err
    said: dict[str, Any] = {}
    for line in done.out.splitlines():
        said.update(json.loads(line))

    assert said["preview"] == {"create": 4}
    assert said["up"] == {"create": 4}
    token, secret = said["outputs"]["token"]
    assert (len(token), secret) == (20, True), "a secret is opened for the program, and said to be one"
    assert said["again"] == {"same": 4}
    assert said["refresh"] == {"delete": 1, "same": 3}, "what was deleted behind its back is found"
    assert said["mended"] == {"create": 1, "same": 3}
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert aws.client("ssm").describe_parameters()["Parameters"] == [], "destroy leaves nothing"
