"""What a command acts on, by its arguments."""

import argparse
from typing import Any

from operations.account import services
from operations.account.account import Account
from operations.account.revisions import Revision
from operations.state import stack
from operations.state.stack import Stack


def account_and_stack(options: argparse.Namespace) -> tuple[Account, Stack]:
    """Return the account and the stack that a command's arguments name."""
    return Account.open(options.region), stack.read(options.stack, options.cwd)


def service(options: argparse.Namespace) -> tuple[Account, Stack, dict[str, Any], Revision]:
    """Return the account, the stack, ECS's description of a service that is there, and the revision that it runs."""
    account, found = account_and_stack(options)
    system, name = found.service(*options.service)
    return account, found, *services.describe(account, found, system.services[name])
