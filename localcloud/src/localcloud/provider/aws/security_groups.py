"""EC2: security groups and their rules, as one resource a rule or inline."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from localcloud.provider.aws.ec2 import Ec2Resource
from localcloud.provider.base import AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring, pick, tag_map

_ANY = "-1"
_SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


def _permission(rule: Properties, group: str) -> dict[str, Any]:
    """Return an inline rule (or the older rule resource's properties) as EC2's IpPermission."""
    about = {"Description": rule["description"]} if rule.get("description") else {}
    groups = list(rule.get("securityGroups") or ())
    if rule.get("sourceSecurityGroupId"):
        groups.append(rule["sourceSecurityGroupId"])
    if rule.get("self"):
        groups.append(group)
    protocol = str(rule["protocol"]).lower()
    protocol = _ANY if protocol == "all" else protocol
    permission: dict[str, Any] = {"IpProtocol": protocol}
    if protocol != _ANY:
        permission |= {"FromPort": int(rule["fromPort"]), "ToPort": int(rule["toPort"])}
    if rule.get("cidrBlocks"):
        permission["IpRanges"] = [{"CidrIp": cidr, **about} for cidr in rule["cidrBlocks"]]
    if rule.get("ipv6CidrBlocks"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": cidr, **about} for cidr in rule["ipv6CidrBlocks"]]
    if rule.get("prefixListIds"):
        permission["PrefixListIds"] = [{"PrefixListId": id, **about} for id in rule["prefixListIds"]]
    if groups:
        permission["UserIdGroupPairs"] = [{"GroupId": id, **about} for id in groups]
    return permission


def _inline(permissions: list[dict[str, Any]], group: str) -> list[Properties]:
    """Return EC2's IpPermissions as inline rules, one for each (ports, protocol, description)."""
    rules: dict[tuple[Any, ...], Properties] = {}
    kinds = (
        ("IpRanges", "CidrIp", "cidrBlocks"),
        ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
        ("PrefixListIds", "PrefixListId", "prefixListIds"),
        ("UserIdGroupPairs", "GroupId", "securityGroups"),
    )
    for permission in permissions:
        protocol = permission["IpProtocol"]
        ports = (0, 0) if protocol == _ANY else (permission.get("FromPort", -1), permission.get("ToPort", -1))
        for kind, member, key in kinds:
            for item in permission.get(kind) or ():
                about = item.get("Description", "")
                rule = rules.setdefault(
                    (protocol, *ports, about),
                    {"protocol": protocol, "fromPort": ports[0], "toPort": ports[1], "description": about},
                )
                if key == "securityGroups" and item[member] == group:
                    rule["self"] = True
                else:
                    rule.setdefault(key, []).append(item[member])
    return [{"self": False, **rule} for rule in rules.values()]


def _set_rules(aws: Session, group: str, way: str, old: list[Properties], new: list[Properties]) -> None:
    ec2 = aws.client("ec2")

    def each(rules: list[Properties]) -> dict[str, dict[str, Any]]:
        # One permission for each single source, so that a change of one source leaves the others alone.
        found: dict[str, dict[str, Any]] = {}
        for rule in rules:
            permission = _permission(rule, group)
            for kind in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs"):
                for source in permission.get(kind) or ():
                    alone = {**pick_ports(permission), kind: [source]}
                    found[json.dumps(alone, sort_keys=True)] = alone
        return found

    before, after = each(old), each(new)
    if gone := [before[key] for key in before if key not in after]:
        with ignoring("InvalidPermission.NotFound"):
            getattr(ec2, f"revoke_security_group_{way}")(GroupId=group, IpPermissions=gone)
    if fresh := [after[key] for key in after if key not in before]:
        getattr(ec2, f"authorize_security_group_{way}")(GroupId=group, IpPermissions=fresh)


def pick_ports(permission: dict[str, Any]) -> dict[str, Any]:
    """Return the protocol and the ports of a permission."""
    return {key: permission[key] for key in ("IpProtocol", "FromPort", "ToPort") if key in permission}


class _Group(Ec2Resource):
    """What an own and an adopted security group share."""

    noun = "security-group"
    unordered = frozenset({"ingress", "egress", "ingress.cidrBlocks", "egress.cidrBlocks"})
    creates, reads, deletes = "create_security_group", "describe_security_groups", "delete_security_group"
    keys = {"id": "GroupId"}
    new_id = "GroupId"
    described = "SecurityGroups[0]"
    renames = {"name": "GroupName"}
    outputs = {"description": "Description", "name": "GroupName", "ownerId": "OwnerId", "vpcId": "VpcId"}

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        id = live["GroupId"]
        return {
            **super().properties(aws, live, state),
            "arn": aws.arn("ec2", f"security-group/{id}"),
            "ingress": _inline(live.get("IpPermissions") or [], id),
            "egress": _inline(live.get("IpPermissionsEgress") or [], id),
        }


@resource("aws:ec2/securityGroup:SecurityGroup")
class SecurityGroup(_Group):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/."""

    replace = frozenset({"description", "name", "namePrefix", "vpcId"})
    defaults = {"description": "Managed by Pulumi", "revokeRulesOnDelete": False}
    autoname = AutoName(max_length=255)

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        # The provider takes away the rule that lets everything out, which AWS adds: see the page's note on egress.
        live = self.find(aws, id, inputs)
        _set_rules(aws, id, "egress", _inline(live.get("IpPermissionsEgress") or [], id), [])
        _set_rules(aws, id, "ingress", [], inputs.get("ingress") or [])
        _set_rules(aws, id, "egress", [], inputs.get("egress") or [])

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        for way in ("ingress", "egress"):
            # Without inline rules in the program, rule resources own the rules.
            if way in new and changed(old, new, way):
                _set_rules(aws, id, way, old.get(way) or [], new.get(way) or [])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if state.get("revokeRulesOnDelete") and (group := self.find(aws, id, state)):
            for way, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
                if group.get(key):
                    getattr(aws.client("ec2"), f"revoke_security_group_{way}")(GroupId=id, IpPermissions=group[key])
        super().delete(aws, id, state)


@resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
class DefaultSecurityGroup(_Group):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/defaultsecuritygroup/.

    It adopts the group that AWS made with the VPC: creating takes its rules away, deleting leaves it as it is.
    """

    replace = frozenset({"vpcId"})
    defaults = {"revokeRulesOnDelete": False}

    def create(self, aws: Session, inputs: Properties) -> str:
        own = [{"Name": "vpc-id", "Values": [inputs["vpcId"]]}] if inputs.get("vpcId") else []
        groups = aws.client("ec2").describe_security_groups(
            Filters=[{"Name": "group-name", "Values": ["default"]}, *own]
        )["SecurityGroups"]
        if not groups:
            raise LookupError(f"the VPC {inputs.get('vpcId')} has no default security group: there is no such VPC")
        id = str(groups[0]["GroupId"])
        for way, key in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
            _set_rules(aws, id, way, _inline(groups[0].get(key) or [], id), inputs.get(way) or [])
        self.retag(aws, id, {"tags": tag_map(groups[0].get("Tags"))}, inputs)
        return id

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        for way in ("ingress", "egress"):
            if changed(old, new, way):
                _set_rules(aws, id, way, old.get(way) or [], new.get(way) or [])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        """Leave the group: it goes with its VPC."""


class _Rule(Ec2Resource):
    """A rule of its own, with an id and tags of its own."""

    noun = "security-group-rule"
    way: ClassVar[str] = ""
    #: The kind of a rule's source can't be modified, and the group can't either.
    replace = frozenset({"securityGroupId"})
    reads = "describe_security_group_rules"
    keys = {"id": "SecurityGroupRuleId"}
    described = "SecurityGroupRules[0]"
    outputs = {
        "cidrIpv4": "CidrIpv4",
        "cidrIpv6": "CidrIpv6",
        "description": "Description",
        "ipProtocol": "IpProtocol",
        "prefixListId": "PrefixListId",
        "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId",
        "securityGroupId": "GroupId",
        "securityGroupRuleId": "SecurityGroupRuleId",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        given = [key for key in _SOURCES if inputs.get(key)]
        if len(given) != 1:
            yield given[-1] if given else _SOURCES[0], f"exactly one of {', '.join(_SOURCES)} must be given"

    def create(self, aws: Session, inputs: Properties) -> str:
        about = {"Description": inputs["description"]} if inputs.get("description") else {}
        permission: dict[str, Any] = {"IpProtocol": inputs["ipProtocol"], **pick(inputs, "fromPort", "toPort")}
        if inputs.get("cidrIpv4"):
            permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **about}]
        elif inputs.get("cidrIpv6"):
            permission["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **about}]
        elif inputs.get("prefixListId"):
            permission["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **about}]
        else:
            account, _, id = inputs["referencedSecurityGroupId"].rpartition("/")
            permission["UserIdGroupPairs"] = [{"GroupId": id, **({"UserId": account} if account else {}), **about}]
        answer = self.call(
            aws,
            self.creates,
            GroupId=inputs["securityGroupId"],
            IpPermissions=[permission],
            **self.tags_argument(inputs),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        rule = super().find(aws, id, state)
        return rule if rule and bool(rule.get("IsEgress")) == (self.way == "egress") else None

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        id = live["SecurityGroupRuleId"]
        return {
            **super().properties(aws, live, state),
            "arn": live.get("SecurityGroupRuleArn") or aws.arn("ec2", f"security-group-rule/{id}"),
            **{
                key: port
                for key, port in (("fromPort", live.get("FromPort")), ("toPort", live.get("ToPort")))
                if port not in (None, -1) or key in state  # -1 stands for "none given"
            },
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "description", "ipProtocol", "fromPort", "toPort", *_SOURCES):
            rule = pick(
                new,
                "ipProtocol",
                "fromPort",
                "toPort",
                "cidrIpv4",
                "cidrIpv6",
                "prefixListId",
                "description",
                ReferencedGroupId="referencedSecurityGroupId",
            )
            aws.client("ec2").modify_security_group_rules(
                GroupId=new["securityGroupId"],
                SecurityGroupRules=[{"SecurityGroupRuleId": id, "SecurityGroupRule": rule}],
            )

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*self.not_found):
            self.call(aws, self.deletes, GroupId=state["securityGroupId"], SecurityGroupRuleIds=[id])


@resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
class SecurityGroupIngressRule(_Rule):
    """https://www.pulumi.com/registry/packages/aws/api-docs/vpc/securitygroupingressrule/."""

    way = "ingress"
    creates, deletes = "authorize_security_group_ingress", "revoke_security_group_ingress"


@resource("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
class SecurityGroupEgressRule(_Rule):
    """https://www.pulumi.com/registry/packages/aws/api-docs/vpc/securitygroupegressrule/."""

    way = "egress"
    creates, deletes = "authorize_security_group_egress", "revoke_security_group_egress"
