"""How long a stack takes on the local cloud, beside the same program under Pulumi's bare mocks, in one run.

    make bench                      prod, five rounds
    python -m studies.bench staging 3

Every figure is the wall clock of a process of its own, from the start of Python to its end; the rounds take turns, so
that a machine that slows down slows all of them. Quote the median and the ratio, not a single time.
"""

import asyncio
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Take the measures and print them."""
    if sys.argv[1:2] == ["--mocks"]:
        run_under_mocks(sys.argv[2])
        return
    stack = sys.argv[1] if len(sys.argv) > 1 else "prod"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    times: dict[str, list[float]] = {}
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "LOCALCLOUD_HOME": home}
            environment.pop("AWS_ENDPOINT_URL", None)

            def take(name: str, *command: str, number: int = number, environment: dict[str, str] = environment) -> None:
                started = time.monotonic()
                done = subprocess.run(
                    [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True
                )
                if done.returncode:
                    raise SystemExit(f"{name} failed:\n{done.stdout}{done.stderr}")
                times.setdefault(name, []).append(time.monotonic() - started)
                print(f"round {number + 1}: {name} {times[name][-1]:.1f} s", file=sys.stderr)

            cloud = "localcloud"
            take("start of the emulator", cloud, "start")
            take("bare mocks", "studies.bench", "--mocks", stack)
            take("preview from nothing", cloud, "preview", "--stack", stack)
            take("up from nothing", cloud, "up", "--stack", stack)
            take("no-op preview", cloud, "preview", "--stack", stack)
            take("bare mocks", "studies.bench", "--mocks", stack)
            take("no-op up", cloud, "up", "--stack", stack)
            take("stop of the emulator", cloud, "stop")
    bare = statistics.median(times["bare mocks"])
    print(f"{stack}, {rounds} rounds, seconds of wall clock\n{'':24}{'min':>8}{'median':>8}{'max':>8}{'ratio':>8}")
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(f"{name:24}{min(taken):8.1f}{middle:8.1f}{max(taken):8.1f}{middle / bare:8.2f}")


def run_under_mocks(stack: str) -> None:
    """Run the program once under `pulumi.runtime.set_mocks`, with just enough answered that it gets to its end."""
    sys.path.insert(0, str(ROOT))
    import pulumi
    from pulumi.runtime import mocks
    from pulumi.runtime.stack import wait_for_rpcs

    from localcloud.engine.config import ProjectFile, resolve

    class Answers(mocks.Mocks):
        """Answer each resource with its inputs and the outputs that the program computes with."""

        def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
            """Make a resource."""
            made = {
                "arn": f"arn:aws:mock:us-east-1:123456789012:{args.name}",
                "arnSuffix": args.name,
                "name": args.name,
                "keyId": args.name,
                "address": "database.example.com",
                "port": 5432,
                "primaryEndpointAddress": "cache.example.com",
                "instances": [
                    {"endpoints": ["amqps://broker.example.com:5671"], "consoleUrl": "https://broker.example.com"}
                ],
                "domainValidationOptions": [
                    {
                        "domainName": name,
                        "resourceRecordName": f"_{name}",
                        "resourceRecordType": "CNAME",
                        "resourceRecordValue": "proof",
                    }
                    for name in [args.inputs.get("domainName"), *args.inputs.get("subjectAlternativeNames", ())]
                ],
                "nameServers": ["ns.example.com"],
                "memberClusters": ["node"],
                "hex": "ab" * 32,
                "result": "a" * 40,
                "versionId": "version",
                "dnsName": "balancer.example.com",
                "zoneId": "Z1",
                "repositoryUrl": f"example.com/{args.name}",
                "publicIp": "198.51.100.1",
            }
            return f"{args.name}-id", {**made, **args.inputs}

        def call(self, args: mocks.MockCallArgs) -> Any:  # noqa: ANN401 - as the SDK has it
            """Answer an invoke."""
            answers: dict[str, dict[Any, Any]] = {
                "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "123456789012"},
                "aws:index/getRegion:getRegion": {"region": "us-east-1"},
                "aws:index/getAvailabilityZones:getAvailabilityZones": {
                    "names": [f"us-east-1{letter}" for letter in "abc"]
                },
                "aws:ecr/getImage:getImage": {"imageDigest": f"sha256:{'0' * 64}"},
            }
            return answers[args.token]

    config = resolve(ProjectFile.load(ROOT), stack)
    pulumi.runtime.set_all_config(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.values.items()},
        list(config.secrets),
    )
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(Answers(), project="alicerce", stack=stack, preview=False)

    async def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
        await wait_for_rpcs()

    loop.run_until_complete(program())


if __name__ == "__main__":
    main()
