"""The end of a deployment, as ECS reports it: a resource that exists only once the new tasks serve requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import dynamic

from components.core.checks import check_between
from components.core.dynamic_provider import AwsDynamicProvider
from components.delivery.rollout_wait import alarms_on, wait, warn_unwatched

#: How many images that ran are remembered.
_REMEMBERED = 100


class RolloutProvider(AwsDynamicProvider):
    """Wait until ECS says that the deployment of a task definition is the one that runs."""

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Tell whether another revision was deployed, or the same one with other settings."""
        wanted = news.get("task_definition")
        changes = any(news.get(key) != olds.get(key) for key in ("task_definition", "settings"))
        if changes and not str(wanted).startswith("arn:"):
            # Only a preview doesn't know the revision yet: now is the time to say that its alarms won't count.
            warn_unwatched(str(olds.get("service")), alarms_on(olds))
        return dynamic.DiffResult(
            changes=changes,
            replaces=["service"] if news.get("service") != olds.get("service") else [],
        )

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Wait for the first deployment."""
        return dynamic.CreateResult(id_=props["service"], outs={**wait(props), "proven": [props["digest"]]})

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> dynamic.UpdateResult:
        """Wait for another deployment."""
        before = [digest for digest in _olds.get("proven") or [] if digest != _news["digest"]]
        return dynamic.UpdateResult(outs={**wait(_news), "proven": [*before, _news["digest"]][-_REMEMBERED:]})


@dataclass(frozen=True, kw_only=True)
class RolloutArgs:
    """Which deployment to wait for."""

    region: str
    """Where it runs."""
    cluster_name: pulumi.Input[str]
    """The cluster of the service."""
    service_name: pulumi.Input[str]
    """The service, once it was created or updated."""
    task_definition_arn: pulumi.Input[str]
    """The revision that is to run."""
    settings: pulumi.Input[str]
    """Any text that changes when those of the service's settings change that ECS deploys it anew for."""
    digest: pulumi.Input[str]
    """Digest of the image that it runs."""
    container_name: str
    """Name of its container."""
    log_group_name: pulumi.Input[str]
    """Its log group."""
    alarm_names: Sequence[pulumi.Input[str]] = ()
    """The alarms that ECS rolls the deployment back for."""
    time_limit_seconds: int = 1800
    """After which a deployment that hasn't ended counts as failed; bake times count in."""

    def __post_init__(self) -> None:
        """Refuse a time limit that is none.

        Raises:
            ValueError: naming the value and its range.
        """
        check_between(
            "RolloutArgs.time_limit_seconds",
            self.time_limit_seconds,
            10,
            4 * 86400,
            "give the seconds that the slowest deployment may take",
        )


class Rollout(dynamic.Resource, module="alicerce", name="Rollout"):
    """A deployment that has come to its end.

    Guarantees: this resource is created or updated only when ECS reports the very deployment of this revision as
    successful, its bake time included. When ECS rolled it back, or its tasks stop for the same reason again and again,
    the update fails with ECS's reason, the alarms that went off, and the tasks' own reasons and last log lines; the
    next `up` deploys the revision again.
    """

    task_definition: pulumi.Output[str]
    """The revision that runs, proven."""
    proven: pulumi.Output[list[str]]
    """Digests of the images whose deployments came to their end here, the last one last."""

    def __init__(self, name: str, args: RolloutArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            RolloutProvider(),
            name,
            {
                "region": args.region,
                "cluster": args.cluster_name,
                "service": args.service_name,
                "task_definition": args.task_definition_arn,
                "settings": args.settings,
                "digest": args.digest,
                "proven": None,
                "container": args.container_name,
                "log_group": args.log_group_name,
                "alarms": list(args.alarm_names),
                "time_limit": args.time_limit_seconds,
            },
            opts,
        )
