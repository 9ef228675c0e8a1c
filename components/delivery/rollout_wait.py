"""Waiting for the end of a deployment, and saying why it failed.

ECS has two records of a deployment: the service's own (`deployments` of DescribeServices), and the service deployment
(DescribeServiceDeployments), which knows of traffic, bake times, alarms and rollbacks, whatever the strategy.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import botocore.exceptions

from components.compute.stopped_task import last_log_lines, quote_log, stop_reason
from components.core import aws_clients
from components.core.aws_clients import Client
from components.core.dynamic_provider import state_of
from components.core.inert import inert
from components.core.polling import poll, report

#: How many tasks may stop for the same reason before a deployment counts as lost, whatever the breaker says.
_LOST_AFTER_CRASHES = 3

#: When this process began: deployments from before it are an earlier run's.
_PROCESS_STARTED = datetime.now(UTC)

#: How a service deployment ends when it doesn't succeed.
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html (status)
_ENDS = {
    "STOPPED": "ECS stopped the deployment",
    "ROLLBACK_SUCCESSFUL": "ECS rolled the deployment back",
    "ROLLBACK_FAILED": "the deployment failed, and ECS couldn't roll it back",
}
#: How many of a service's last deployments are looked through for the own one, and how many revisions a call takes.
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
_LATEST = 20
#: Seconds after which a service deployment that isn't listed never will be.
_LISTED_SECONDS = 60
#: Seconds between two reports of the progress.
_REPORT_SECONDS = 30


class RolloutError(Exception):
    """ECS doesn't run what was deployed."""


def wait(props: Mapping[str, Any]) -> dict[str, Any]:
    """Wait for a service's deployment of a revision; return the resource's new state.

    Deployments are identified by their ids, not by task definition: after a rollback the old revision may have a new
    deployment, and a revision may be deployed twice, such as with other settings of the service.

    Raises:
        RolloutError: when the deployment failed, was rolled back, or didn't end within its time.
    """
    ecs = aws_clients.client("ecs", props["region"])
    limit = float(props["time_limit"])
    own_id = _own_deployment_id(ecs, props)
    service_deployment: dict[str, Any] = {}
    reported_at, warned = 0.0, False
    for elapsed in poll(limit):
        service_deployment = _service_deployment(ecs, props, own_id, service_deployment)
        primary = _primary(ecs, props)
        status = service_deployment.get("status")
        if service_deployment and not warned:
            warned = True
            # An alarm that went off later is one that ECS watches.
            warn_unwatched(
                props["service"],
                [one for one in alarms_on(props) if _alarmed_since(one) <= service_deployment["createdAt"]],
            )
        # ECS forgets service deployments after a while, and the service's own record stays.
        forgotten = status is None and primary.get("rolloutState") == "COMPLETED" and elapsed > _LISTED_SECONDS
        if status == "SUCCESSFUL" or forgotten:
            if primary["id"] != own_id:
                raise RolloutError(
                    _failure(ecs, props, service_deployment, own_id, "another deployment has taken its place")
                )
            return {**state_of(props), "deployment": own_id}
        if status in _ENDS:
            raise RolloutError(_failure(ecs, props, service_deployment, own_id, _ENDS[status]))
        crashes = Counter(stop_reason(task, props["container"]) for task in _stopped(ecs, props, own_id))
        if crashes and crashes.most_common(1)[0][1] >= _LOST_AFTER_CRASHES and not _is_rolling_back(service_deployment):
            raise RolloutError(_failure(ecs, props, service_deployment, own_id, "its tasks stop again and again"))
        if elapsed - reported_at >= _REPORT_SECONDS:
            reported_at = elapsed
            report(f"{props['service']}: {_progress(props, primary, service_deployment)} after {elapsed:.0f} s")
    raise RolloutError(_failure(ecs, props, service_deployment, own_id, f"it hasn't ended after {limit:.0f} seconds"))


def alarms_on(props: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return those of a service's deployment alarms that are on; none when they can't be asked for."""
    names = list(props.get("alarms") or ())
    if not names:
        return []
    try:
        cloudwatch = aws_clients.client("cloudwatch", str(props["region"]))
        return list(cloudwatch.describe_alarms(AlarmNames=names, StateValue="ALARM")["MetricAlarms"])
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        report(f"warning: {props['service']}: whether its deployment alarms are on can't be told: {error}")
        return []


def warn_unwatched(service: str, on: Sequence[Mapping[str, Any]]) -> None:
    """Warn of a deployment that no alarm protects.

    ECS watches no alarm at all during a deployment at whose beginning one of them is on:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
    """
    for alarm in on:
        report(
            f"warning: {service}: the alarm {alarm['AlarmName']} is on ({alarm.get('StateReason') or 'no reason'}). "
            "ECS watches no alarm during a deployment that begins so: only failing health checks roll this one back"
        )


def _alarmed_since(alarm: Mapping[str, Any]) -> datetime:
    return alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]  # type: ignore[no-any-return]


def _primary(ecs: Client, props: Mapping[str, Any]) -> dict[str, Any]:
    found = ecs.describe_services(cluster=props["cluster"], services=[props["service"]])["services"]
    if not found or found[0]["status"] != "ACTIVE":
        raise RolloutError(f"the service {props['service']} isn't there; run up again")
    return dict(next(d for d in found[0]["deployments"] if d["status"] == "PRIMARY"))


def _own_deployment_id(ecs: Client, props: Mapping[str, Any]) -> str:
    """Return the id of the deployment of this revision; deploy it again when that of an earlier run isn't what runs."""
    wanted, primary, last = props["task_definition"], _primary(ecs, props), _latest_service_deployment(ecs, props)
    fresh = last is not None and last["createdAt"] >= _PROCESS_STARTED
    undone = last is not None and last["status"] in _ENDS and primary["id"] != f"ecs-svc/{_revision_number(last)}"
    # ECS may have rolled back already: then the primary deployment is what it went back to, maybe of this revision.
    if primary["taskDefinition"] == wanted and not (undone and fresh):
        if undone and primary["createdAt"] < _PROCESS_STARTED:
            raise RolloutError(
                f"{props['service']} runs {wanted.rsplit('/', 1)[-1]} with the settings before: ECS went back to them, "
                "since the deployment with those of now failed. Run refresh, so that the difference shows, and up again"
            )
        if primary.get("rolloutState") != "FAILED" or primary["createdAt"] >= _PROCESS_STARTED:
            return str(primary["id"])
    if last is not None and (fresh or last["status"] not in ("SUCCESSFUL", *_ENDS)):
        return f"ecs-svc/{_revision_number(last)}"
    report(f"{props['service']}: deploying {wanted.rsplit('/', 1)[-1]} again")
    answer = ecs.update_service(
        cluster=props["cluster"], service=props["service"], taskDefinition=wanted, forceNewDeployment=True
    )
    deployments = answer["service"]["deployments"]
    return str(next(d["id"] for d in deployments if d["taskDefinition"] == wanted))


def _service_deployment(
    ecs: Client, props: Mapping[str, Any], own_id: str, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the service deployment of a deployment's id; nothing while ECS doesn't list it."""
    arn = before.get("serviceDeploymentArn")
    if arn is None:
        # The service revision that is deployed is numbered like the deployment, as the official AWS provider knows
        # (`findPrimaryDeploymentARN`):
        # https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ecs/service.go
        listed = (one for one in _service_deployments(ecs, props) if own_id.endswith(f"/{_revision_number(one)}"))
        arn = next((one["serviceDeploymentArn"] for one in listed), None)
    if arn is None:
        return {}
    found = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    return dict(found[0]) if found else {}


def _revision_number(service_deployment: Mapping[str, Any]) -> str:
    return str(service_deployment.get("targetServiceRevisionArn", "")).rsplit("/", 1)[-1]


def _service_deployments(ecs: Client, props: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a service's last service deployments, newest first."""
    wanted = {"cluster": props["cluster"], "service": props["service"]}
    page = ecs.list_service_deployments(**wanted)
    found = list(page["serviceDeployments"])
    while token := page.get("nextToken"):  # botocore has no paginator for this call
        page = ecs.list_service_deployments(**wanted, nextToken=token)
        found += page["serviceDeployments"]
    return sorted(found, key=lambda one: one["createdAt"], reverse=True)[:_LATEST]


def _latest_service_deployment(ecs: Client, props: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the newest service deployment of this revision, if ECS knows one."""
    listed = _service_deployments(ecs, props)
    arns = sorted({one["targetServiceRevisionArn"] for one in listed if one.get("targetServiceRevisionArn")})
    if not arns:
        return None
    own = {
        revision["serviceRevisionArn"]
        for revision in ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"]
        if revision["taskDefinition"] == props["task_definition"]
    }
    return next((one for one in listed if one.get("targetServiceRevisionArn") in own), None)


def _is_rolling_back(service_deployment: Mapping[str, Any]) -> bool:
    return str(service_deployment.get("status", "")).startswith("ROLLBACK")


def _progress(props: Mapping[str, Any], primary: Mapping[str, Any], service_deployment: Mapping[str, Any]) -> str:
    revision = str(props["task_definition"]).rsplit("/", 1)[-1]
    text = f"{primary.get('runningCount')} of {primary.get('desiredCount')} tasks of {revision} run"
    if _is_rolling_back(service_deployment):
        return f"ECS rolls {revision} back"
    weight = (service_deployment.get("targetServiceRevision") or {}).get("requestedProductionTrafficWeight")
    if weight is not None:
        text += f" and get {weight:g} % of the requests"
    if stage := service_deployment.get("lifecycleStage"):
        text += f" ({str(stage).lower().replace('_', ' ')})"
    return text


def _stopped(ecs: Client, props: Mapping[str, Any], own_id: str) -> list[dict[str, Any]]:
    arns = ecs.list_tasks(cluster=props["cluster"], serviceName=props["service"], desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=props["cluster"], tasks=arns[:100])["tasks"] if arns else []
    return [
        task
        for task in tasks
        if task["taskDefinitionArn"] == props["task_definition"]
        # Spot takes tasks back, and ECS moves them between zones, without anything being wrong with them:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (stopCode)
        and task.get("stopCode") not in ("SpotInterruption", "UserInitiated")
        and task.get("startedBy") in (None, own_id)
        and task.get("createdAt", _PROCESS_STARTED) >= _PROCESS_STARTED
    ]


def _failure(
    ecs: Client, props: Mapping[str, Any], service_deployment: Mapping[str, Any], own_id: str, what: str
) -> str:
    """Return why a deployment failed: ECS's own message, the stopped tasks' reasons, and the last log lines."""
    service, wanted = props["service"], props["task_definition"]
    stopped = _stopped(ecs, props, own_id)
    described = ecs.describe_services(cluster=props["cluster"], services=[service])["services"]
    deployments = described[0]["deployments"] if described else []
    events = _events(described[0].get("events") or [], own_id) if described else []
    reasons = Counter(stop_reason(task, props["container"]) for task in stopped)
    parts = [f"{service} doesn't run {wanted.rsplit('/', 1)[-1]}: {what}."]
    if triggered := (service_deployment.get("alarms") or {}).get("triggeredAlarmNames"):
        parts.append(f"The alarm {' and the alarm '.join(triggered)} went off.")
    if reasons:
        parts.append(
            "Its tasks stopped: " + "; ".join(f"{why} ({count} times)" for why, count in reasons.items()) + "."
        )
    if said := [text for text in (service_deployment.get("statusReason"), *events) if text]:
        parts.append("ECS says: " + inert(" ".join(said)))
    if stopped:
        logs = aws_clients.client("logs", props["region"])
        parts.append(quote_log(last_log_lines(logs, props["log_group"], props["container"], stopped[0]["taskArn"])))
    running = next((d["taskDefinition"] for d in deployments if d["status"] == "PRIMARY"), "nothing")
    parts.append(f"\n{running.rsplit('/', 1)[-1]} serves. Mend the release and run up again, or go back.")
    return " ".join(parts)


def _events(events: Sequence[Mapping[str, Any]], own_id: str) -> list[str]:
    """Return three of a service's events, given newest first: those that name this deployment first.

    The rollback's own events are newer than the one that says why this deployment failed.
    """
    return sorted((str(event["message"]) for event in events), key=lambda text: f"{own_id})" not in text)[:3]
