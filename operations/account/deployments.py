"""A service's deployments as ECS remembers them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from operations.account.account import all_pages, in_batches
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow

#: How long ECS remembers: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/view-service-deployment.html
REMEMBERED = timedelta(days=90)
#: How many revisions a call takes:
#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
_REVISIONS_PER_CALL = 20

#: In a person's words. https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentBrief.html
_WORDS = {
    "PENDING": "waits to begin",
    "IN_PROGRESS": "in progress",
    "SUCCESSFUL": "completed",
    "STOPPED": "stopped",
    "STOP_REQUESTED": "being stopped",
    "ROLLBACK_REQUESTED": "being rolled back",
    "ROLLBACK_IN_PROGRESS": "being rolled back",
    "ROLLBACK_SUCCESSFUL": "rolled back",
    "ROLLBACK_FAILED": "rollback failed",
}
_IN_PROGRESS = ("PENDING", "IN_PROGRESS")
_ROLLING_BACK = ("STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS")


@dataclass(frozen=True, kw_only=True)
class ServiceDeployment:
    """One deployment of a service."""

    task_definition: str
    """ARN of the revision that was deployed; empty when ECS doesn't tell any more."""
    status: str
    """ECS's status."""
    reason: str
    """ECS's reason, where it gives one."""
    created: datetime
    """When it was asked for."""

    @property
    def outcome(self) -> str:
        """The status in words."""
        return _WORDS.get(self.status, self.status.lower())

    @property
    def outcome_and_reason(self) -> str:
        """The status in words, with ECS's reason in parentheses."""
        return self.outcome + (f" ({self.reason})" if self.reason else "")

    @property
    def completed(self) -> bool:
        """Whether it ended with its tasks running."""
        return self.status == "SUCCESSFUL"

    @property
    def in_progress(self) -> bool:
        """Whether it hasn't ended yet."""
        return self.status in _IN_PROGRESS

    @property
    def failed(self) -> bool:
        """Whether it ended, or is about to end, without its tasks running."""
        return not self.completed and not self.in_progress

    @property
    def settled(self) -> bool:
        """Whether it changes nothing any more: it is neither in progress nor being rolled back."""
        return self.status not in (*_IN_PROGRESS, *_ROLLING_BACK)


def permissions(scope: Scope) -> list[Statement]:
    """Return what `of_service` needs."""
    return [
        allow("ecs:ListServiceDeployments", scope.in_ecs("service")),
        allow("ecs:DescribeServiceRevisions", (scope.in_ecs("service"), scope.in_ecs("service-revision"))),
    ]


def last_of(ecs: Any, cluster: str, service: str) -> ServiceDeployment | None:  # noqa: ANN401 - a boto3 client
    """Return a service's last deployment; None when ECS remembers none."""
    return next(iter(of_service(ecs, cluster, service)), None)


def of_service(ecs: Any, cluster: str, service: str) -> list[ServiceDeployment]:  # noqa: ANN401 - a boto3 client
    """Return a service's deployments, newest first."""
    found = all_pages(ecs.list_service_deployments, "serviceDeployments", cluster=cluster, service=service)
    arns = sorted({item["targetServiceRevisionArn"] for item in found if item.get("targetServiceRevisionArn")})
    definitions = {
        revision["serviceRevisionArn"]: revision["taskDefinition"]
        for batch in in_batches(arns, _REVISIONS_PER_CALL)
        for revision in ecs.describe_service_revisions(serviceRevisionArns=batch)["serviceRevisions"]
    }
    deployments = [
        ServiceDeployment(
            task_definition=definitions.get(item.get("targetServiceRevisionArn", ""), ""),
            status=item["status"],
            reason=item.get("statusReason") or "",
            created=item["createdAt"],
        )
        for item in found
    ]
    return sorted(deployments, key=lambda deployment: deployment.created, reverse=True)
