"""`shell` on a stack that is up."""

from pathlib import Path

import pytest

from tests.operations.place import CLUSTER, Place


def test_shell_goes_through_the_cli_and_its_plugin(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ecs = place.client("ecs")
    ecs.update_service(cluster=CLUSTER, service="aprendeai-ai", enableExecuteCommand=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        (tmp_path / "aws").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nexit 7\n')
        (tmp_path / "aws").chmod(0o755)
        assert place("shell", "aprendeai-ai").err == (
            "error: there is no 'session-manager-plugin' on the PATH, which ECS Exec needs: "
            "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-run.html\n"
        )
        (tmp_path / "session-manager-plugin").symlink_to("aws")
        assert place("shell", "aprendeai-ai").code == 7
        asked = (tmp_path / "asked").read_text()
        assert asked.startswith("ecs execute-command --region us-east-1 --cluster alicerce-local --task arn:")
        assert asked.endswith("--container ai --interactive --command /bin/sh\n")
    finally:
        ecs.update_service(cluster=CLUSTER, service="aprendeai-ai", enableExecuteCommand=False)
