"""Arguments that several commands take, and what they stand for."""

import argparse
from pathlib import Path

from operations.account.account import Account
from operations.state import stack
from operations.state.stack import Stack, System

_DEFAULT_STACK = "local"


def add_stack(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes."""
    parser.add_argument("-s", "--stack", default=_DEFAULT_STACK, help=f"the stack (default: {_DEFAULT_STACK})")
    parser.add_argument("--region", help="the AWS region (default: the environment's)")
    parser.add_argument(
        "--cwd",
        type=lambda text: Path(text).resolve(),
        default=".",
        help="the project's folder (the one with Pulumi.yaml)",
    )


def add_service(parser: argparse.ArgumentParser) -> None:
    """Add the service that a command is about."""
    parser.add_argument("service", nargs="+", help="the service: aprendeai-api, or aprendeai api")


def account_and_stack(options: argparse.Namespace) -> tuple[Account, Stack]:
    """Return the account and the stack that the arguments name."""
    return Account.open(options.region), stack.read(options.stack, options.cwd)


def account_and_service(options: argparse.Namespace) -> tuple[Account, Stack, System, str]:
    """Return the account, the stack, the system, and the service's name in it."""
    account, found = account_and_stack(options)
    return account, found, *found.service(*options.service)
