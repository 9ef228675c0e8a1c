"""WAF: web ACLs, IP sets, their association and logging."""

import json
import re
from collections.abc import Iterable
from typing import Any, ClassVar

from localcloud.provider.aws.ec2 import refused
from localcloud.provider.aws.prefixes import named
from localcloud.provider.base import AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import as_written, same
from localcloud.provider.session import Session
from localcloud.provider.shapes import found, ignoring, pick, tag_changes, tag_list, tag_map

_GONE = "WAFNonexistentItemException"


def _client(aws: Session, scope: str) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
    # https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html#WAF-CreateWebACL-request-Scope
    return aws.client("wafv2", "us-east-1" if scope == "CLOUDFRONT" else None)


def expand(value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value; botocore's shapes have no types
    """Return a value of the schema as the API takes it, led by the API's own shape.

    The schema's names are the API's but for the case of letters (`ipSetReferenceStatement`, `arn`), and for lists of
    one item, which the schema writes in the plural (`statements`, `customKeys`).
    """
    if shape.type_name == "structure":
        names = {name.lower(): name for name in shape.members}
        built = {}
        for key, item in value.items():
            if item is None:
                continue
            name = names.get(key.lower()) or names.get(key.lower().removesuffix("s"))
            if name is None:
                raise ValueError(f"WAF has no {key} in {shape.name}: it has {', '.join(sorted(shape.members))}")
            member = shape.members[name]
            if isinstance(item, list) and member.type_name == "structure":
                item = item[0] if item else {}
            built[name] = expand(item, member)
        return built
    if shape.type_name == "list":
        return [expand(item, shape.member) for item in value]
    if shape.type_name == "blob":
        return value.encode() if isinstance(value, str) else value
    if shape.type_name in ("integer", "long"):
        return int(value)
    return value


def flatten(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """Return an API value under the schema's names."""
    if isinstance(value, dict):
        return {_key(key): flatten(item) for key, item in value.items()}
    if isinstance(value, list):
        return [flatten(item) for item in value]
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _key(name: str) -> str:
    name = name.replace("CloudWatch", "Cloudwatch")
    name = re.sub(r"([A-Z])([A-Z]+)(?=[A-Z][a-z]|$)", lambda match: match[1] + match[2].lower(), name)
    return name[:1].lower() + name[1:]


def _shape(aws: Session, operation: str, *path: str) -> Any:  # noqa: ANN401 - as above
    shape = aws.client("wafv2").meta.service_model.operation_model(operation).input_shape
    for member in path:
        shape = shape.members[member]
    return shape


def _told(aws: Session, live: Any, written: Any, *path: str) -> Any:  # noqa: ANN401 - any plain value
    """Return a live block as the program wrote it where both mean the same to the API."""
    if written is not None:
        sent = expand(written, _shape(aws, *path))
        if same(as_written(live, sent), sent):
            return written
    return flatten(live)


class _Item(ResourceType):
    """Something of WAF that is known by name, scope and id, and changed by its lock token."""

    noun: ClassVar[str] = ""
    kind: ClassVar[str] = ""
    autoname = AutoName(max_length=128)

    def get(self, aws: Session, id: str, state: Properties) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return (the live item, the whole answer), or None when it is gone."""
        if "/" in id:  # a `get`: id, name and scope in one, as the official provider imports it
            id, name, scope = id.split("/")
        else:
            name, scope = state["name"], state["scope"]
        answer = found(lambda: getattr(_client(aws, scope), f"get_{self.noun}")(Id=id, Name=name, Scope=scope), _GONE)
        return None if answer is None else (answer[self.kind], answer)

    def retag(self, aws: Session, old: Properties, new: Properties) -> None:
        """Bring the tags from the old to the new ones."""
        client = _client(aws, new["scope"])
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if drop:
            client.untag_resource(ResourceARN=old["arn"], TagKeys=drop)
        if put:
            client.tag_resource(ResourceARN=old["arn"], Tags=tag_list(put))

    def live_tags(self, aws: Session, arn: str, scope: str) -> dict[str, str]:
        """Return the live tags."""
        answer = _client(aws, scope).list_tags_for_resource(ResourceARN=arn)
        return tag_map(answer["TagInfoForResource"]["TagList"])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        live = self.get(aws, id, state)
        if live is not None:
            with ignoring(_GONE):
                getattr(_client(aws, state["scope"]), f"delete_{self.noun}")(
                    Id=id, Name=state["name"], Scope=state["scope"], LockToken=live[1]["LockToken"]
                )


@resource("aws:wafv2/webAcl:WebAcl")
class WebAcl(_Item):
    """https://www.pulumi.com/registry/packages/aws/api-docs/wafv2/webacl/."""

    noun, kind = "web_acl", "WebACL"
    replace = frozenset({"name", "namePrefix", "scope"})
    unordered = frozenset({"rules", "customResponseBodies", "tokenDomains"})
    documents = frozenset({"ruleJson"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from refused(inputs, {"associationConfig", "dataProtectionConfig", "monetizationConfig"})
        if inputs.get("rules") and inputs.get("ruleJson"):
            yield "ruleJson", 'conflicts with "rules"'

    def create(self, aws: Session, inputs: Properties) -> str:
        summary = _client(aws, inputs["scope"]).create_web_acl(
            Name=named(inputs),
            **self._arguments(aws, inputs),
            **({"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}),
        )["Summary"]
        return str(summary["Id"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        if (got := self.get(aws, id, state)) is None:
            return None
        live, answer = got
        scope = "CLOUDFRONT" if ":global/" in live["ARN"] else "REGIONAL"
        told: Properties = {
            "arn": live["ARN"],
            "name": live["Name"],
            "scope": scope,
            "description": live.get("Description", ""),
            "capacity": live.get("Capacity", 0),
            "lockToken": answer["LockToken"],
            "applicationIntegrationUrl": answer.get("ApplicationIntegrationURL", ""),
            "defaultAction": _told(
                aws, live["DefaultAction"], state.get("defaultAction"), "CreateWebACL", "DefaultAction"
            ),
            "visibilityConfig": _told(
                aws, live["VisibilityConfig"], state.get("visibilityConfig"), "CreateWebACL", "VisibilityConfig"
            ),
            "tags": self.live_tags(aws, live["ARN"], scope),
        }
        rules = live.get("Rules") or []
        if state.get("ruleJson"):
            sent = _rules_of(state["ruleJson"])
            told["ruleJson"] = state["ruleJson"] if same(as_written(rules, sent), sent) else json.dumps(flatten(rules))
        else:
            told["rules"] = self._rules(aws, rules, state.get("rules"))
        for key, name in (("captchaConfig", "CaptchaConfig"), ("challengeConfig", "ChallengeConfig")):
            if live.get(name):
                told[key] = _told(aws, live[name], state.get(key), "CreateWebACL", name)
        if live.get("TokenDomains"):
            told["tokenDomains"] = as_written(live["TokenDomains"], state.get("tokenDomains"))
        if live.get("CustomResponseBodies"):
            bodies = [{"key": key, **flatten(body)} for key, body in live["CustomResponseBodies"].items()]
            told["customResponseBodies"] = as_written(bodies, state.get("customResponseBodies"))
        return told

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        keys = {*new} - {"tags", "tagsAll", "name", "namePrefix", "scope", "region"}
        if any(not same(old.get(key), new.get(key)) for key in keys | ({"description"} & {*old})):
            if (live := self.get(aws, id, old)) is None:
                raise LookupError(f"the web ACL {id} is gone")
            _client(aws, new["scope"]).update_web_acl(
                Id=id, Name=new["name"], LockToken=live[1]["LockToken"], **self._arguments(aws, new)
            )
        self.retag(aws, old, new)

    @staticmethod
    def _arguments(aws: Session, inputs: Properties) -> dict[str, Any]:
        shape = _shape(aws, "CreateWebACL")
        blocks = ("defaultAction", "rules", "visibilityConfig", "captchaConfig", "challengeConfig", "tokenDomains")
        sent: dict[str, Any] = expand(
            {key: inputs[key] for key in (*blocks, "scope", "description") if inputs.get(key)}, shape
        )
        sent.setdefault("Rules", _rules_of(inputs["ruleJson"]) if inputs.get("ruleJson") else [])
        if inputs.get("customResponseBodies"):
            sent["CustomResponseBodies"] = {
                item["key"]: pick(item, "content", "contentType") for item in inputs["customResponseBodies"]
            }
        return sent

    @staticmethod
    def _rules(aws: Session, live: list[dict[str, Any]], written: list[Properties] | None) -> list[Properties]:
        shape = _shape(aws, "CreateWebACL", "Rules")
        if written and len(written) == len(live):
            sent = {rule["Name"]: rule for rule in expand(written, shape)}
            if all(
                rule["Name"] in sent and same(as_written(rule, sent[rule["Name"]]), sent[rule["Name"]]) for rule in live
            ):
                return written
        flat: list[Properties] = flatten(live)
        return flat


def _rules_of(text: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = json.loads(text, object_hook=_bytes)
    return rules


def _bytes(item: dict[str, Any]) -> dict[str, Any]:
    if isinstance(value := item.get("SearchString"), str):
        item["SearchString"] = value.encode()
    return item


@resource("aws:wafv2/ipSet:IpSet")
class IpSet(_Item):
    """https://www.pulumi.com/registry/packages/aws/api-docs/wafv2/ipset/."""

    noun, kind = "ip_set", "IPSet"
    replace = frozenset({"ipAddressVersion", "name", "namePrefix", "scope"})
    unordered = frozenset({"addresses"})

    def create(self, aws: Session, inputs: Properties) -> str:
        summary = _client(aws, inputs["scope"]).create_ip_set(
            Name=named(inputs),
            Scope=inputs["scope"],
            IPAddressVersion=inputs["ipAddressVersion"],
            Addresses=inputs.get("addresses") or [],
            **pick(inputs, "description"),
            **({"Tags": tag_list(inputs["tags"])} if inputs.get("tags") else {}),
        )["Summary"]
        return str(summary["Id"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        if (got := self.get(aws, id, state)) is None:
            return None
        live, answer = got
        scope = "CLOUDFRONT" if ":global/" in live["ARN"] else "REGIONAL"
        return {
            "arn": live["ARN"],
            "name": live["Name"],
            "scope": scope,
            "description": live.get("Description", ""),
            "ipAddressVersion": live["IPAddressVersion"],
            "addresses": as_written(live["Addresses"], state.get("addresses")),
            "lockToken": answer["LockToken"],
            "tags": self.live_tags(aws, live["ARN"], scope),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if any(not same(old.get(key), new.get(key)) for key in ("addresses", "description")):
            if (live := self.get(aws, id, old)) is None:
                raise LookupError(f"the IP set {id} is gone")
            _client(aws, new["scope"]).update_ip_set(
                Id=id,
                Name=new["name"],
                Scope=new["scope"],
                Addresses=new.get("addresses") or [],
                LockToken=live[1]["LockToken"],
                **pick(new, "description"),
            )
        self.retag(aws, old, new)


@resource("aws:wafv2/webAclAssociation:WebAclAssociation")
class WebAclAssociation(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/wafv2/webaclassociation/."""

    tagged = False
    replace = frozenset({"resourceArn", "webAclArn"})

    def create(self, aws: Session, inputs: Properties) -> str:
        aws.client("wafv2").associate_web_acl(WebACLArn=inputs["webAclArn"], ResourceArn=inputs["resourceArn"])
        return f"{inputs['webAclArn']},{inputs['resourceArn']}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        acl, _, target = id.partition(",")
        answer = found(lambda: aws.client("wafv2").get_web_acl_for_resource(ResourceArn=target), _GONE)
        if not answer or (answer.get("WebACL") or {}).get("ARN") != acl:
            return None
        return {"webAclArn": acl, "resourceArn": target}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if self.read(aws, id, state) is not None:
            with ignoring(_GONE):
                aws.client("wafv2").disassociate_web_acl(ResourceArn=state["resourceArn"])


@resource("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
class WebAclLoggingConfiguration(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/wafv2/webaclloggingconfiguration/."""

    tagged = False
    replace = frozenset({"resourceArn"})
    unordered = frozenset({"logDestinationConfigs", "redactedFields"})

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, inputs)
        return str(inputs["resourceArn"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        client = _client(aws, "CLOUDFRONT" if ":global/" in id else "REGIONAL")
        answer = found(lambda: client.get_logging_configuration(ResourceArn=id), _GONE)
        if not answer or not answer.get("LoggingConfiguration"):
            return None
        live = answer["LoggingConfiguration"]
        path = ("PutLoggingConfiguration", "LoggingConfiguration")
        return {
            "resourceArn": id,
            "logDestinationConfigs": as_written(live["LogDestinationConfigs"], state.get("logDestinationConfigs")),
            "redactedFields": _told(
                aws, live.get("RedactedFields") or [], state.get("redactedFields"), *path, "RedactedFields"
            ),
            **(
                {"loggingFilter": _told(aws, live["LoggingFilter"], state.get("loggingFilter"), *path, "LoggingFilter")}
                if live.get("LoggingFilter")
                else {}
            ),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(_GONE):
            _client(aws, "CLOUDFRONT" if ":global/" in id else "REGIONAL").delete_logging_configuration(ResourceArn=id)

    @staticmethod
    def _put(aws: Session, inputs: Properties) -> None:
        keys = ("resourceArn", "logDestinationConfigs", "redactedFields", "loggingFilter")
        shape = _shape(aws, "PutLoggingConfiguration", "LoggingConfiguration")
        sent = expand({key: inputs[key] for key in keys if inputs.get(key)}, shape)
        scope = "CLOUDFRONT" if ":global/" in inputs["resourceArn"] else "REGIONAL"
        _client(aws, scope).put_logging_configuration(LoggingConfiguration=sent)
