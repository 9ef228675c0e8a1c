"""The ARNs and conditions that keep a policy to one stack.

What has a name with the stack's in it is a pattern, so that a policy stays right when an `up` makes another of its
kind. What has none is told by its tags, or by its ARN where tags don't count.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from operations.permissions.statements import Condition
from operations.state.resources import Resources
from operations.state.stack import Stack


@dataclass(frozen=True)
class Scope:
    """One stack in its account and region."""

    stack: Stack
    """The stack."""
    resources: Resources
    """Its resources."""

    @property
    def region(self) -> str:
        """The region that it is in."""
        return self.resources.cluster.split(":")[3]

    @property
    def account(self) -> str:
        """The account that it is in."""
        return self.resources.cluster.split(":")[4]

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN, or a pattern of ARNs, in the stack's account and region."""
        return f"{self._arn}:{service}:{self.region}:{self.account}:{resource}"

    def role(self, name: str) -> str:
        """Return the ARN of a role: it is in an account, and in no region."""
        return f"{self._arn}:iam::{self.account}:role/{name}"

    def unplaced_arn(self, service: str, resource: str) -> str:
        """Return an ARN with neither account nor region, as buckets and hosted zones have it."""
        return f"{self._arn}:{service}:::{resource}"

    @property
    def _arn(self) -> str:
        """The beginning of every ARN, with the partition."""
        return ":".join(self.resources.cluster.split(":")[:2])

    def arns(self, service: str, resources: Iterable[str]) -> list[str]:
        """Return several ARNs."""
        return [self.arn(service, resource) for resource in resources]

    @property
    def tagged(self) -> Condition:
        """That a resource has the stack's tags."""
        return {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in self.resources.tags.items()}}

    @property
    def in_cluster(self) -> Condition:
        """That ECS is asked about the stack's cluster."""
        return {"ArnEquals": {"ecs:cluster": self.resources.cluster}}

    def in_ecs(self, kind: str) -> str:
        """Return the pattern of what ECS has in the stack's cluster: its services, tasks and deployments."""
        return self.arn("ecs", f"{kind}/{self.stack.cluster}/*")

    @property
    def task_definitions(self) -> list[str]:
        """Every revision of the stack's task definitions."""
        return self.arns("ecs", (f"task-definition/{self.stack.name}-{system}-*:*" for system in self.stack.systems))

    @property
    def log_groups(self) -> list[str]:
        """The log groups of the stack's services, migrations and functions, with their streams."""
        return self.arns("logs", (f"log-group:/{self.stack.name}/{system}/*" for system in self.stack.systems))

    @property
    def secrets(self) -> list[str]:
        """The secrets of systems with these names; `tagged` tells the stack's from those of others."""
        return self.arns("secretsmanager", (f"secret:{system}-*" for system in self.stack.systems))

    @property
    def repositories(self) -> list[str]:
        """The stack's repositories, and those of other stacks whose images it runs."""
        found = set()
        for system in self.stack.systems.values():
            for url in system.repositories:
                host, _, name = url.partition("/")
                registry, region = host.split(".")[0], host.split(".")[3]
                folder = name.rpartition("/")[0]
                found.add(f"{self._arn}:ecr:{region}:{registry}:repository/{folder}/{system.name}-*")
        return sorted(found)

    @property
    def own_repositories(self) -> list[str]:
        """The stack's own repositories."""
        own = set(self.arns("ecr", (f"repository/{self.stack.name}/{system}-*" for system in self.stack.systems)))
        return sorted(own & set(self.repositories))
