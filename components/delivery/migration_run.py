"""The run of a release's migration: a resource that stops the deployment when the migration fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import dynamic

from components.core.dynamic_provider import AwsDynamicProvider
from components.core.naming import Tags
from components.delivery.migration_task import run

#: How long a migration may take before it is stopped and counts as failed.
_TIME_LIMIT_SECONDS = 1800


class MigrationRunProvider(AwsDynamicProvider):
    """Run a migration once for each image, find an interrupted one again, and never run one in a preview."""

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Tell whether there is anything to do: another image, or one whose migration was left out before."""
        # In a preview a digest that isn't known yet is the SDK's marker, which equals no digest.
        another = news.get("digest") != olds.get("digest")
        left_out = bool(news.get("enabled")) and news.get("digest") not in _remembered(olds, news)
        return dynamic.DiffResult(changes=another or left_out)

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Run the first migration."""
        return dynamic.CreateResult(id_=props["family"], outs=run(props, {}))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Run another image's migration, unless it was run before."""
        return dynamic.UpdateResult(outs=run(_news, _remembered(_olds, _news)))


@dataclass(frozen=True, kw_only=True)
class MigrationRunArgs:
    """What to run, and where."""

    system: str
    """The system, for messages."""
    region: str
    """Where it runs."""
    digest: pulumi.Input[str]
    """Digest of the release's image: each is migrated once."""
    family: str
    """Family of the migration's task definition."""
    task_definition_arn: pulumi.Input[str]
    """The revision to run."""
    container_name: str
    """Name of its container."""
    log_group_name: pulumi.Input[str]
    """Its log group."""
    cluster_name: pulumi.Input[str]
    """The cluster to run it on."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Private subnets to run it in."""
    security_group_id: pulumi.Input[str]
    """The group that reaches the database."""
    database_identifier: pulumi.Input[str]
    """The RDS instance that it changes."""
    snapshot: bool
    """Whether a snapshot of the database is taken before."""
    enabled: bool
    """False leaves the migration out and goes on; it is run when this is true again."""
    tags: Tags
    """Tags of the snapshot."""


class MigrationRun(dynamic.Resource, module="alicerce", name="MigrationRun"):
    """A migration, run to its end before anything that depends on this resource changes.

    Guarantees: it runs once for each image and database, never in a preview; a run that was interrupted is found again
    and waited for; of two at once one waits for the other; a failed one fails the update with the task's last
    log lines; going back to an image that was migrated before runs nothing.
    """

    migrated: pulumi.Output[dict[str, dict[str, str]]]
    """What is remembered of images that were migrated here, by digest."""

    def __init__(self, name: str, args: MigrationRunArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            MigrationRunProvider(),
            name,
            {
                "system": args.system,
                "region": args.region,
                "digest": args.digest,
                "family": args.family,
                "task_definition": args.task_definition_arn,
                "container": args.container_name,
                "log_group": args.log_group_name,
                "cluster": args.cluster_name,
                "subnets": args.subnet_ids,
                "security_group": args.security_group_id,
                "database": args.database_identifier,
                "snapshot": args.snapshot,
                "enabled": args.enabled,
                "tags": dict(args.tags),
                "time_limit": _TIME_LIMIT_SECONDS,
                "outcome": None,
                "migrated": None,
                "task_arn": None,
            },
            opts,
        )


def _remembered(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was migrated before in this very database: a replaced one is empty, whatever its predecessor had."""
    return (olds.get("migrated") or {}) if olds.get("database") == news.get("database") else {}
