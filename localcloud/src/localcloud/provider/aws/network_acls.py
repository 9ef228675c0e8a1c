"""EC2: network ACLs."""

from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource, one, retag
from localcloud.provider.base import Properties, resource
from localcloud.provider.echo import as_written
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring, pick, tag_map

#: The rule that AWS keeps at the end of every list and that can't be deleted:
#: https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
_LAST = 32767
_NUMBERS = {"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}


def _acl(aws: Session, id: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = one(
        lambda: aws.client("ec2").describe_network_acls(NetworkAclIds=[id])["NetworkAcls"]
    )
    return found


def _entries(acl: dict[str, Any], egress: bool) -> list[Properties]:
    found = []
    for entry in acl.get("Entries") or ():
        if bool(entry["Egress"]) != egress or int(entry["RuleNumber"]) >= _LAST:
            continue
        ports = entry.get("PortRange") or {}
        found.append(
            {
                "action": entry["RuleAction"],
                "protocol": entry["Protocol"],
                "ruleNo": int(entry["RuleNumber"]),
                "fromPort": ports.get("From", 0),
                "toPort": ports.get("To", 0),
                **pick(entry, "CidrBlock", "Ipv6CidrBlock"),
                **pick(entry.get("IcmpTypeCode") or {}, icmpType="Type", icmpCode="Code"),
            }
        )
    return found


def _set_entries(aws: Session, id: str, egress: bool, old: list[Properties], new: list[Properties]) -> None:
    ec2 = aws.client("ec2")
    before, after = {int(rule["ruleNo"]): rule for rule in old}, {int(rule["ruleNo"]): rule for rule in new}
    for number in before.keys() - after.keys():
        with ignoring("InvalidNetworkAclEntry.NotFound"):
            ec2.delete_network_acl_entry(NetworkAclId=id, RuleNumber=number, Egress=egress)
    for number, rule in after.items():
        if before.get(number) == rule:
            continue
        protocol = _NUMBERS.get(str(rule["protocol"]).lower(), str(rule["protocol"]))
        call = ec2.replace_network_acl_entry if number in before else ec2.create_network_acl_entry
        call(
            NetworkAclId=id,
            RuleNumber=number,
            Egress=egress,
            Protocol=protocol,
            RuleAction=str(rule["action"]).lower(),
            **pick(rule, "cidrBlock", "ipv6CidrBlock"),
            **({"PortRange": {"From": rule["fromPort"], "To": rule["toPort"]}} if protocol in ("6", "17") else {}),
            **(
                {"IcmpTypeCode": {"Type": rule.get("icmpType", 0), "Code": rule.get("icmpCode", 0)}}
                if protocol in ("1", "58")
                else {}
            ),
        )


def _associate(aws: Session, acl: str, subnets: list[str]) -> None:
    ec2 = aws.client("ec2")
    for subnet in subnets:
        for holder in ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
            "NetworkAcls"
        ]:
            for association in holder["Associations"]:
                if association["SubnetId"] == subnet and holder["NetworkAclId"] != acl:
                    ec2.replace_network_acl_association(
                        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
                    )


def _give_back(aws: Session, vpc: str, subnets: list[str]) -> None:
    if subnets:
        default = aws.client("ec2").describe_network_acls(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
        )["NetworkAcls"]
        _associate(aws, default[0]["NetworkAclId"], subnets)


def _describe(aws: Session, acl: dict[str, Any], state: Properties) -> Properties:
    live: Properties = {
        "ingress": _entries(acl, egress=False),
        "egress": _entries(acl, egress=True),
        "subnetIds": [item["SubnetId"] for item in acl.get("Associations") or ()],
    }
    for key in ("ingress", "egress"):
        named = [
            {**rule, "protocol": _NUMBERS.get(str(rule["protocol"]), rule["protocol"])} for rule in state.get(key, [])
        ]
        if named and as_written(live[key], named) == named:
            live[key] = state[key]
    return {
        "arn": aws.arn("ec2", f"network-acl/{acl['NetworkAclId']}"),
        **pick(acl, "OwnerId", "VpcId"),
        **live,
        "subnetIds": as_written(live["subnetIds"], state["subnetIds"]) if state.get("subnetIds") else live["subnetIds"],
        "tags": tag_map(acl.get("Tags")),
    }


class _Acl(Ec2Resource):
    """What an own and an adopted network ACL share."""

    noun = "network-acl"
    unordered = frozenset({"ingress", "egress", "subnetIds"})

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        acl = _acl(aws, id)
        return None if acl is None else _describe(aws, acl, state)

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        for key, egress in (("ingress", False), ("egress", True)):
            if changed(old, new, key):
                _set_entries(aws, id, egress, old.get(key) or [], new.get(key) or [])
        if "subnetIds" in new and changed(old, new, "subnetIds"):
            before, after = old.get("subnetIds") or [], new["subnetIds"] or []
            _give_back(aws, old["vpcId"], [subnet for subnet in before if subnet not in after])
            _associate(aws, id, after)
        super().update(aws, id, old, new)


@resource("aws:ec2/networkAcl:NetworkAcl")
class NetworkAcl(_Acl):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/networkacl/."""

    replace = frozenset({"vpcId"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("ec2").create_network_acl(**pick(inputs, "vpcId"), **self.tag_specifications(inputs))
        id = str(answer["NetworkAcl"]["NetworkAclId"])
        _set_entries(aws, id, False, [], inputs.get("ingress") or [])
        _set_entries(aws, id, True, [], inputs.get("egress") or [])
        _associate(aws, id, inputs.get("subnetIds") or [])
        return id

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if (acl := _acl(aws, id)) is None:
            return
        _give_back(aws, acl["VpcId"], [item["SubnetId"] for item in acl.get("Associations") or ()])
        with ignoring("InvalidNetworkAclID.NotFound"):
            aws.client("ec2").delete_network_acl(NetworkAclId=id)


@resource("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl")
class DefaultNetworkAcl(_Acl):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/defaultnetworkacl/.

    It adopts the list that AWS made with the VPC: creating takes its rules away, deleting leaves it as it is.
    """

    replace = frozenset({"defaultNetworkAclId"})

    def create(self, aws: Session, inputs: Properties) -> str:
        id = str(inputs["defaultNetworkAclId"])
        acl = aws.client("ec2").describe_network_acls(NetworkAclIds=[id])["NetworkAcls"][0]
        _set_entries(aws, id, False, _entries(acl, egress=False), inputs.get("ingress") or [])
        _set_entries(aws, id, True, _entries(acl, egress=True), inputs.get("egress") or [])
        _associate(aws, id, inputs.get("subnetIds") or [])
        retag(aws, id, {"tags": tag_map(acl.get("Tags"))}, inputs)
        return id

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        live = super().read(aws, id, state)
        return None if live is None else {**live, "defaultNetworkAclId": id}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        """Leave the list: it goes with its VPC."""
