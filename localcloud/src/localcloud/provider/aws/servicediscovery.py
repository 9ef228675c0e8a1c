"""Cloud Map: namespaces and services."""

import time

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring

_TAGS = Tagging("ResourceARN")
_SECONDS = 30.0


def _done(aws: Session, operation: str, target: str = "NAMESPACE") -> str:
    """Wait for an operation and return what it worked on.

    Raises:
        RuntimeError: when the operation failed or takes too long.
    """
    deadline = time.monotonic() + _SECONDS
    while True:
        answer = aws.client("servicediscovery").get_operation(OperationId=operation)["Operation"]
        if answer["Status"] == "SUCCESS":
            return str(answer["Targets"].get(target, ""))
        if answer["Status"] == "FAIL":
            raise RuntimeError(f"{answer.get('ErrorCode')}: {answer.get('ErrorMessage')}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the operation {operation} is still {answer['Status']} after {_SECONDS:.0f} s")
        time.sleep(0.1)


class _Namespace(ApiResource):
    """What the kinds of namespaces share: a call begins an operation, which is waited for."""

    service = "servicediscovery"
    reads = "get_namespace"
    keys = {"id": "Id"}
    described = "Namespace"
    not_found = ("NamespaceNotFound",)
    tagging = _TAGS

    def create(self, aws: Session, inputs: Properties) -> str:
        arguments = {**self.arguments(self.creates, inputs), **self.tags_argument(inputs)}
        return _done(aws, self.call(aws, self.creates, **arguments)["OperationId"])

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "description"):
            namespace = {"Description": new.get("description", "")}
            _done(aws, self.call(aws, self.updates, Id=id, Namespace=namespace)["OperationId"])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*self.not_found):
            _done(aws, aws.client("servicediscovery").delete_namespace(Id=id)["OperationId"])


@resource("aws:servicediscovery/httpNamespace:HttpNamespace")
class HttpNamespace(_Namespace):
    """https://www.pulumi.com/registry/packages/aws/api-docs/servicediscovery/httpnamespace/."""

    replace = frozenset({"name"})
    creates, updates = "create_http_namespace", "update_http_namespace"
    outputs = {
        "arn": "Arn",
        "description": "Description || ''",
        "httpName": "Properties.HttpProperties.HttpName || ''",
        "name": "Name",
    }


@resource("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
class PrivateDnsNamespace(_Namespace):
    """https://www.pulumi.com/registry/packages/aws/api-docs/servicediscovery/privatednsnamespace/."""

    replace = frozenset({"name", "vpc"})
    creates, updates = "create_private_dns_namespace", "update_private_dns_namespace"
    outputs = {
        "arn": "Arn",
        "description": "Description || ''",
        "hostedZone": "Properties.DnsProperties.HostedZoneId || ''",
        "name": "Name",
    }


@resource("aws:servicediscovery/service:Service")
class Service(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/servicediscovery/service/."""

    replace = frozenset({"healthCheckCustomConfig", "name", "namespaceId", "type"})
    defaults = {"forceDestroy": False}
    service = "servicediscovery"
    creates, reads, updates, deletes = "create_service", "get_service", "update_service", "delete_service"
    keys = {"id": "Id"}
    new_id = "Service.Id"
    described = "Service"
    not_found = ("ServiceNotFound",)
    tagging = _TAGS
    outputs = {
        "arn": "Arn",
        "description": "Description || ''",
        "dnsConfig": "DnsConfig",
        "name": "Name",
        "namespaceId": "NamespaceId",
        "type": "Type",
    }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "description", "dnsConfig", "healthCheckConfig"):
            wanted = self.arguments(self.creates, {**new, "description": new.get("description", "")})
            parts = {name: wanted[name] for name in ("Description", "DnsConfig", "HealthCheckConfig") if name in wanted}
            if dns := parts.get("DnsConfig"):
                parts["DnsConfig"] = {"DnsRecords": dns["DnsRecords"]}
            answer = aws.client("servicediscovery").update_service(Id=id, Service=parts)
            _done(aws, answer["OperationId"], "SERVICE")

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        client = aws.client("servicediscovery")
        with ignoring(*self.not_found):
            if state.get("forceDestroy"):
                for instance in client.list_instances(ServiceId=id)["Instances"]:
                    client.deregister_instance(ServiceId=id, InstanceId=instance["Id"])
            client.delete_service(Id=id)
