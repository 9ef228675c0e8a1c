"""What an `up` needs that names another release, and nothing else.

It registers task definitions, migrates, updates services and waits for them. Stores, network, roles, secrets and the
load balancer stay as they are: an `up` that would change them is refused by AWS.
"""

from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow


def permissions(scope: Scope) -> list[Statement]:
    """Return what such an `up` needs."""
    services, tasks = scope.in_ecs("service"), scope.in_ecs("task")
    deployments = scope.in_ecs("service-deployment")
    return [
        # Each release's image, and how many of them a repository keeps.
        allow("ecr:DescribeImages ecr:DescribeRepositories", scope.repositories),
        allow("ecr:GetLifecyclePolicy ecr:PutLifecyclePolicy ecr:DeleteLifecyclePolicy", scope.own_repositories),
        # What the program and the provider ask before anything else; the actions take no resource.
        allow("ec2:DescribeAvailabilityZones sts:GetCallerIdentity route53:ListHostedZones"),
        allow("route53:GetHostedZone route53:ListTagsForResource", scope.unplaced_arn("route53", "hostedzone/*")),
        # Revisions and services.
        allow("ecs:RegisterTaskDefinition", scope.task_definitions, sid="ReleaseReadsEverySecretOfItsTasks"),
        allow(
            "ecs:TagResource",
            scope.task_definitions,
            {"StringEquals": {"ecs:CreateAction": "RegisterTaskDefinition"}},
        ),
        allow("ecs:ListTagsForResource", (services, *scope.task_definitions)),
        allow("ecs:UpdateService", services, scope.in_cluster),
        allow("ecs:DescribeServiceDeployments", (services, deployments)),
        allow(
            "iam:PassRole",
            scope.resources.traffic_roles,
            {"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}},
        ),
        *_snapshots(scope),
        # A migration that takes too long is stopped.
        allow("ecs:DescribeTasks ecs:StopTask", tasks, scope.in_cluster),
    ]


def _snapshots(scope: Scope) -> list[Statement]:
    """Return what a migration needs that takes a snapshot of its database first, and lets old ones of these go."""
    found = []
    for database in scope.resources.snapshotted:
        instance, snapshots = scope.arns("rds", (f"db:{database}", f"snapshot:{database}-before-*"))
        found += [
            allow("rds:CreateDBSnapshot", (instance, snapshots)),
            allow("rds:AddTagsToResource rds:DeleteDBSnapshot", snapshots),
        ]
    return found
