"""The command `python -m operations`."""

import argparse
import sys
from collections.abc import Sequence
from typing import Protocol

import botocore.exceptions

from operations.commands import (
    arguments,
    checklist,
    logs,
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


class _Command(Protocol):
    """What a module in `operations/commands` has."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own arguments."""

    def main(self, options: argparse.Namespace) -> int:
        """Run the command; return its exit code."""


_COMMANDS: dict[str, _Command] = {
    "status": status,
    "releases": releases,
    "rollback": rollback,
    "secrets": secrets,
    "rotate": rotate,
    "retire": retire,
    "logs": logs,
    "run": run,
    "shell": shell,
    "checklist": checklist,
}


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
        return _COMMANDS[options.name].main(options)
    except OperationError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except botocore.exceptions.ClientError as error:
        details = error.response.get("Error", {})
        print(
            f"error: AWS refused {error.operation_name}: {details.get('Code')}: {details.get('Message')}",
            file=sys.stderr,
        )
        return 1
    except botocore.exceptions.BotoCoreError as error:
        print(f"error: AWS can't be asked: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m operations",
        description="Everything beside `pulumi up`: show what runs, go back, rotate secrets, run a command, check.",
    )
    commands = parser.add_subparsers(dest="name", required=True, metavar="COMMAND")
    for name, command in _COMMANDS.items():
        made = commands.add_parser(name, help=command.HELP, description=command.HELP)
        arguments.add_stack(made)
        command.add_arguments(made)
    return parser
