"""How services find each other by name: ECS Service Connect."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.compute.container import Container

#: How much longer than a request may take its connection may stay idle, in seconds.
_IDLE_MARGIN = 10


@dataclass(frozen=True, kw_only=True)
class ServiceConnect:
    """How services find each other by name inside the cluster."""

    namespace_arn: pulumi.Input[str]
    """The cluster's namespace."""
    alias: str | None = None
    """The host name under which others reach this service; None for a service that only calls."""
    # Service Connect cuts HTTP requests after 15 s unless told otherwise:
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TimeoutConfiguration.html
    request_timeout_seconds: int = 15
    """After which Service Connect's proxy cuts a request to this service."""

    def configuration(
        self, service_name: str, container: Container
    ) -> aws.ecs.ServiceServiceConnectConfigurationArgsDict:
        """Return the configuration of a service.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
        """
        configuration: aws.ecs.ServiceServiceConnectConfigurationArgsDict = {
            "enabled": True,
            "namespace": self.namespace_arn,
        }
        if self.alias is not None and container.port is not None:
            configuration["services"] = [
                {
                    "port_name": container.name,
                    "discovery_name": service_name,
                    "client_alias": [{"dns_name": self.alias, "port": container.port}],
                    "timeout": {
                        "per_request_timeout_seconds": self.request_timeout_seconds,
                        # Must not end a connection before its request may take this long.
                        "idle_timeout_seconds": self.request_timeout_seconds + _IDLE_MARGIN,
                    },
                }
            ]
        return configuration
