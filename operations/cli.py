"""The command `python -m operations`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import botocore.exceptions

from operations import (
    checklist,
    history,
    logs,
    preview,
    releases,
    retire,
    rollback,
    rotate,
    screen,
    secret_ages,
    stack,
    status,
    tasks,
)
from operations.account import Account
from operations.checklist import Outcome
from operations.errors import OperationError
from operations.images import Registry
from operations.stack import Stack

_DEFAULT_STACK = "local"
#: What a shell gives a command that was interrupted.
_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 when all is as it should be, 1 when it isn't or can't be done."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command: list[str] = []
    if "--" in given:
        # All that follows is the command to run, options and all.
        at = given.index("--")
        given, command = given[:at], given[at + 1 :]
    options = _parser().parse_args(given)
    options.command_line = command
    try:
        return int(options.run(options))
    except OperationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except botocore.exceptions.ClientError as error:
        print(f"error: {_refusal(error)}", file=sys.stderr)
        return 1
    except botocore.exceptions.BotoCoreError as error:
        print(f"error: AWS can't be asked: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _refusal(error: botocore.exceptions.ClientError) -> str:
    details = error.response.get("Error", {})
    return f"AWS refused {error.operation_name}: {details.get('Code')}: {details.get('Message')}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m operations",
        description="What a person does beside `pulumi up`: look, go back, run a command, check a deployment.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("-s", "--stack", default=_DEFAULT_STACK, help=f"the stack (default: {_DEFAULT_STACK})")
        made.add_argument("--region", help="the AWS region (default: the environment's)")
        made.add_argument("--cwd", default=".", help="the project's folder (the one with Pulumi.yaml)")
        made.set_defaults(run=run)
        return made

    command("status", "show services, deployments, targets and alarms; exit 1 when something is wrong", _status)

    listing = command("releases", "show what ran when, with its migration and how it ended", _releases)
    listing.add_argument("system", nargs="?", help="only this system")

    back = command("rollback", "name the last good release in the stack's config, and show the preview", _rollback)
    back.add_argument("system", help="the system that goes back")
    back.add_argument("--to", metavar="TAG", help="go back to this release instead of the last good one")

    command("secrets", "show every secret with its age, its readers and when it is due; exit 1 if overdue", _secrets)

    turn = command("rotate", "raise rotation counters in the stack's config by one, and show the preview", _rotate)
    turn.add_argument("system", help="the system whose secrets they are")
    turn.add_argument("secret", nargs="+", help="the secret, by its variable: JWT_SECRET")
    turn.add_argument("--confirm", action="store_true", help="also where the rotation ends something for good")

    end = command("retire", "end what stores took before the last rotation, once nothing uses it", _retire)
    end.add_argument("system", help="the system whose logins are meant")

    lines = command("logs", "show what a service's tasks wrote", _logs)
    _service(lines)
    lines.add_argument("--since", default="10m", help="how far back: 90s, 10m, 2h, 1d (default: 10m)")
    lines.add_argument("-f", "--follow", action="store_true", help="go on until it is interrupted")

    one = command("run", "run a command in a task of its own, and exit with its exit code", _run)
    _service(one)
    one.add_argument("-e", "--env", action="append", default=[], metavar="NAME=VALUE", help="a plain variable more")
    one.usage = "python -m operations run [-s STACK] SERVICE -- CMD [ARG ...]"

    opened = command("shell", "open a shell in a running task, where ECS Exec is on", _shell)
    _service(opened)
    opened.add_argument("--command", default="/bin/sh", help="what to start (default: /bin/sh)")

    checks = command("checklist", "answer the deployment checklist from the account; exit 1 unless all passes", _checks)
    checks.add_argument(
        "--staging", default="staging", metavar="STACK", help="where a migration has to have run before"
    )
    return parser


def _service(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service", nargs="+", help="the service: aprendeai-api, or aprendeai api")


def _opened(options: argparse.Namespace) -> tuple[Account, Stack]:
    account = Account.open(options.region)
    return account, stack.read(options.stack, Path(options.cwd))


def _status(options: argparse.Namespace) -> int:
    report = status.look(*_opened(options))
    status.show(report, screen.console())
    return 1 if report.problems else 0


def _releases(options: argparse.Namespace) -> int:
    account, found = _opened(options)
    names = [options.system] if options.system else list(found.systems)
    registry, console = Registry(account), screen.console()
    for name in names:
        system = found.system(name)
        releases.show(system, history.of_system(account, found, system, registry), console)
    return 0


def _rollback(options: argparse.Namespace) -> int:
    account, found = _opened(options)
    system, root = found.system(options.system), Path(options.cwd).resolve()
    way = rollback.find(account, found, system, root, options.to)
    rollback.apply(found, system, root, way)
    key = f"{system.name}:release"
    print(f"{key} is {way.tag} now, and was {way.current}; it first ran {screen.moment(way.release.first)}", flush=True)
    code = preview.show(found, root)
    if code:
        print(f"error: the preview failed; {key} stays {way.tag}", file=sys.stderr)
        return 1
    print(f"Nothing was deployed. Go back by running up for stack {found.name!r}")
    return 0


def _secrets(options: argparse.Namespace) -> int:
    account, found = _opened(options)
    return 1 if secret_ages.show(found, secret_ages.look(account, found), screen.console()) else 0


def _rotate(options: argparse.Namespace) -> int:
    root = Path(options.cwd).resolve()
    found = stack.read(options.stack, Path(options.cwd))
    system = found.system(options.system)
    steps = rotate.plan(found, system, root, options.secret, options.confirm)
    rotate.apply(found, system, root, steps)
    for step in steps:
        ends = f", and confirmed: {step.ends}" if step.ends else ""
        print(
            f"{system.name}:rotation.{step.variable} is {step.counter + 1} now, and was {step.counter}{ends}",
            flush=True,
        )
    if preview.show(found, root):
        print("error: the preview failed; the counters stay as they are now", file=sys.stderr)
        return 1
    print(f"Nothing was deployed. Rotate by running up for stack {found.name!r}")
    if any(step.store for step in steps):
        print(
            "What the stores took before stays valid until the next rotation; to end it sooner, after that: "
            f"python -m operations retire {system.name} --stack {found.name}"
        )
    return 0


def _retire(options: argparse.Namespace) -> int:
    account, found = _opened(options)
    retire.retire(account, found, found.system(options.system), lambda line: print(line, flush=True))
    return 0


def _logs(options: argparse.Namespace) -> int:
    back = logs.since(options.since)
    account, found = _opened(options)
    system, name = found.service(*options.service)
    for line in logs.lines(account, found, system, name, back, options.follow):
        print(line, flush=True)
    return 0


def _run(options: argparse.Namespace) -> int:
    if not options.command_line:
        raise OperationError("say what to run: python -m operations run aprendeai-api -- npx prisma migrate status")
    environment = {}
    for item in options.env:
        key, equals, value = item.partition("=")
        if not key or not equals:
            raise OperationError(f"--env {item!r}: give NAME=VALUE")
        environment[key] = value
    account, found = _opened(options)
    system, name = found.service(*options.service)
    return tasks.run(
        account, found, system, name, options.command_line, environment, lambda line: print(line, flush=True)
    )


def _shell(options: argparse.Namespace) -> int:
    account, found = _opened(options)
    system, name = found.service(*options.service)
    return tasks.shell(account, found, system, name, options.command)


def _checks(options: argparse.Namespace) -> int:
    account, found = _opened(options)
    checks = checklist.run(account, found, Path(options.cwd), options.staging)
    checklist.show(checks, screen.console())
    return 0 if all(check.outcome is Outcome.PASSED for check in checks) else 1
