"""The end of a deployment, as ECS tells it: a resource that is there only once the new tasks serve.

A dynamic provider: Pulumi runs it in a process of its own, with the credentials of whoever runs `pulumi up`.
https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pulumi
from pulumi import dynamic

from components.checks import check_between
from components.task_evidence import last_lines, looks, quoted, reason

#: How many images that ran are remembered.
_REMEMBERED = 100

#: How many tasks may stop for the same reason before a deployment counts as lost, whatever the breaker says.
_CRASHES = 3

#: When this process began: deployments from before it are an earlier run's.
_BEGAN = datetime.now(UTC)


class RolloutError(Exception):
    """ECS doesn't run what was deployed."""


class RolloutProvider(dynamic.ResourceProvider):
    """Wait until ECS says that the deployment of a task definition is the one that runs."""

    #: Nothing secret is captured, so that the state stays readable.
    serialize_as_secret_always = False

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Tell whether another revision was deployed."""
        return dynamic.DiffResult(
            changes=news.get("task_definition") != olds.get("task_definition"),
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
    digest: pulumi.Input[str]
    """Digest of the image that it runs."""
    container_name: str
    """Name of its container."""
    log_group_name: pulumi.Input[str]
    """Its log group."""
    time_limit_seconds: int = 1800
    """After which a deployment that hasn't ended counts as failed."""

    def __post_init__(self) -> None:
        """Refuse a time limit that is none.

        Raises:
            ValueError: naming the value and its range.
        """
        check_between(
            "RolloutArgs.time_limit_seconds",
            self.time_limit_seconds,
            10,
            86400,
            "give the seconds that the slowest deployment may take",
        )


class Rollout(dynamic.Resource, module="alicerce", name="Rollout"):
    """A deployment that has come to its end.

    Guarantees: this resource is created or updated only when ECS reports the very deployment of this revision as
    completed. When ECS rolled it back, or its tasks stop for the same reason again and again, the update fails with
    the tasks' own reasons and last log lines, and the next `up` deploys the revision again.
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
                "digest": args.digest,
                "proven": None,
                "container": args.container_name,
                "log_group": args.log_group_name,
                "time_limit": args.time_limit_seconds,
            },
            opts,
        )


def wait(props: Mapping[str, Any]) -> dict[str, Any]:
    """Wait for a service's deployment of a revision; return the resource's new state.

    Deployments are told apart by their ids, not by task definition: after a rollback the old revision has a new
    deployment, and a revision may be deployed twice.

    Raises:
        RolloutError: when the deployment failed, was rolled back, or didn't end within its time.
    """
    ecs = boto3.client("ecs", region_name=props["region"])
    service, wanted, limit = props["service"], props["task_definition"], float(props["time_limit"])
    ours: str | None = None
    said = 0.0
    for gone in looks(limit):
        primary = _primary(ecs, props)
        if ours is None:
            ours = _deployment_of(ecs, props, primary)
        if primary["id"] == ours and primary.get("rolloutState") == "COMPLETED":
            state = {key: value for key, value in props.items() if key != dynamic.dynamic.PROVIDER_KEY}
            return {**state, "deployment": ours}
        if primary["id"] != ours or primary.get("rolloutState") == "FAILED":
            raise RolloutError(_failure(ecs, props, ours, "ECS rolled the deployment back"))
        crashes = Counter(reason(task, props["container"]) for task in _stopped(ecs, props, ours))
        if crashes and crashes.most_common(1)[0][1] >= _CRASHES:
            raise RolloutError(_failure(ecs, props, ours, "its tasks stop again and again"))
        if gone - said >= 30:
            said = gone
            print(
                f"{service}: {primary.get('runningCount')} of {primary.get('desiredCount')} tasks of "
                f"{wanted.rsplit('/', 1)[-1]} run after {gone:.0f} s",
                flush=True,
            )
    raise RolloutError(_failure(ecs, props, ours or "", f"it hasn't ended after {limit:.0f} seconds"))


def _primary(ecs: Any, props: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - a boto3 client
    found = ecs.describe_services(cluster=props["cluster"], services=[props["service"]])["services"]
    if not found or found[0]["status"] != "ACTIVE":
        raise RolloutError(f"the service {props['service']} isn't there; run up again")
    return dict(next(d for d in found[0]["deployments"] if d["status"] == "PRIMARY"))


def _deployment_of(ecs: Any, props: Mapping[str, Any], primary: Mapping[str, Any]) -> str:  # noqa: ANN401
    """Return the id of our revision's deployment; deploy it again when an earlier run's was rolled back."""
    wanted = props["task_definition"]
    if primary["taskDefinition"] == wanted and (
        primary.get("rolloutState") != "FAILED" or primary["createdAt"] >= _BEGAN
    ):
        return str(primary["id"])
    if primary["taskDefinition"] != wanted and primary["createdAt"] >= _BEGAN:
        # ECS was quicker than we: the revision that stands there now is what it went back to.
        return ""
    print(f"{props['service']}: deploying {wanted.rsplit('/', 1)[-1]} again", flush=True)
    answer = ecs.update_service(
        cluster=props["cluster"], service=props["service"], taskDefinition=wanted, forceNewDeployment=True
    )
    deployments = answer["service"]["deployments"]
    return str(next((d["id"] for d in deployments if d["taskDefinition"] == wanted), ""))


def _stopped(ecs: Any, props: Mapping[str, Any], deployment: str) -> list[dict[str, Any]]:  # noqa: ANN401
    arns = ecs.list_tasks(cluster=props["cluster"], serviceName=props["service"], desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=props["cluster"], tasks=arns[:100])["tasks"] if arns else []
    return [
        task
        for task in tasks
        if task["taskDefinitionArn"] == props["task_definition"]
        # Spot takes tasks back, and ECS moves them between zones, without anything being wrong with them:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (stopCode)
        and task.get("stopCode") not in ("SpotInterruption", "UserInitiated")
        and (not deployment or task.get("startedBy") in (None, deployment))
        and task.get("createdAt", _BEGAN) >= _BEGAN
    ]


def _failure(ecs: Any, props: Mapping[str, Any], deployment: str, what: str) -> str:  # noqa: ANN401
    """Put together why a deployment failed: ECS's own words, the stopped tasks' reasons, and the last log lines."""
    service, wanted = props["service"], props["task_definition"]
    stopped = _stopped(ecs, props, deployment)
    described = ecs.describe_services(cluster=props["cluster"], services=[service])["services"]
    events = [str(event["message"]) for event in (described[0].get("events") or [])[:3]] if described else []
    reasons = Counter(reason(task, props["container"]) for task in stopped)
    parts = [f"{service} doesn't run {wanted.rsplit('/', 1)[-1]}: {what}."]
    if reasons:
        parts.append(
            "Its tasks stopped: " + "; ".join(f"{why} ({count} times)" for why, count in reasons.items()) + "."
        )
    if events:
        parts.append("ECS says: " + " ".join(events))
    if stopped:
        logs = boto3.client("logs", region_name=props["region"])
        parts.append(quoted(last_lines(logs, props["log_group"], props["container"], stopped[0]["taskArn"])))
    running = next((d["taskDefinition"] for d in (described[0]["deployments"] if described else [])), "")
    parts.append(f"\n{running.rsplit('/', 1)[-1]} serves. Mend the release and run up again, or go back.")
    return " ".join(parts)
