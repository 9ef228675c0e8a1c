"""EC2: VPC endpoints, and the prefix lists of AWS's services."""

from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource, members, one
from localcloud.provider.base import Properties, resource
from localcloud.provider.echo import as_written, document
from localcloud.provider.session import Session
from localcloud.provider.shapes import ignoring, pick, tag_map

#: Lists that ModifyVpcEndpoint takes additions to and removals from.
_MEMBERS = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}


def _endpoint(aws: Session, id: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = one(
        lambda: aws.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"]
    )
    return None if found is None or str(found.get("State", "")).lower() in ("deleted", "deleting") else found


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

    def create(self, aws: Session, inputs: Properties) -> str:
        ec2 = aws.client("ec2")
        options = inputs.get("dnsOptions")
        endpoint = ec2.create_vpc_endpoint(
            **pick(
                inputs,
                "vpcId",
                "serviceName",
                "vpcEndpointType",
                "routeTableIds",
                "subnetIds",
                "securityGroupIds",
                "privateDnsEnabled",
                "ipAddressType",
                PolicyDocument="policy",
            ),
            **({"DnsOptions": pick(options, *options)} if options else {}),
            **self.tag_specifications(inputs),
        )["VpcEndpoint"]
        return str(endpoint["VpcEndpointId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        endpoint = _endpoint(aws, id)
        return None if endpoint is None else describe_endpoint(aws, endpoint, state)

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
        super().update(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("InvalidVpcEndpointId.NotFound"):
            aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[id])


def describe_endpoint(aws: Session, endpoint: dict[str, Any], state: Properties) -> Properties:
    """Return the properties that the resource and the data source of an endpoint share."""
    ec2 = aws.client("ec2")
    id, name = endpoint["VpcEndpointId"], endpoint["ServiceName"]
    prefixes = ec2.describe_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])["PrefixLists"]
    ids: Properties = {
        "routeTableIds": endpoint.get("RouteTableIds") or [],
        "subnetIds": endpoint.get("SubnetIds") or [],
        "securityGroupIds": members(endpoint, "Groups", "GroupId"),
    }
    options = endpoint.get("DnsOptions") or {}
    return {
        "arn": aws.arn("ec2", f"vpc-endpoint/{id}"),
        **pick(endpoint, "VpcId", "ServiceName", "VpcEndpointType", "State", "OwnerId", "IpAddressType"),
        "privateDnsEnabled": bool(endpoint.get("PrivateDnsEnabled")),
        "requesterManaged": bool(endpoint.get("RequesterManaged")),
        "networkInterfaceIds": endpoint.get("NetworkInterfaceIds") or [],
        "dnsEntries": [
            {"dnsName": entry.get("DnsName", ""), "hostedZoneId": entry.get("HostedZoneId", "")}
            for entry in endpoint.get("DnsEntries") or ()
        ],
        **({"dnsOptions": as_written(pick(options, *options), state.get("dnsOptions"))} if options else {}),
        **{key: as_written(live, state[key]) if state.get(key) else live for key, live in ids.items()},
        "policy": document(endpoint.get("PolicyDocument"), state.get("policy")),
        "prefixListId": prefixes[0]["PrefixListId"] if prefixes else None,
        "cidrBlocks": prefixes[0].get("Cidrs") or [] if prefixes else [],
        "tags": tag_map(endpoint.get("Tags")),
    }
