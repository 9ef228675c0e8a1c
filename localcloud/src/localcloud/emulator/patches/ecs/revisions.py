"""Service revisions: what a deployment of a service deploys, its task definition above all. moto has none.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-revision.html
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.responses import EC2ContainerServiceResponse

from localcloud.emulator.patches.ecs.definitions import containers_of
from localcloud.emulator.patching import patch

#: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceRevisions.html
_MOST_AT_ONCE = 20


def record(service: Any, arn: str) -> dict[str, Any]:
    """Return the revision of a service as it is now; a revision never changes."""
    definition = service._backend.describe_task_definition(str(service.task_definition))
    return {
        "serviceRevisionArn": arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "taskDefinition": service.task_definition,
        "capacityProviderStrategy": service.capacity_provider_strategy,
        "launchType": service.launch_type,
        "platformVersion": service.platform_version,
        "platformFamily": service.platform_family,
        "loadBalancers": service.load_balancers,
        "serviceRegistries": service.service_registries,
        "networkConfiguration": service.network_configuration or None,
        "containerImages": [
            {
                "containerName": container.get("name"),
                "image": container.get("image"),
                "imageDigest": str(container.get("image", "")).partition("@")[2] or None,
            }
            for container in containers_of(definition)
        ],
        "serviceConnectConfiguration": service.service_connect_configuration,
        "volumeConfigurations": service.volume_configurations,
        "vpcLatticeConfigurations": service.vpc_lattice_configurations,
        "createdAt": utcnow(),
    }


@patch(EC2ContainerServiceResponse, "describe_service_revisions")
def describe_service_revisions(self: EC2ContainerServiceResponse) -> ActionResult:
    wanted = self._get_param("serviceRevisionArns") or []
    if not 1 <= len(wanted) <= _MOST_AT_ONCE:
        raise InvalidParameterException(f"serviceRevisionArns must have between 1 and {_MOST_AT_ONCE} items.")
    known = {
        revision["serviceRevisionArn"]: revision
        for service in self.ecs_backend.services.values()
        for revision in vars(service).get("revisions", [])
    }
    return ActionResult(
        {
            "serviceRevisions": [known[arn] for arn in wanted if arn in known],
            "failures": [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known],
        }
    )
