"""The table of `docs/security.md` is whole: what isn't built has no control yet, and each test is named."""

import re
from pathlib import Path

import pytest

from tests.stacks.conftest import ROOT, Standing


@pytest.mark.parametrize(
    ("service", "call", "key", "controls"),
    [
        ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScaling.2, .3, .4, .9"),
        ("ec2", "describe_launch_templates", "LaunchTemplates", "EC2.25, .170, .181"),
        ("ec2", "describe_instances", "Reservations", "EC2.8, .9"),
        ("backup", "list_backup_plans", "BackupPlansList", "Backup.1, RDS.26"),
        ("sqs", "list_queues", "QueueUrls", "SQS"),
    ],
)
def test_nothing_stands_whose_controls_are_listed_as_not_built(
    standing: Standing, service: str, call: str, key: str, controls: str
) -> None:
    assert not getattr(standing.client(service), call)().get(key), (
        f"it is there now: test its controls ({controls}), and move them up in docs/security.md"
    )


def _tests(file: Path) -> list[str]:
    return re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)


def test_every_test_that_the_table_names_exists() -> None:
    table = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", table))
    files = [*Path(ROOT / "tests").rglob("test_*.py")]
    assert named, "the table says by which test each control is shown"
    assert not named - {name for file in files for name in _tests(file)}
    own = {name for file in files for name in _tests(file) if file.parent == Path(__file__).parent}
    assert not own - named - {"test_every_test_that_the_table_names_exists"}, "a test that the table doesn't name"
