"""Runs of the local stack that are killed at random moments, and whether all is well after the next one.

    make kills                                        50 kills, and 20 of releases
    python -m studies.kills                             50 kills
    python -m studies.kills --kills 10 --seed 7         others; the same seed kills at the same points of the runs
    python -m studies.kills --release --kills 20        releases in place of these (`studies/release_kills.py`)

`up`, `destroy` and `refresh` run in processes of their own and are killed with SIGKILL; so is, now and then, the
emulator. The run is begun again (and sometimes killed again) until one gets to its end. Then:

- the account holds each thing once, as after an `up` that nobody disturbed, and nothing that the state doesn't know;
- the state can be read, and its resources come in order;
- another `up` changes nothing;
- after `destroy`, the account is as empty as it was at the start.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from localcloud.emulator import control
from localcloud.engine import Project
from localcloud.engine.account import lives_there
from localcloud.engine.state import check_integrity
from localcloud.provider.session import Session
from studies import inventory
from studies.release_kills import ReleaseKill, kill_releases

ROOT = Path(__file__).resolve().parents[1]
STACK = "local"

#: How often a kill comes at any moment, imports of Python included, and not from the first write of the state on.
EARLY = 0.15
#: How often it is the emulator that is killed.
EMULATOR = 0.12


#: What a destroy leaves in the account on purpose: task definitions, to which a release can be rolled back (the program
#: says `skip_destroy`), and the broker's configuration, which AWS makes by itself. Only new ones are looked at.
LEFT = ("ecs task definitions", "mq configurations")


@dataclass
class Kill:
    """One kill and what came of it."""

    number: int
    operation: str
    moment: str
    problems: list[str] = field(default_factory=list)


class Kills:
    """Kills runs of one stack in one account, and looks at what they leave."""

    def __init__(self, home: Path, moments: random.Random, again: float) -> None:
        """Start the emulator and bring the stack up once undisturbed, to know what is to be there."""
        self._home = home
        self._moments = moments
        self._again = again
        self._stack = Project(ROOT).stack(STACK, home=home)
        self._state = self._stack.state_file.path
        self.kills: list[Kill] = []
        #: What of the kinds in LEFT was there at the last check.
        self._known: set[str] = set()
        self._at_start = self._start()
        #: How long each operation takes from its first write of the state on.
        self._lasts: dict[str, float] = {}
        self._standing = False
        problems: list[str] = []
        self._run_to_its_end("up", problems)
        there = self._account()
        self._there = inventory.names(there)
        self._known.update(thing.id for thing in there if thing.kind in LEFT)
        self._run_to_its_end("refresh", problems)
        if problems:
            raise SystemExit("\n".join(problems))
        self._standing = True
        _say(f"undisturbed, up leaves {self._there.total()} things in the account")

    def _start(self) -> list[inventory.Thing]:
        endpoint = control.start(0)
        self._session = Session(endpoint.url)
        return self._account()

    def _account(self) -> list[inventory.Thing]:
        return inventory.take(self._session)

    def go_on(self) -> None:
        """Do one round: kill one operation, once or more, have it end, and check."""
        operation = self._moments.choice(["up", "destroy", "refresh"]) if self._standing else "up"
        kills: list[Kill] = []
        while True:
            kill = Kill(len(self.kills) + 1, operation, "")
            emulator = self._moments.random() < EMULATOR
            self._kill(operation, kill, emulator)
            if kill.moment:
                kills.append(kill)
                self.kills.append(kill)
            if emulator:
                self._at_start = self._start()
                # What there was is gone, so that only `up` says something of it.
                operation = "up"
            if not kill.moment or self._moments.random() >= self._again:
                break
        problems: list[str] = []
        # A run that was killed in its turn has said it already, and noted the emulator that it found.
        lost = bool(kills) and "emulator" in kills[-1].moment and any(map(lives_there, self._stack.resources()))
        said = self._run_to_its_end(operation, problems)
        if lost and "started anew" not in said:
            problems.append("nothing was said of the emulator that was started anew")
        self._standing = operation != "destroy"
        problems += self._check()
        for kill in kills:
            kill.problems = problems
        _say(f"    {operation} went on to its end: {'; '.join(problems) or 'all well'}")

    def _kill(self, operation: str, kill: Kill, emulator: bool) -> None:
        output = tempfile.TemporaryFile()  # noqa: SIM115 - goes with the process
        before = self._written()
        process = self._begin(output, operation)
        if self._moments.random() < EARLY:
            since, wait = "the start", self._moments.uniform(0, 4)
        else:
            since, wait = "the first write", self._moments.uniform(0, 0.9 * self._lasts.get(operation, 4.0))
            while process.poll() is None and self._written() == before:
                time.sleep(0.001)
        deadline = time.monotonic() + wait
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        if process.poll() is not None and not emulator:
            _say(f"    {operation} ended before its kill")
            return
        whom = "emulator during " if emulator else ""
        if emulator:
            endpoint = control.status()
            assert endpoint is not None
            os.kill(endpoint.pid, signal.SIGKILL)
            process.wait()
        else:
            process.kill()
            process.wait()
        pending = Counter(operation.type for operation in self._stack.state().pending) if self._state.exists() else {}
        under_way = ", ".join(f"{count} {kind}" for kind, count in pending.items())
        kill.moment = f"{whom}{operation}, {wait:.2f} s after {since}" + (f" ({under_way})" if under_way else "")
        _say(f"{kill.number:3} {kill.moment}")

    def _written(self) -> int:
        return self._state.stat().st_mtime_ns if self._state.exists() else 0

    def _run_to_its_end(self, operation: str, problems: list[str]) -> str:
        before, first = self._written(), 0.0
        with tempfile.TemporaryFile("w+") as output:
            process = self._begin(output, operation)
            while process.poll() is None:
                if not first and self._written() != before:
                    first = time.monotonic()
                time.sleep(0.005)
            output.seek(0)
            said = output.read()
        if first and not problems:
            self._lasts[operation] = max(time.monotonic() - first, 1.0)
        if process.returncode:
            problems.append(f"{operation} failed: {_reason(said)}")
        return said

    def _begin(self, output: IO[Any], *command: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, control.HOME_VARIABLE: str(self._home)}
        environment.pop("AWS_ENDPOINT_URL", None)
        return subprocess.Popen(
            [sys.executable, "-m", "localcloud", *command, "--stack", STACK],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    # --- what must hold ----------------------------------------------------------------------------------------------

    def _check(self) -> list[str]:
        """Return what isn't as it must be, and clear it away where a later round would stumble over it."""
        problems: list[str] = []
        there = self._account()
        try:
            state = self._stack.state()
            check_integrity(state.resources)
        except Exception as error:  # whatever keeps it from being read is a finding
            return [f"the state can't be read: {error}"]
        if state.pending:
            problems.append(f"pending still: {[(o.type, o.resource.urn) for o in state.pending]}")
        at_start = inventory.names(self._at_start)
        wanted = Counter(self._there if self._standing else at_start)
        found = inventory.names(there)
        for kept in {*wanted, *found}:
            if kept[0] in LEFT:
                del wanted[kept], found[kept]
        for what, counted in (("missing", wanted - found), ("too much", found - wanted)):
            if counted:
                problems.append(f"{what}: {dict(counted)}")
        known = self._state.read_text() if self._state.exists() else ""
        old = {thing.id for thing in self._at_start}
        strangers = [thing for thing in there if thing.id and thing.id not in old and thing.id not in known]
        strangers = [thing for thing in strangers if thing.kind not in LEFT or thing.id not in self._known]
        self._known.update(thing.id for thing in there if thing.kind in LEFT)
        if strangers:
            problems.append(f"the state doesn't know: {strangers}")
        if self._standing:
            with tempfile.TemporaryFile("w+") as output:
                process = self._begin(output, "up", "--json")
                process.wait()
                output.seek(0)
                said = output.read()
            try:
                changes = json.loads(said[said.index("{\n") :])["changeSummary"]
            except (ValueError, KeyError):
                return [*problems, f"a further up failed: {_reason(said)}"]
            if process.returncode or set(changes) - {"same"}:
                problems.append(f"a further up changed something: {changes}")
        return problems


def _reason(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    told = [line.strip() for line in lines if "rror" in line or "fail" in line]
    return " / ".join(told[:4] or lines[-4:])[:1500]


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


@contextmanager
def _at_home(folder: str | None) -> Iterator[Path]:
    """Give the local cloud a folder of its own, and stop its emulator at the end."""
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(folder or temporary)
        os.environ[control.HOME_VARIABLE] = str(home)
        try:
            yield home
        finally:
            control.stop()


def main() -> int:
    """Kill as often as asked for, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m studies.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how many (default: 50)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="where moments are drawn from")
    parser.add_argument(
        "--again", type=float, default=0.4, help="how often a killed run is killed once more before it may end (0.4)"
    )
    parser.add_argument("--home", help="a folder to use in place of a temporary one")
    parser.add_argument("--release", action="store_true", help="kill releases")
    options = parser.parse_args()
    os.environ.pop("AWS_ENDPOINT_URL", None)
    print(f"seed {options.seed}", flush=True)
    if options.release:
        with _at_home(options.home) as home:
            ended = kill_releases(home, random.Random(options.seed), options.kills, options.again)
        return _told(ended)
    with _at_home(options.home) as home:
        kills = Kills(home, random.Random(options.seed), options.again)
        with suppress(KeyboardInterrupt):
            while len(kills.kills) < options.kills:
                kills.go_on()
    return _table(kills.kills)


def _told(kills: list[ReleaseKill]) -> int:
    bad = [kill for kill in kills if kill.problems]
    print(f"\n{len(kills)} kills of releases, {len(kills) - len(bad)} of them well")
    for kill in bad:
        print(f"{kill.number}: {kill.moment}: {'; '.join(kill.problems)}")
    return 1 if bad else 0


def _table(kills: list[Kill]) -> int:
    well = Counter(kill.operation for kill in kills if not kill.problems)
    print(f"\n{'':24}{'kills':>8}{'well':>8}")
    for operation, count in sorted(Counter(kill.operation for kill in kills).items()):
        print(f"{operation:24}{count:8}{well[operation]:8}")
    during = [kill for kill in kills if kill.moment.startswith("emulator")]
    print(f"{'of the emulator':24}{len(during):8}{sum(not kill.problems for kill in during):8}")
    bad = [kill for kill in kills if kill.problems]
    print(f"{'all':24}{len(kills):8}{len(kills) - len(bad):8}")
    for kill in bad:
        print(f"{kill.number}: {kill.moment}: {'; '.join(kill.problems)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
