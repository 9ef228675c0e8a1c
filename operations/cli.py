"""The command `python -m operations`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import botocore.exceptions

from components.core.inert import inert
from operations import names
from operations.commands import (
    checklist,
    logs,
    policies,
    releases,
    retire,
    rollback,
    rotate,
    run,
    secrets,
    shell,
    status,
)
from operations.errors import OperationError

#: The exit code that shells give an interrupted command.
_INTERRUPTED = 130
_DEFAULT_STACK = "local"


def main(given: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 when all is as it should be, 1 when it isn't or can't be done."""
    words = list(sys.argv[1:] if given is None else given)
    command: list[str] = []
    if "--" in words:
        # All that follows is the command to run, options and all.
        at = words.index("--")
        words, command = words[:at], words[at + 1 :]
    options = _parser().parse_args(words)
    options.command_line = command
    try:
        return int(options.main(options))
    except OperationError as error:
        print(f"error: {inert(str(error))}", file=sys.stderr)
        return 1
    except botocore.exceptions.ClientError as error:
        details = error.response.get("Error", {})
        print(
            inert(f"error: AWS refused {error.operation_name}: {details.get('Code')}: {details.get('Message')}"),
            file=sys.stderr,
        )
        return 1
    except botocore.exceptions.BotoCoreError as error:
        print(inert(f"error: AWS can't be asked: {error}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m operations",
        description="Everything beside `pulumi up`: show what runs, go back, rotate secrets, run a command, check.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, text: str, main: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument(
            "-s", "--stack", type=names.stack, default=_DEFAULT_STACK, help=f"the stack (default: {_DEFAULT_STACK})"
        )
        made.add_argument("--region", help="the AWS region (default: the environment's)")
        made.add_argument("--cwd", type=_folder, default=".", help="the project's folder (the one with Pulumi.yaml)")
        made.set_defaults(main=main)
        return made

    command("status", "show services, deployments, targets and alarms; exit 1 when something is wrong", status.main)

    listing = command("releases", "show what ran when, with its migration and how it ended", releases.main)
    listing.add_argument("system", type=names.name, nargs="?", help="only this system")

    back = command("rollback", "name the last good release in the stack's config, and show the preview", rollback.main)
    back.add_argument("system", type=names.name, help="the system that goes back")
    back.add_argument(
        "--to", type=names.tag, metavar="TAG", help="go back to this release instead of the last good one"
    )

    command(
        "secrets", "show every secret with its age, its readers and when it is due; exit 1 if overdue", secrets.main
    )

    turn = command("rotate", "raise rotation counters in the stack's config by one, and show the preview", rotate.main)
    turn.add_argument("system", type=names.name, help="the system whose secrets they are")
    turn.add_argument("secret", type=names.name, nargs="+", help="the secret, by its variable: JWT_SECRET")
    turn.add_argument("--confirm", action="store_true", help="also where the rotation ends something for good")

    end = command("retire", "end what stores took before the last rotation, once nothing uses it", retire.main)
    end.add_argument("system", type=names.name, help="the system whose logins are meant")
    end.add_argument("--force", action="store_true", help="for an emergency: though it is in use, and end all sessions")

    lines = command("logs", "show what a service's tasks wrote", logs.main)
    lines.add_argument("--since", default="10m", help="how far back: 90s, 10m, 2h, 1d (default: 10m)")
    lines.add_argument("-f", "--follow", action="store_true", help="go on until it is interrupted")

    one = command("run", "run a command in a task of its own, and exit with its exit code", run.main)
    one.add_argument("-e", "--env", action="append", default=[], metavar="NAME=VALUE", help="a plain variable more")
    one.usage = "python -m operations run [-s STACK] SERVICE -- CMD [ARG ...]"

    opened = command("shell", "open a shell in a running task, where ECS Exec is on", shell.main)
    opened.add_argument("--command", default="/bin/sh", help="what to start (default: /bin/sh)")

    for parsed in (lines, one, opened):
        parsed.add_argument("service", type=names.name, nargs="+", help="the service: aprendeai-api, or aprendeai api")

    checks = command(
        "checklist", "answer the deployment checklist from the account; exit 1 unless all passes", checklist.main
    )
    checks.add_argument(
        "--staging",
        type=names.stack,
        default="staging",
        metavar="STACK",
        help="where a migration has to have run before",
    )

    rights = command("policies", "print what each kind of person may do with the stack, as IAM policies", policies.main)
    rights.add_argument("--role", choices=policies.ROLES, help="only this one")
    rights.add_argument("--state-bucket", metavar="BUCKET[/FOLDER]", help="where the official CLI keeps states")
    rights.add_argument("--state-key", metavar="ARN", help="the key that encrypts states and the secrets in them")
    rights.add_argument("--boundary", metavar="ARN", help="the permissions boundary of the stack's roles")
    return parser


def _folder(text: str) -> Path:
    return Path(text).resolve()
