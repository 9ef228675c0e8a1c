"""Security groups and their rules."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import GroupedSecurityRuleView, SecurityGroup, SecurityGroupRule

from localcloud.emulator.patches.ec2.errors import depends, invalid, missing
from localcloud.emulator.patches.ec2.in_use import group_users
from localcloud.emulator.patching import patch

_PORTS = "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."


@patch(EC2Backend, "create_security_group")
def create_security_group(
    original: Any, self: EC2Backend, name: str, description: str, vpc_id: Any = None, **kwargs: Any
) -> Any:
    """Refuse a group of a VPC that isn't there, which moto makes."""
    if vpc_id:
        self.get_vpc(vpc_id)
    return original(self, name, description, vpc_id=vpc_id, **kwargs)


@patch(EC2Backend, "delete_security_group")
def delete_security_group(original: Any, self: EC2Backend, name: Any = None, group_id: Any = None) -> None:
    """Refuse a default group, and one that something holds; moto deletes both.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
    """
    group = self.get_security_group_by_name_or_id(group_id or name)
    if group is not None:
        if group.is_default and not _vpc_is_being_deleted(self, group):
            raise EC2ClientError(
                "CannotDelete",
                f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user',
            )
        if any(True for _ in group_users(self, group.id)):
            raise depends(f"resource {group.id} has a dependent object")
    original(self, name, group_id)


def _vpc_is_being_deleted(ec2: EC2Backend, group: SecurityGroup) -> bool:
    """Tell whether the group's VPC is just being deleted: moto takes the route tables away first."""
    return not any(table.vpc_id == group.vpc_id for table in ec2.route_tables.values())


@patch(EC2Backend, "authorize_security_group_ingress")
@patch(EC2Backend, "authorize_security_group_egress")
def authorize_security_group(
    original: Any, self: EC2Backend, group_name_or_id: str, ip_protocol: str, *args: Any, **kwargs: Any
) -> Any:
    """Refuse rules without ports, about another VPC's group or about no prefix list; moto takes them."""
    names = ("from_port", "to_port", "ip_ranges", "sgrule_tags", "source_groups", "prefix_list_ids")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    if str(ip_protocol).lower() in ("tcp", "udp", "6", "17"):
        _need_ports(given.get("from_port"), given.get("to_port"))
    elif ip_protocol not in (None, "-1", "all") and given.get("from_port") is None:
        # Other protocols have no ports, and moto needs some.
        kwargs |= {"from_port": -1, "to_port": -1}
    group = self.get_security_group_by_name_or_id(group_name_or_id)
    if group is not None:
        for source in given.get("source_groups") or ():
            _need_same_network(self, group, source.get("GroupId"))
        for prefix in given.get("prefix_list_ids") or ():
            _need_prefix_list(self, prefix.get("PrefixListId"))
    return original(self, group_name_or_id, ip_protocol, *args, **kwargs)


def _need_ports(start: Any, end: Any) -> None:
    if start is None or end is None:
        raise invalid(_PORTS)


def _need_same_network(ec2: EC2Backend, group: SecurityGroup, source: str | None) -> None:
    other = ec2.get_security_group_from_id(source) if source else None
    if source and other is None:
        raise missing("InvalidGroup", f"The security group '{source}' does not exist")
    if other is None or other.vpc_id == group.vpc_id:
        return
    for peering in ec2.vpc_pcxs.values():
        if {peering.vpc.id, peering.peer_vpc.id} == {other.vpc_id, group.vpc_id}:
            return
    raise missing("InvalidGroup", "You have specified two resources that belong to different networks.")


def _need_prefix_list(ec2: EC2Backend, id: str | None) -> None:
    if id not in ec2.managed_prefix_lists:
        raise missing("InvalidPrefixListID", f"The prefix list ID '{id}' does not exist")


@patch(EC2Backend, "modify_security_group_rules")
def modify_security_group_rules(self: EC2Backend, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
    """Change every part of a rule but its kind of source; moto changes IPv4 ranges only, and needs ports for all.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySecurityGroupRules.html
    """
    group = self.get_security_group_from_id(group_id)
    if group is None:
        raise missing("InvalidGroup", f"The security group '{group_id}' does not exist")
    kinds = {"CidrIpv4": "cidr_ipv4", "CidrIpv6": "cidr_ipv6", "PrefixListId": "prefix_list_id"}
    for id, wanted in rules.items():
        rule = group.get_rule(id)
        if rule is None:
            raise missing("InvalidSecurityGroupRuleId", f"The security group rule ID '{id}' does not exist")
        given = [key for key in (*kinds, "ReferencedGroupId") if wanted.get(key)]
        if len(given) != 1:
            raise invalid("Exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedGroupId must be given")
        had = (
            "ReferencedGroupId"
            if rule.source_group
            else next(key for key, name in kinds.items() if getattr(rule, name))
        )
        if given[0] != had:
            raise invalid(
                f"Invalid rule type for security group rule '{id}'. You may not specify {given[0]} for an existing "
                f"{had} rule."
            )
        protocol = str(wanted.get("IpProtocol") or rule.ip_protocol).lower()
        start, end = wanted.get("FromPort"), wanted.get("ToPort")
        if protocol in ("tcp", "udp", "6", "17"):
            _need_ports(start, end)
        rule.ip_protocol = {"6": "tcp", "17": "udp", "1": "icmp", "all": "-1"}.get(protocol, protocol)
        everything = rule.ip_protocol == "-1"
        rule.from_port = None if everything or start is None else int(start)
        rule.to_port = None if everything or end is None else int(end)
        vars(rule)["described"] = wanted.get("Description") or None
        if given[0] == "ReferencedGroupId":
            _need_same_network(self, group, wanted["ReferencedGroupId"])
            rule.source_group = {**rule.source_group, "GroupId": wanted["ReferencedGroupId"]}
            rule.source_group.pop("Description", None)
            rule.source_group |= _described(rule)
        elif given[0] == "PrefixListId":
            _need_prefix_list(self, wanted["PrefixListId"])
            rule.prefix_list_id = wanted["PrefixListId"]
        else:
            name = "CidrIp" if given[0] == "CidrIpv4" else "CidrIpv6"
            rule.ip_range = {name: wanted[given[0]], **_described(rule)}


def _described(rule: SecurityGroupRule) -> dict[str, str]:
    text = vars(rule).get("described")
    return {"Description": text} if text else {}


@patch(SecurityGroupRule, "__init__")
def init_security_group_rule(original: Any, self: SecurityGroupRule, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    names = (
        "ec2_backend",
        "ip_protocol",
        "group_id",
        "from_port",
        "to_port",
        "ip_range",
        "source_group",
        "prefix_list_id",
    )
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    sources = [given.get(key) or {} for key in ("ip_range", "source_group", "prefix_list_id")]
    vars(self)["described"] = next((item["Description"] for item in sources if item.get("Description")), None)


@patch(SecurityGroupRule, "description", as_property=True)
def description(self: SecurityGroupRule) -> str | None:
    """Tell the description of every rule; moto tells it for address ranges only."""
    # moto's own calls that change descriptions write them where the source is.
    text = self.ip_range.get("Description") or self.source_group.get("Description")
    return text or vars(self).get("described")


@patch(SecurityGroupRule, "__eq__")
def same_security_group_rule(self: SecurityGroupRule, other: SecurityGroupRule) -> bool:
    """Take rules that differ only in their description for one, as AWS does; moto takes them for two."""

    def key(rule: SecurityGroupRule) -> tuple[Any, ...]:
        everything = rule.ip_protocol == "-1"
        ports = (None, None) if everything else (rule.from_port, rule.to_port)
        return (
            rule.ip_protocol,
            *ports,
            rule.cidr_ipv4,
            rule.cidr_ipv6,
            rule.source_group.get("GroupId"),
            rule.prefix_list_id,
        )

    return key(self) == key(other)


@patch(SecurityGroup, "_flattened_rules")
def flattened_rules(
    original: Any, self: SecurityGroup, rules: list[SecurityGroupRule]
) -> list[GroupedSecurityRuleView]:
    """Tell the descriptions of rules about prefix lists, which moto leaves out."""
    views: list[GroupedSecurityRuleView] = original(self, rules)
    texts = {rule.prefix_list_id: rule.description for rule in rules if rule.prefix_list_id and rule.description}
    for view in views:
        for item in view.prefix_list_ids:
            if item["PrefixListId"] in texts:
                item["Description"] = texts[item["PrefixListId"]] or ""
    return views
