"""`policies`: what each of viewer, operator, releaser and deployer may do with a stack, as IAM policies."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from operations.commands import checklist, logs, releases, retire, rollback, run, secrets, shell, status
from operations.errors import OperationError
from operations.permissions import deploying, releasing
from operations.permissions.scope import Scope
from operations.permissions.state_bucket import StateBucket
from operations.permissions.statements import Document, Statement, documents
from operations.state.stack import read_with_resources

_Permissions = Callable[[Scope], list[Statement]]

#: What looks, and changes nothing.
_LOOKS: tuple[_Permissions, ...] = (
    status.permissions,
    releases.permissions,
    logs.permissions,
    checklist.permissions,
    secrets.permissions,
)


@dataclass(frozen=True, kw_only=True)
class Role:
    """What a person is to a stack."""

    needs: Sequence[_Permissions]
    """What everything needs that such a person does."""
    changes_state: bool = False
    """Whether that is `up`, which writes the stack's state."""
    bounded: bool = False
    """Whether such a person makes roles."""
    note: str = ""
    """What a reader is to know before attaching the policy."""


ROLES = {
    "viewer": Role(needs=_LOOKS, note="Reads lines of logs, which say what applications write there."),
    "operator": Role(
        needs=(*_LOOKS, run.permissions, shell.permissions, retire.permissions),
        note="RunTask and ExecuteCommand read every secret of a task, whose command is the operator's own: give this "
        "to whom the secrets may be shown.",
    ),
    "releaser": Role(
        needs=(*_LOOKS, rollback.permissions, run.permissions, shell.task_list_permissions, releasing.permissions),
        changes_state=True,
        note="A release runs any image and command with the secrets of its services: give this to whom the secrets "
        "may be shown.",
    ),
    "deployer": Role(
        needs=(*_LOOKS, run.permissions, shell.task_list_permissions, releasing.permissions),
        changes_state=True,
        bounded=True,
        note="May destroy the stack and read its secrets.",
    ),
}


def main(options: argparse.Namespace) -> int:
    """Print the policies as one JSON object, by name, and what to know of them beside it; the account isn't asked."""
    stack, resources = read_with_resources(options.stack, options.cwd)
    scope, bucket = Scope(stack, resources), _bucket(options)
    found: dict[str, Document] = {}
    for name in [options.role] if options.role else ROLES:
        role = ROLES[name]
        made = of_role(scope, role, bucket, options.boundary)
        for number, document in enumerate(made, start=1):
            found[f"{stack.cluster}-{name}" + (f"-{number}" if len(made) > 1 else "")] = document
        print(f"{name}: {role.note}", file=sys.stderr)
        if role.bounded and options.boundary is None:
            print(f"{name}: without --boundary it makes and changes no roles", file=sys.stderr)
    if bucket is None:
        print("without --state-bucket no policy reads the stack's state, which every command does", file=sys.stderr)
    print(json.dumps(found, indent=2))
    return 0


def of_role(scope: Scope, role: Role, bucket: StateBucket | None, boundary: str | None) -> list[Document]:
    """Return the policies that a role needs together; several where one would be longer than IAM takes.

    Args:
        scope: the stack.
        role: the role.
        bucket: where the stack's state is; None to leave that out.
        boundary: the permissions boundary of the stack's roles; None to leave roles as they are.
    """
    found = [statement for needs in role.needs for statement in needs(scope)]
    if bucket is not None:
        found += bucket.write(scope) if role.changes_state else bucket.read(scope)
    if role.bounded:
        found += deploying.permissions(scope, boundary, bucket.region if bucket is not None else None)
    return documents(found)


def _bucket(options: argparse.Namespace) -> StateBucket | None:
    if options.state_bucket is None:
        if options.state_key is not None:
            raise OperationError("--state-key is the key of a bucket: name the bucket with --state-bucket")
        return None
    return StateBucket(
        project=str(YAML(typ="safe").load(Path(options.cwd) / "Pulumi.yaml")["name"]),
        bucket=options.state_bucket,
        key=options.state_key,
    )
