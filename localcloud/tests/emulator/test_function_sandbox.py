"""What a function of the emulated account gets of the machine that it runs on."""

import ctypes
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pytest
from botocore.exceptions import ClientError

from localcloud.emulator import control
from localcloud.emulator.patches.awslambda import process
from localcloud.provider.archives import zip_of
from localcloud.provider.session import Session

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
#: Tries what it is told, each as an expression; tells what came of it.
CODE = """
import glob, os, pathlib, signal, subprocess, sys, tempfile
def handler(event, context):
    told = {}
    for name, expression in event.items():
        try:
            told[name] = str(eval(expression))
        except Exception as error:
            told[name] = type(error).__name__
    return told
"""


def _landlock() -> bool:
    return sys.platform == "linux" and int(ctypes.CDLL(None).syscall(444, None, 0, 1)) >= 1


@pytest.fixture
def tries(aws: Session) -> Any:  # noqa: ANN401 - a call
    role = aws.client("iam").create_role(RoleName="f", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]

    def run(event: dict[str, str], files: dict[str, str] | None = None, **more: Any) -> dict[str, str]:  # noqa: ANN401
        parts = {"main.py": CODE, **(files or {})}
        archive = zip_of(pulumi.AssetArchive({name: pulumi.StringAsset(text) for name, text in parts.items()}))
        given = {"Handler": "main.handler", "Runtime": "python3.12", "Role": role, "Timeout": 60, **more}
        aws.client("lambda").create_function(FunctionName="f", Code={"ZipFile": archive}, **given)
        answer = aws.client("lambda").invoke(FunctionName="f", Payload=json.dumps(event))
        told: dict[str, str] = json.loads(answer["Payload"].read())
        return told

    return run


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of the developer's that every user of the machine may read and write."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o777)
        (Path(folder) / "notes.txt").write_text("the developer's notes")
        (Path(folder) / "notes.txt").chmod(0o666)
        yield Path(folder)


@pytest.mark.skipif(not _landlock(), reason="the kernel has no Landlock")
def test_a_function_reads_writes_and_reaches_nothing_of_the_developers(
    tries: Any,  # noqa: ANN401 - a call
    emulator_process: control.Endpoint,
    open_folder: Path,
) -> None:
    notes, record = open_folder / "notes.txt", control.home() / "emulator.json"
    pid = emulator_process.pid
    told = tries(
        {
            "read": f"open({str(notes)!r}).read()",
            "write": f"open({str(notes)!r}, 'w').write('x')",
            "make": f"open({str(open_folder / 'new')!r}, 'w')",
            "list": f"os.listdir({str(open_folder)!r})",
            "link": f"os.symlink({str(notes)!r}, 'a') or open('a').read()",
            "command": f"subprocess.run(['cat', {str(notes)!r}], capture_output=True, text=True).stdout",
            "this file": f"open({str(Path(__file__))!r}).read()",
            "the key": f"open({str(record)!r}).read()",
            "the emulator's environment": f"open('/proc/{pid}/environ').read()",
            "the emulator's folder": f"os.listdir('/proc/{pid}/cwd')",
            "the emulator": f"os.kill({pid}, signal.SIGTERM)",
            "shadow": "open('/etc/shadow').read()",
            "home": "os.listdir(os.path.expanduser('~root'))",
        }
    )
    assert told.pop("command") == ""
    assert set(told.values()) <= {"PermissionError"}, told
    assert notes.read_text() == "the developer's notes"


@pytest.mark.skipif(sys.platform != "linux", reason="the system shows no privileges")
def test_a_function_has_its_own_folder_home_and_environment(
    tries: Any,  # noqa: ANN401 - a call
) -> None:
    told = tries(
        {
            "cwd": "os.getcwd() == os.environ['LAMBDA_TASK_ROOT']",
            "home": "os.path.expanduser('~') == os.environ['TMPDIR'] == tempfile.gettempdir()",
            "writes": "pathlib.Path(tempfile.mkdtemp(), 'x').write_text('abc')",
            "names": "sorted(os.environ)",
            "key": "os.environ['AWS_ACCESS_KEY_ID']",
            "user": "os.getuid()",
            "privileges": "open('/proc/self/status').read().partition('CapEff:')[2].split()[0]",
        }
    )
    assert (told["cwd"], told["home"], told["writes"]) == ("True", "True", "3")
    ours = {"HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "TMPDIR", "TZ", "_HANDLER", "LC_CTYPE"}
    names = set(json.loads(told["names"].replace("'", '"')))
    assert {name for name in names if not name.startswith(("AWS_", "LAMBDA_"))} <= ours
    assert told["privileges"] == "0000000000000000"
    if os.geteuid() == 0 and process._user() is not None:
        assert int(told["user"]) not in (0, 65534), "neither root nor who the stores' servers run as"


def test_a_functions_key_is_its_own_and_ends_with_the_invocation(
    tries: Any,  # noqa: ANN401 - a call
    emulator_process: control.Endpoint,
    aws: Session,
) -> None:
    key = tries({"key": "os.environ['AWS_ACCESS_KEY_ID']"})["key"]
    assert key != emulator_process.access_key
    sts = boto3.client(
        "sts",
        endpoint_url=emulator_process.url,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key="x",
    )
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        sts.get_caller_identity()


def test_nothing_of_a_functions_runs_before_it_is_confined(
    tries: Any,  # noqa: ANN401 - a call
    open_folder: Path,
) -> None:
    """Python loads `sitecustomize` from its path at its very start, and a loader what a variable names."""
    planted = f"open({str(open_folder / 'planted')!r}, 'w')"
    told = tries(
        {"x": "1"},
        {"sitecustomize.py": planted, "usercustomize.py": planted},
        Environment={"Variables": {"PYTHONPATH": ".", "PYTHONSTARTUP": "sitecustomize.py", "LD_PRELOAD": "./x.so"}},
    )
    assert told == {"x": "1"}
    assert not (open_folder / "planted").exists()
