"""Releases that are killed half way, and whether each was migrated once, deployed once, and came to its end.

    python -m studies.kills --release --kills 20        20 kills, each of a release of its own, one after the other

A release is a new image under a new tag. `up` runs in a process of its own and is killed with SIGKILL at a random
moment, or soon after something was begun in the account (the migration, a deployment, the moving of traffic). It is run
again (and sometimes killed again) until one gets to its end. Then, of this release:

- one task definition revision was registered for each service and for the migration;
- one migration task ran, and ended well; one deployment of each service was made, and succeeded;
- each service runs the new image, its requests go where its tasks are, and the outputs say so;
- another `up` changes nothing.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from localcloud.emulator import control, images
from localcloud.engine import Project
from localcloud.engine.stack import Stack
from localcloud.provider.session import Session

ROOT = Path(__file__).resolve().parents[1]
STACK, SYSTEM, CLUSTER = "local", "equivalence", "alicerce-local"
#: What a project of its own takes over as it is.
_LINKED = ("__main__.py", "stacks", "components", "functions", "operations")
#: The services of the system, and what its revisions are called besides.
SERVICES = ("api", "worker")
#: The traffic of the API is moved, and takes its time, so that there is a middle to be killed in.
_CONFIG = "  equivalence:services: {api: {deployment: canary, bakeMinutes: 60, canaryPercent: 10}}\n"

#: How often a kill follows something that was begun in the account, rather than the clock.
_BY_EVENT = 0.6


@dataclass
class ReleaseKill:
    """One kill and what came of it."""

    number: int
    moment: str
    problems: list[str] = field(default_factory=list)


class Releases:
    """A stack of its own, to which one release after the other comes."""

    def __init__(self, home: Path, root: Path) -> None:
        """Start an emulator and bring the stack up."""
        for name in _LINKED:
            if (ROOT / name).exists():
                (root / name).symlink_to(ROOT / name)
        for file in ROOT.glob("Pulumi*.yaml"):
            shutil.copy(file, root)
        self._home, self._root = home, root
        self._file = root / f"Pulumi.{STACK}.yaml"
        self._file.write_text(self._file.read_text() + _CONFIG)
        self.aws = Session(control.start(0).url)
        self._number = 0
        self._stack: Stack = Project(root).stack(STACK, home=home)
        self._state = self._stack.state_file.path
        self.run()

    # --- a release ---------------------------------------------------------------------------------------------------

    def push(self) -> str:
        """Push a new image under a new tag, name it in config, and return its digest."""
        self._number += 1
        tag, repository = f"k{self._number}", f"{STACK}/{SYSTEM}-api"
        pushed = self.aws.client("ecr").put_image(
            repositoryName=repository, imageManifest=images.manifest(repository, tag), imageTag=tag
        )
        lines = self._file.read_text().splitlines(keepends=True)
        named = [f"  {SYSTEM}:release: {tag}\n" if f"{SYSTEM}:release:" in line else line for line in lines]
        self._file.write_text("".join(named))
        return str(pushed["image"]["imageId"]["imageDigest"])

    def run(self) -> float:
        """Run `up` to its end; return how long it took from its first write of the state on."""
        before, first = self._written(), 0.0
        with tempfile.TemporaryFile("w+") as output:
            process = self._begin(output)
            while process.poll() is None:
                if not first and self._written() != before:
                    first = time.monotonic()
                time.sleep(0.005)
            output.seek(0)
            if process.returncode:
                raise AssertionError(f"up failed:\n{output.read()[-3000:]}")
        return time.monotonic() - first if first else 0.0

    def kill(self, moment: Callable[[], bool]) -> bool:
        """Begin `up` and kill it as soon as the moment has come; tell whether it came before the end."""
        with tempfile.TemporaryFile() as output:
            process = self._begin(output)
            while process.poll() is None:
                if moment():
                    process.kill()
                    process.wait()
                    return True
                time.sleep(0.002)
        return False

    def after(self, seconds: float) -> Callable[[], bool]:
        """Return the moment some time after the next run's first write of the state."""
        before, first = self._written(), 0.0

        def come() -> bool:
            nonlocal first
            if not first and self._written() != before:
                first = time.monotonic()
            return bool(first) and time.monotonic() - first >= seconds

        return come

    def begun(self, what: str, digest: str, seconds: float = 0.0) -> Callable[[], bool]:
        """Return the moment some time after a release has begun its `migration`, its `api`, `worker` or `traffic`."""
        since = 0.0
        looks: dict[str, Callable[[], bool]] = {
            "migration": lambda: bool(self.migrations(digest)),
            "traffic": lambda: any(0 < percent < 100 for percent in self._weights()),
            **{name: lambda name=name: bool(self.deployments(name, digest)) for name in SERVICES},  # type: ignore[misc]
        }

        def come() -> bool:
            nonlocal since
            if not since and looks[what]():
                since = time.monotonic()
            return bool(since) and time.monotonic() - since >= seconds

        return come

    def _begin(self, output: IO[Any]) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, control.HOME_VARIABLE: str(self._home)}
        environment.pop("AWS_ENDPOINT_URL", None)
        return subprocess.Popen(
            [sys.executable, "-m", "localcloud", "up", "--stack", STACK],
            cwd=self._root,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def _written(self) -> int:
        return self._state.stat().st_mtime_ns if self._state.exists() else 0

    # --- what came of it ---------------------------------------------------------------------------------------------

    def migrations(self, digest: str) -> list[dict[str, Any]]:
        """Return the migration tasks that ran an image."""
        ecs = self.aws.client("ecs")
        arns = [
            arn
            for status in ("RUNNING", "STOPPED")
            for arn in ecs.list_tasks(cluster=CLUSTER, family=f"{STACK}-{SYSTEM}-migration", desiredStatus=status)[
                "taskArns"
            ]
        ]
        tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        return [task for task in tasks if task["containers"][0]["image"].endswith(digest)]

    def deployments(self, name: str, digest: str) -> list[dict[str, Any]]:
        """Return the service deployments of an image."""
        ecs = self.aws.client("ecs")
        found = ecs.list_service_deployments(cluster=CLUSTER, service=f"{SYSTEM}-{name}")["serviceDeployments"]
        arns = [one["targetServiceRevisionArn"] for one in found][:20]
        revisions = ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
        ours = {one["serviceRevisionArn"] for one in revisions if digest == one["containerImages"][0]["imageDigest"]}
        return [one for one in found if one["targetServiceRevisionArn"] in ours]

    def check(self, digest: str) -> list[str]:
        """Return what isn't as it must be after a release came to its end."""
        problems: list[str] = []

        def must(what: str, found: object, wanted: object) -> None:
            if found != wanted:
                problems.append(f"{what}: {found}, not {wanted}")

        codes = [task["containers"][0].get("exitCode") for task in self.migrations(digest)]
        must("exit codes of migrations", codes, [0])
        for family in ("migration", *SERVICES):
            must(f"revisions of {family}", self._revisions(family, digest), 1)
        ecs = self.aws.client("ecs")
        for name in SERVICES:
            ends = [one["status"] for one in self.deployments(name, digest)]
            must(f"deployments of {name}", ends, ["SUCCESSFUL"])
            service = ecs.describe_services(cluster=CLUSTER, services=[f"{SYSTEM}-{name}"])["services"][0]
            must(f"image of {name}", self._image(service["taskDefinition"]).rpartition("@")[2], digest)
            must(f"tasks of {name}", service["runningCount"], service["desiredCount"])
        must("weights", sorted(self._weights()), [0, 100])
        outputs = self._stack.outputs()[SYSTEM]
        must("release", outputs["release"], f"k{self._number}")
        must("digests", outputs["digests"], {"api": digest})
        must("pending", [operation.type for operation in self._stack.state().pending], [])
        again = Project(self._root).stack(STACK, home=self._home).up()
        must("a further up", [(step.op, step.name) for step in again.changes] + list(again.errors), [])
        return problems

    def _revisions(self, family: str, digest: str) -> int:
        ecs = self.aws.client("ecs")
        arns = ecs.list_task_definitions(familyPrefix=f"{STACK}-{SYSTEM}-{family}", sort="DESC")["taskDefinitionArns"]
        return sum(self._image(arn).endswith(digest) for arn in arns[:10])

    def _image(self, definition: str) -> str:
        found = self.aws.client("ecs").describe_task_definition(taskDefinition=definition)["taskDefinition"]
        return str(found["containerDefinitions"][0]["image"])

    def _weights(self) -> list[int]:
        ecs, elb = self.aws.client("ecs"), self.aws.client("elbv2")
        service = ecs.describe_services(cluster=CLUSTER, services=[f"{SYSTEM}-api"])["services"][0]
        rule = service["loadBalancers"][0]["advancedConfiguration"]["productionListenerRule"]
        (action,) = elb.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"]
        return [int(group["Weight"]) for group in action["ForwardConfig"]["TargetGroups"]]


def kill_releases(home: Path, moments: random.Random, kills: int, again: float) -> list[ReleaseKill]:
    """Kill releases at random moments until there were so many kills; return them with what came of each."""
    done: list[ReleaseKill] = []
    with tempfile.TemporaryDirectory() as folder:
        releases = Releases(home, Path(folder))
        digest = releases.push()
        lasts = max(releases.run(), 1.0)
        problems = releases.check(digest)
        _say(f"undisturbed, a release takes {lasts:.1f} s from the first write: {'; '.join(problems) or 'all well'}")
        while len(done) < kills:
            digest, own = releases.push(), []
            while True:
                if moments.random() < _BY_EVENT:
                    what, late = moments.choice(["migration", *SERVICES, "traffic"]), moments.uniform(0, 0.5)
                    told, moment = f"{late:.2f} s after the beginning of {what}", releases.begun(what, digest, late)
                else:
                    late = moments.uniform(0, lasts)
                    told, moment = f"{late:.2f} s after the first write", releases.after(late)
                if not releases.kill(moment):
                    _say(f"    the release ended before its kill, {told}")
                    break
                own.append(ReleaseKill(len(done) + 1, told))
                done.append(own[-1])
                _say(f"{own[-1].number:3} {told}")
                if moments.random() >= again:
                    break
            try:
                releases.run()
                problems = releases.check(digest)
            except AssertionError as error:
                problems = [str(error)]
            for kill in own:
                kill.problems = problems
            _say(f"    the release went on to its end: {'; '.join(problems) or 'all well'}")
    return done


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)
