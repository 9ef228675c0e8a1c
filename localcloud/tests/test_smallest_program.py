"""A folder that holds nothing but a `Pulumi.yaml` and a ten-line program is enough."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """\
import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("files", tags={"Purpose": "files of the shop"})
aws.s3.BucketVersioning("files", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
pulumi.export("bucket", bucket.bucket)
"""

Run = Callable[..., str]


@pytest.fixture
def localcloud(tmp_path: Path) -> Iterator[Run]:
    """Run `python -m localcloud` in the folder; return what it printed."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    elsewhere = ("AWS_ENDPOINT_URL", "LOCALCLOUD_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "localcloud", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    try:
        yield run
    finally:
        run("stop")


def test_a_ten_line_program_comes_up_and_goes_away(localcloud: Run) -> None:
    assert "3 to create" in localcloud("preview")
    assert "3 created" in localcloud("up")
    assert localcloud("output", "bucket").startswith("files-")
    assert "3 unchanged" in localcloud("preview")
    assert "3 deleted" in localcloud("destroy")
