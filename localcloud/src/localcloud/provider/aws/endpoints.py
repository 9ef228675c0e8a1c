"""EC2: VPC endpoints."""

from collections.abc import Mapping
from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource
from localcloud.provider.base import Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import pick

#: Lists that ModifyVpcEndpoint takes additions to and removals from.
_MEMBERS = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}


@resource("aws:ec2/vpcEndpoint:VpcEndpoint")
class VpcEndpoint(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/vpcendpoint/."""

    noun = "vpc-endpoint"
    replace = frozenset(
        {
            "resourceConfigurationArn",
            "serviceName",
            "serviceNetworkArn",
            "serviceRegion",
            "vpcEndpointType",
            "vpcId",
        }
    )
    defaults = {"vpcEndpointType": "Gateway"}
    unordered = frozenset({"routeTableIds", "securityGroupIds", "subnetIds", "subnetConfigurations"})
    documents = frozenset({"policy"})
    missing = frozenset({"resourceConfigurationArn", "serviceNetworkArn", "serviceRegion", "subnetConfigurations"})

    creates, reads, deletes = "create_vpc_endpoint", "describe_vpc_endpoints", "delete_vpc_endpoints"
    keys = {"id": "VpcEndpointId"}
    new_id = "VpcEndpoint.VpcEndpointId"
    described = "VpcEndpoints[?!contains(['deleted', 'deleting'], State)] | [0]"
    renames = {"policy": "PolicyDocument"}
    outputs = {
        "dnsEntries": "DnsEntries || `[]`",
        "dnsOptions": "DnsOptions",
        "ipAddressType": "IpAddressType",
        "networkInterfaceIds": "NetworkInterfaceIds || `[]`",
        "ownerId": "OwnerId",
        "policy": "PolicyDocument",
        "privateDnsEnabled": "PrivateDnsEnabled || `false`",
        "requesterManaged": "RequesterManaged || `false`",
        "routeTableIds": "RouteTableIds || `[]`",
        "securityGroupIds": "Groups[].GroupId || `[]`",
        "serviceName": "ServiceName",
        "state": "State",
        "subnetIds": "SubnetIds || `[]`",
        "vpcEndpointType": "VpcEndpointType",
        "vpcId": "VpcId",
    }

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        named = [{"Name": "prefix-list-name", "Values": [live["ServiceName"]]}]
        prefixes = aws.client("ec2").describe_prefix_lists(Filters=named)["PrefixLists"]
        return {
            **super().properties(aws, live, state),
            "arn": aws.arn("ec2", f"vpc-endpoint/{live['VpcEndpointId']}"),
            "prefixListId": prefixes[0]["PrefixListId"] if prefixes else None,
            "cidrBlocks": prefixes[0].get("Cidrs") or [] if prefixes else [],
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        changes: dict[str, Any] = {}
        for key, noun in _MEMBERS.items():
            if key in new:
                before, after = old.get(key) or [], new[key] or []
                if added := [item for item in after if item not in before]:
                    changes[f"Add{noun}"] = added
                if gone := [item for item in before if item not in after]:
                    changes[f"Remove{noun}"] = gone
        if old.get("policy") != new.get("policy"):
            changes |= {"PolicyDocument": new["policy"]} if new.get("policy") else {"ResetPolicy": True}
        for key, name in (("privateDnsEnabled", "PrivateDnsEnabled"), ("ipAddressType", "IpAddressType")):
            if key in new and old.get(key) != new[key]:
                changes[name] = new[key]
        if new.get("dnsOptions") and old.get("dnsOptions") != new["dnsOptions"]:
            changes["DnsOptions"] = pick(new["dnsOptions"], *new["dnsOptions"])
        if changes:
            aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=id, **changes)
