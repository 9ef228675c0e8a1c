"""Namespaces."""

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.servicediscovery.models import Namespace, ServiceDiscoveryBackend
from moto.servicediscovery.responses import ServiceDiscoveryResponse

from localcloud.emulator.patching import patch


@patch(ServiceDiscoveryResponse, "update_http_namespace")
def update_http_namespace(original: Any, self: ServiceDiscoveryResponse) -> str:
    """Name the operation as the API does; moto writes `operationId`."""
    answer = json.loads(original(self))
    return json.dumps({"OperationId": answer.get("operationId") or answer.get("OperationId")})


@patch(ServiceDiscoveryBackend, "create_http_namespace")
@patch(ServiceDiscoveryBackend, "create_private_dns_namespace")
def create_namespace(original: Any, self: ServiceDiscoveryBackend, *args: Any, **kwargs: Any) -> str:
    """Refuse a name that is taken and a VPC that isn't there; moto takes both.

    https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateHttpNamespace.html
    """
    name = kwargs.get("name") or args[0]
    if any(namespace.name == name and not kwargs.get("vpc") for namespace in self.namespaces.values()):
        raise JsonRESTError("NamespaceAlreadyExists", f"Namespace with name {name} already exists")
    if vpc := kwargs.get("vpc"):
        from moto.ec2.models import ec2_backends

        if vpc not in ec2_backends[self.account_id][self.region_name].vpcs:
            raise JsonRESTError("InvalidInput", f"The VPC {vpc} does not exist in region {self.region_name}")
    return str(original(self, *args, **kwargs))


@patch(ServiceDiscoveryBackend, "delete_namespace")
def delete_namespace(original: Any, self: ServiceDiscoveryBackend, namespace_id: str) -> str:
    """Refuse a namespace with services, and take its hosted zone along; moto does neither.

    https://docs.aws.amazon.com/cloud-map/latest/api/API_DeleteNamespace.html
    """
    if any(service.namespace_id == namespace_id for service in self.services.values()):
        raise JsonRESTError("ResourceInUse", f"Namespace {namespace_id} still contains services")
    namespace = self.namespaces.get(namespace_id)
    answer = str(original(self, namespace_id))
    zone = ((namespace and namespace.dns_properties) or {}).get("HostedZoneId")
    if zone:
        from moto.route53.models import route53_backends

        route53_backends[self.account_id][self.partition].zones.pop(zone.removeprefix("/hostedzone/"), None)
    return answer


@patch(Namespace, "to_json")
def to_json(original: Any, self: Namespace) -> dict[str, Any]:
    """Tell the hosted zone's id without the path that moto puts before it."""
    answer: dict[str, Any] = original(self)
    dns = (answer.get("Properties") or {}).get("DnsProperties") or {}
    if dns.get("HostedZoneId"):
        answer["Properties"]["DnsProperties"] = {
            **dns,
            "HostedZoneId": dns["HostedZoneId"].removeprefix("/hostedzone/"),
        }
    return answer
