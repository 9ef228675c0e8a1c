"""Cloud Map: namespaces and services."""

import time
from typing import Any

from localcloud.provider.base import Properties, ResourceType, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, ignoring, pick, tag_changes, tag_list, tag_map

_SECONDS = 30.0


def _done(aws: Session, operation: str) -> str:
    """Wait for an operation and return what it worked on.

    Raises:
        RuntimeError: when the operation failed or takes too long.
    """
    deadline = time.monotonic() + _SECONDS
    while True:
        answer = aws.client("servicediscovery").get_operation(OperationId=operation)["Operation"]
        if answer["Status"] == "SUCCESS":
            return str(answer["Targets"]["NAMESPACE"])
        if answer["Status"] == "FAIL":
            raise RuntimeError(f"{answer.get('ErrorCode')}: {answer.get('ErrorMessage')}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the operation {operation} is still {answer['Status']} after {_SECONDS:.0f} s")
        time.sleep(0.1)


def _retag(aws: Session, old: Properties, new: Properties) -> None:
    put, drop = tag_changes(old.get("tags"), new.get("tags"))
    if drop:
        aws.client("servicediscovery").untag_resource(ResourceARN=old["arn"], TagKeys=drop)
    if put:
        aws.client("servicediscovery").tag_resource(ResourceARN=old["arn"], Tags=tag_list(put))


def _tags(aws: Session, arn: str) -> dict[str, str]:
    return tag_map(aws.client("servicediscovery").list_tags_for_resource(ResourceARN=arn)["Tags"])


def _arguments(inputs: Properties) -> dict[str, Any]:
    return {
        **pick(inputs, "name", "description"),
        **({"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}),
    }


class _Namespace(ResourceType):
    """What the kinds of namespaces share."""

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("servicediscovery").get_namespace(Id=id), "NamespaceNotFound")
        if answer is None:
            return None
        namespace = answer["Namespace"]
        return {
            "arn": namespace["Arn"],
            "name": namespace["Name"],
            "description": namespace.get("Description", ""),
            **self.about(namespace.get("Properties") or {}),
            "tags": _tags(aws, namespace["Arn"]),
        }

    def about(self, properties: dict[str, Any]) -> Properties:
        """Return the properties that only this kind has."""
        return {"hostedZone": (properties.get("DnsProperties") or {}).get("HostedZoneId", "")}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("NamespaceNotFound"):
            operation = aws.client("servicediscovery").delete_namespace(Id=id)["OperationId"]
            _done(aws, operation)


@resource("aws:servicediscovery/httpNamespace:HttpNamespace")
class HttpNamespace(_Namespace):
    """https://www.pulumi.com/registry/packages/aws/api-docs/servicediscovery/httpnamespace/."""

    replace = frozenset({"name"})

    def create(self, aws: Session, inputs: Properties) -> str:
        return _done(aws, aws.client("servicediscovery").create_http_namespace(**_arguments(inputs))["OperationId"])

    def about(self, properties: dict[str, Any]) -> Properties:
        """Return the name by which instances are discovered over HTTP."""
        return {"httpName": (properties.get("HttpProperties") or {}).get("HttpName", "")}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "description"):
            answer = aws.client("servicediscovery").update_http_namespace(
                Id=id, Namespace={"Description": new.get("description", "")}
            )
            _done(aws, answer["OperationId"])
        _retag(aws, old, new)


@resource("aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
class PrivateDnsNamespace(_Namespace):
    """https://www.pulumi.com/registry/packages/aws/api-docs/servicediscovery/privatednsnamespace/."""

    replace = frozenset({"name", "vpc"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("servicediscovery").create_private_dns_namespace(Vpc=inputs["vpc"], **_arguments(inputs))
        return _done(aws, answer["OperationId"])

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "description"):
            answer = aws.client("servicediscovery").update_private_dns_namespace(
                Id=id, Namespace={"Description": new.get("description", "")}
            )
            _done(aws, answer["OperationId"])
        _retag(aws, old, new)


@resource("aws:servicediscovery/service:Service")
class Service(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/servicediscovery/service/."""

    replace = frozenset({"healthCheckCustomConfig", "name", "namespaceId", "type"})
    defaults = {"forceDestroy": False}

    def create(self, aws: Session, inputs: Properties) -> str:
        dns, check = inputs.get("dnsConfig"), inputs.get("healthCheckConfig")
        custom = inputs.get("healthCheckCustomConfig")
        answer = aws.client("servicediscovery").create_service(
            **pick(inputs, "namespaceId", "type"),
            **_arguments(inputs),
            **({"DnsConfig": _dns(dns)} if dns else {}),
            **({"HealthCheckConfig": pick(check, *check)} if check else {}),
            **({"HealthCheckCustomConfig": pick(custom, *custom)} if custom is not None else {}),
        )
        return str(answer["Service"]["Id"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("servicediscovery").get_service(Id=id), "ServiceNotFound")
        if answer is None:
            return None
        service = answer["Service"]
        dns = service.get("DnsConfig") or {}
        told: Properties = {
            "arn": service["Arn"],
            "name": service["Name"],
            "description": service.get("Description", ""),
            **pick(service, "NamespaceId", "Type"),
            "tags": _tags(aws, service["Arn"]),
        }
        if dns.get("DnsRecords"):
            told["dnsConfig"] = {
                "namespaceId": dns.get("NamespaceId") or service.get("NamespaceId"),
                "routingPolicy": dns.get("RoutingPolicy", "MULTIVALUE"),
                "dnsRecords": [{"ttl": item["TTL"], "type": item["Type"]} for item in dns["DnsRecords"]],
            }
            if "routingPolicy" not in (state.get("dnsConfig") or {"routingPolicy": ""}):
                del told["dnsConfig"]["routingPolicy"]
        return told

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "description", "dnsConfig", "healthCheckConfig"):
            dns, check = new.get("dnsConfig"), new.get("healthCheckConfig")
            answer = aws.client("servicediscovery").update_service(
                Id=id,
                Service={
                    "Description": new.get("description", ""),
                    **({"DnsConfig": {"DnsRecords": _dns(dns)["DnsRecords"]}} if dns else {}),
                    **({"HealthCheckConfig": pick(check, *check)} if check else {}),
                },
            )
            _done_service(aws, answer["OperationId"])
        _retag(aws, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        client = aws.client("servicediscovery")
        with ignoring("ServiceNotFound"):
            if state.get("forceDestroy"):
                for instance in client.list_instances(ServiceId=id)["Instances"]:
                    client.deregister_instance(ServiceId=id, InstanceId=instance["Id"])
            client.delete_service(Id=id)


def _dns(block: Properties) -> dict[str, Any]:
    return {
        **pick(block, "namespaceId", "routingPolicy"),
        "DnsRecords": [{"TTL": int(item["ttl"]), "Type": item["type"]} for item in block["dnsRecords"]],
    }


def _done_service(aws: Session, operation: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        status = aws.client("servicediscovery").get_operation(OperationId=operation)["Operation"]["Status"]
        if status in ("SUCCESS", "FAIL"):
            return
        time.sleep(0.1)
