"""WAF: web ACLs, IP sets, their association and logging."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import found, ignoring

_NOT_FOUND = ("WAFNonexistentItemException",)


class _Item(ApiResource):
    """Something of WAF that is known by id, name and scope, and changed by its lock token."""

    autoname = AutoName(max_length=128)
    service = "wafv2"
    keys = {"id": "Id"}
    new_id = "Summary.Id"
    not_found = _NOT_FOUND
    tagging = Tagging("ResourceARN", answer="TagInfoForResource.TagList")

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from super().validate(inputs)
        if inputs.get("scope") == "CLOUDFRONT":
            yield "scope", "the local cloud has no CloudFront: it is REGIONAL"

    def where(self, id: str, state: Properties) -> Properties:
        if "/" in id:  # a `get`: id, name and scope in one, as the official provider imports it
            return dict(zip(("Id", "Name", "Scope"), id.split("/"), strict=True))
        return {"Id": id, "Name": state["name"], "Scope": state["scope"]}

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        answer = found(lambda: self.call(aws, self.reads, **self.where(id, state)), *self.not_found)
        return answer and {**answer, **answer[self.described], "Scope": "REGIONAL"}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        keys = (old.keys() | new.keys()) - {"tags", "tagsAll", "region"}
        if any(self.member(self.updates, key) and old.get(key) != new.get(key) for key in keys):
            where = self.where(id, {**old, **new})
            token = self.call(aws, self.reads, **where)["LockToken"]
            self.call(aws, self.updates, **{**self.arguments(self.updates, new), **where, "LockToken": token})

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if (live := self.find(aws, id, state)) is not None:
            with ignoring(*self.not_found):
                self.call(aws, self.deletes, **self.where(id, state), LockToken=live["LockToken"])


@resource("aws:wafv2/webAcl:WebAcl")
class WebAcl(_Item):
    """https://www.pulumi.com/registry/packages/aws/api-docs/wafv2/webacl/."""

    replace = frozenset({"name", "namePrefix", "scope"})
    unordered = frozenset({"rules", "customResponseBodies", "tokenDomains"})
    documents = frozenset({"ruleJson"})
    missing = frozenset({"associationConfig", "dataProtectionConfig", "monetizationConfig"})
    creates, reads, updates, deletes = "create_web_acl", "get_web_acl", "update_web_acl", "delete_web_acl"
    described = "WebACL"
    renames = {"ruleJson": "Rules"}
    outputs = {
        "applicationIntegrationUrl": "ApplicationIntegrationURL || ''",
        "arn": "ARN",
        "capacity": "Capacity",
        "description": "Description || ''",
        "lockToken": "LockToken",
        "name": "Name",
        "scope": "Scope",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from super().validate(inputs)
        if inputs.get("rules") and inputs.get("ruleJson"):
            yield "ruleJson", 'conflicts with "rules"'

    def arguments(self, call: str, inputs: Properties) -> Properties:
        return {"Rules": [], **super().arguments(call, inputs)}

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "customResponseBodies":
            value = {item["key"]: {name: item[name] for name in ("content", "contentType")} for item in value}
        return super().argument(key, value, shape)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        properties = super().properties(aws, live, {**state, "ruleJson": None})
        if state.get("ruleJson"):
            # Compared as rules, and told as the text that the program wrote where they mean the same.
            rules = self.echo("rules", live.get("Rules") or [], {"rules": state["ruleJson"]})
            properties["ruleJson"] = rules if isinstance(rules, str) else json.dumps(rules)
        return properties


@resource("aws:wafv2/ipSet:IpSet")
class IpSet(_Item):
    """https://www.pulumi.com/registry/packages/aws/api-docs/wafv2/ipset/."""

    replace = frozenset({"ipAddressVersion", "name", "namePrefix", "scope"})
    unordered = frozenset({"addresses"})
    creates, reads, updates, deletes = "create_ip_set", "get_ip_set", "update_ip_set", "delete_ip_set"
    described = "IPSet"
    outputs = {
        "addresses": "Addresses",
        "arn": "ARN",
        "description": "Description || ''",
        "ipAddressVersion": "IPAddressVersion",
        "lockToken": "LockToken",
        "name": "Name",
        "scope": "Scope",
    }

    def arguments(self, call: str, inputs: Properties) -> Properties:
        return {"Addresses": [], **super().arguments(call, inputs)}


@resource("aws:wafv2/webAclAssociation:WebAclAssociation")
class WebAclAssociation(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/wafv2/webaclassociation/."""

    replace = frozenset({"resourceArn", "webAclArn"})
    service = "wafv2"
    creates, reads, deletes = "associate_web_acl", "get_web_acl_for_resource", "disassociate_web_acl"
    keys = {"webAclArn": "WebACLArn", "resourceArn": "ResourceArn"}
    separator = ","
    not_found = _NOT_FOUND

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        acl, target = self.parts(id).values()
        answer = found(lambda: aws.client("wafv2").get_web_acl_for_resource(ResourceArn=target), *self.not_found)
        live = (answer or {}).get("WebACL") or {}
        return live if live.get("ARN") == acl else None

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if self.find(aws, id, state) is not None:
            with ignoring(*self.not_found):
                aws.client("wafv2").disassociate_web_acl(ResourceArn=state["resourceArn"])


@resource("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
class WebAclLoggingConfiguration(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/wafv2/webaclloggingconfiguration/."""

    replace = frozenset({"resourceArn"})
    unordered = frozenset({"logDestinationConfigs", "redactedFields"})
    service = "wafv2"
    creates = updates = "put_logging_configuration"
    updates_whole = True
    reads, deletes = "get_logging_configuration", "delete_logging_configuration"
    keys = {"resourceArn": "ResourceArn"}
    inside = described = "LoggingConfiguration"
    not_found = _NOT_FOUND

    def naming(self, call: str, id: str, state: Properties) -> Properties:
        return {} if call == self.updates else super().naming(call, id, state)
