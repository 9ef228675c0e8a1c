"""A release's life under the official engine: its exit codes, what it prints, and what stands in the account after."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stacks.conftest import ROOT, Account, started

pytestmark = [
    pytest.mark.pulumi_cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="there is no pulumi on the PATH"),
]

CLUSTER = "alicerce-t"
#: Runs the project's own program with an equivalence that tells the emulator how its tasks end.
PROGRAM = """
import json, os, runpy
from dataclasses import replace
import stacks.systems
from stacks.systems.equivalence import EQUIVALENCE as system

for service, told in json.loads(os.environ.get("TOLD", "{}")).items():
    if service == "migration":
        system = replace(system, migration=replace(system.migration, environment=told))
    else:
        changed = replace(system.services[service], environment=told)
        system = replace(system, services={**system.services, service: changed})
stacks.systems.SYSTEMS = (system,)
runpy.run_path("program.py", run_name="__main__")
"""
STACK = {
    "aws:region": "us-east-1",
    "alicerce:profile": "local",
    "equivalence:zone": "equivalence.test",
    "equivalence:API_URL": "https://api.equivalence.test",
    "equivalence:release": "v1.0.0",
}


class Cli:
    """A copy of the project with one stack, and the official CLI on the local cloud."""

    def __init__(self, folder: Path, account: Account) -> None:
        self.account = account
        self.folder = folder
        left_out = shutil.ignore_patterns(".*", "tests", "docs", "build", "Pulumi.*.yaml")
        shutil.copytree(ROOT, folder, ignore=left_out)
        (folder / "__main__.py").rename(folder / "program.py")
        (folder / "__main__.py").write_text(PROGRAM)
        project = (folder / "Pulumi.yaml").read_text().replace("virtualenv: .venv", f"virtualenv: {sys.prefix}")
        (folder / "Pulumi.yaml").write_text(project)
        (folder / "Pulumi.t.yaml").write_text(json.dumps({"config": STACK}))
        self.run("stack", "init", "t")
        for key in ("EMBED_API_KEY", "LLM_API_KEY"):
            self.run("config", "set", "--secret", f"equivalence:{key}", "planted")

    def run(self, *command: str, told: dict[str, Any] | None = None) -> tuple[int, str]:
        """Run the CLI; return its exit code and what it printed."""
        stack = [] if command[:2] == ("stack", "init") else ["-s", "t"]
        done = subprocess.run(
            [sys.executable, "-m", "localcloud", "exec", "--", "pulumi", *command, *stack, "--non-interactive"],
            cwd=self.folder,
            env={**os.environ, "TOLD": json.dumps(told or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def must(self, *command: str) -> str:
        """Run the CLI, which has to end well; return what it printed."""
        code, said = self.run(*command)
        assert code == 0, said
        return said

    def up(self, told: dict[str, Any] | None = None, **changed: str) -> tuple[int, str]:
        """Set keys of equivalence's, then run `pulumi up`."""
        for key, value in changed.items():
            self.must("config", "set", "--path", f"equivalence:{key.replace('__', '.')}", value)
        return self.run("up", "--yes", "--skip-preview", told=told)

    def serving(self, service: str = "api") -> str:
        """Return the image that a service's deployment runs."""
        ecs = self.account.client("ecs")
        found = ecs.describe_services(cluster=CLUSTER, services=[f"equivalence-{service}"])["services"][0]
        definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
        return str(definition["containerDefinitions"][0]["image"])

    def migrations(self) -> int:
        """Return how many migrations were run."""
        ecs = self.account.client("ecs")
        return len(
            ecs.list_tasks(cluster=CLUSTER, family="t-equivalence-migration", desiredStatus="STOPPED")["taskArns"]
        )

    def output(self) -> dict[str, Any]:
        """Return what the stack exports of equivalence."""
        return dict(json.loads(self.must("stack", "output", "equivalence", "--json")))


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Bring one system up by the official CLI, in an account of its own."""
    for name in ("PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    with started(tmp_path / "home") as account:
        cli = Cli(tmp_path / "project", account)
        code, said = cli.up()
        assert code == 0, said
        yield cli


def test_a_release_tells_the_truth_under_the_official_engine(cli: Cli) -> None:
    first = cli.serving()

    # A failing migration.
    broken = {"LOCALCLOUD_EXIT_CODE": "3", "LOCALCLOUD_LOG": "Running upgrade 1 -> 2\ncolumn grade does not exist"}
    code, said = cli.up({"migration": broken}, release="v1.1.0")
    assert code != 0
    assert "failed: exit code 3" in said
    assert "column grade does not exist" in said
    assert cli.serving() == first, "no service of the system changed"
    code, said = cli.up()
    assert code == 0, said
    second = cli.serving()
    assert second != first

    # A deployment that ECS rolls back.
    crash = {"api": {"LOCALCLOUD_EXIT_CODE": "1", "LOCALCLOUD_LOG": "ModuleNotFoundError: app.main"}}
    for _ in range(2):
        code, said = cli.up(crash, release="v2.0.0")
        assert code != 0, "the next up tries again, and is as honest"
        assert "equivalence-api doesn't run t-equivalence-api:" in said
        assert "ModuleNotFoundError: app.main" in said
        assert cli.serving() == second, "the old release still serves"
        assert cli.output()["digests"]["api"] == second.partition("@")[2], "and the state says so"
    code, said = cli.up()
    assert code == 0, said
    assert cli.serving() not in (first, second)

    # A secret rotated, then back to the first release.
    code, said = cli.up(rotation__POSTGRES_PASSWORD="2")
    assert code == 0, said
    ran = cli.migrations()
    code, said = cli.up(release="v1.0.0")
    assert code == 0, said
    assert "nothing to run" in said
    assert (cli.serving(), cli.migrations()) == (first, ran)
    manager, ecs = cli.account.client("secretsmanager"), cli.account.client("ecs")
    for arn in ecs.list_task_definitions(familyPrefix="t-equivalence-api")["taskDefinitionArns"]:
        for container in ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]:
            for secret in container["secrets"]:
                name, _, _, version = secret["valueFrom"].rsplit(":", 3)
                manager.get_secret_value(SecretId=name, VersionId=version)

    # Nothing is left to do, whatever is asked.
    for command in (("preview",), ("refresh", "--yes", "--skip-preview")):
        code, said = cli.run(*command, "--expect-no-changes")
        assert code == 0, said
    code, said = cli.run("destroy", "--yes", "--skip-preview")
    assert code == 0, said
    assert cli.account.client("ecs").list_clusters()["clusterArns"] == []
