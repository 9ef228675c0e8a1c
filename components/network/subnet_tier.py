"""Subnets of one kind, one in every zone."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.naming import Tags, component_tags


@dataclass(frozen=True, kw_only=True)
class SubnetTierArgs:
    """What a `SubnetTier` is made from."""

    vpc_id: pulumi.Input[str]
    """The VPC."""
    region: str
    """The VPC's region."""
    blocks: Mapping[str, str]
    """The IPv4 block of each subnet, by its zone's letter."""
    table_per_zone: bool
    """Whether each zone has a route table of its own; if not, all share one."""
    tags: Tags
    """Tags for everything that takes them."""


class SubnetTier(pulumi.ComponentResource):
    """The public, the private or the isolated subnets of a VPC.

    Creates a subnet in every zone, and their route tables. Guarantees that nothing gets a public address by being
    started in one of the subnets, that every subnet has a route table of this tier (and not the VPC's main one), and
    that the tables have no route but those that others add.
    """

    subnet_ids: dict[str, pulumi.Output[str]]
    """The subnets, by zone, in the order of the zones."""
    route_table_ids: dict[str, pulumi.Output[str]]
    """The route tables, by zone: one each, or the same one for all."""

    def __init__(self, name: str, args: SubnetTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:SubnetTier", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        shared = None if args.table_per_zone else self._route_table(name, args)
        self.subnet_ids = {}
        self.route_table_ids = {}
        for zone, block in sorted(args.blocks.items()):
            subnet = aws.ec2.Subnet(
                f"{name}-{zone}",
                vpc_id=args.vpc_id,
                availability_zone=f"{args.region}{zone}",
                cidr_block=block,
                map_public_ip_on_launch=False,
                tags=component_tags(args.tags, "network", Name=f"{name}-{zone}"),
                opts=child,
            )
            table = shared or self._route_table(f"{name}-{zone}", args)
            aws.ec2.RouteTableAssociation(
                f"{name}-{zone}-association", subnet_id=subnet.id, route_table_id=table.id, opts=child
            )
            self.subnet_ids[zone] = subnet.id
            self.route_table_ids[zone] = table.id
        self.register_outputs({"subnet_ids": self.subnet_ids, "route_table_ids": self.route_table_ids})

    def _route_table(self, name: str, args: SubnetTierArgs) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{name}-routes",
            vpc_id=args.vpc_id,
            tags=component_tags(args.tags, "network", Name=name),
            opts=pulumi.ResourceOptions(parent=self),
        )
