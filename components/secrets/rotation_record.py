"""What rotations have come to running tasks, written down where the next update finds it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.naming import Tags, component_tags


@dataclass(frozen=True, kw_only=True)
class RotationRecordArgs:
    """What is written down, and when."""

    parameter_name: str
    """Physical name of the parameter; `RotationGuard` reads it."""
    counters: Mapping[str, int]
    """Rotation of each generated secret, by variable."""
    kms_key_arn: pulumi.Input[str]
    """Encrypts the parameter."""
    after: Sequence[pulumi.Resource]
    """What has to be through first: the rollouts of all services that read one of the secrets."""
    tags: Tags
    """Tags of the parameter."""


class RotationRecord(pulumi.ComponentResource):
    """A parameter with the counters of the last rotations that came to their end.

    Creates: one SSM parameter, encrypted with the stack's key. It costs nothing and holds no secret value.

    Guarantees: it is written only when everything in `after` is there, so that it never tells of a rotation whose value
    a running task doesn't have yet.
    """

    def __init__(self, name: str, args: RotationRecordArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:RotationRecord", name, None, opts)
        aws.ssm.Parameter(
            f"{name}-parameter",
            name=args.parameter_name,
            description="Rotations that every running task has come to",
            type="SecureString",
            key_id=args.kms_key_arn,
            value=json.dumps(dict(args.counters), sort_keys=True),
            tags=component_tags(args.tags, "rotations"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.register_outputs({})
