"""The network of a stack."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue, check_retention
from components.core.naming import Tags, component_tags
from components.network.cidr import ZONE_KEYS, SubnetPlan, plan_subnets
from components.network.flow_log import FlowLog, FlowLogArgs
from components.network.subnet_tier import SubnetTier, SubnetTierArgs
from components.network.vpc_endpoints import VpcEndpoints, VpcEndpointsArgs, check_interface_services


class NatStrategy(StrEnum):
    """How private subnets reach the internet."""

    PER_ZONE = "per-zone"
    """A NAT gateway in every zone: losing a zone costs the others nothing."""
    SINGLE = "single"
    """One NAT gateway for all zones: cheaper, and its zone's failure cuts every zone off."""


def zone_key(region: str, availability_zone: str) -> str:
    """Return the letter that an Availability Zone has in its region, `a` for `eu-west-1a`.

    Raises:
        ValueError: when the zone isn't one of the region's, or has no place in a subnet plan.
    """
    key = availability_zone.removeprefix(region)
    if not availability_zone.startswith(region) or key not in ZONE_KEYS:
        allowed = ", ".join(f"{region}{letter}" for letter in ZONE_KEYS)
        raise InvalidValue(
            "availability_zones", availability_zone, allowed, f"name zones of {region} that have a place"
        )
    return key


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a `Network` is made from."""

    cidr: str
    """The VPC's block, private IPv4, between /16 and /22."""
    availability_zones: Sequence[str]
    """Two to four Availability Zones of the region, by name, for instance `["eu-west-1a", "eu-west-1b"]`."""
    nat: NatStrategy
    """How private subnets reach the internet."""
    region: str
    """The network's region."""
    flow_log_retention_days: int
    """How many days flow logs are kept."""
    kms_key_arn: pulumi.Input[str]
    """The key that encrypts flow logs. Its policy has to let CloudWatch Logs use it (see `EncryptionKey`)."""
    tags: Tags
    """Tags for everything that takes them."""
    interface_endpoints: Sequence[str] = ()
    """Services that get an interface endpoint, by short name, for instance `ecr.api`."""

    def __post_init__(self) -> None:
        """Refuse a plan that AWS would refuse, or that couldn't lose a zone."""
        self.plan()
        if len(self.availability_zones) < 2:
            raise InvalidValue(
                "availability_zones",
                list(self.availability_zones),
                "two to four zones, which load balancers and databases need",
                "name another zone of the region",
            )
        check_retention("flow_log_retention_days", self.flow_log_retention_days)
        check_interface_services(self.interface_endpoints)

    def plan(self) -> SubnetPlan:
        """Return how the block is shared out."""
        return plan_subnets(self.cidr, [zone_key(self.region, zone) for zone in self.availability_zones])


class Network(pulumi.ComponentResource):
    """A VPC with a public, a private and an isolated subnet in every zone.

    Creates the VPC, its subnets and route tables, an internet gateway, the NAT gateways, the endpoints and the flow
    logs. Guarantees that

    - nothing gets a public address by being started in a subnet;
    - private subnets reach the internet through NAT only, and isolated ones not at all;
    - the default security group admits nothing and lets nothing out;
    - S3 is reached without NAT, and all traffic is logged, encrypted;
    - adding a zone changes no subnet of the others.

    The default network ACL stays as AWS makes it, open both ways: it is stateless, so closing ports in it also closes
    them to answers, and security groups are where access is decided here.
    """

    vpc_id: pulumi.Output[str]
    """The VPC's id."""
    public_subnet_ids: pulumi.Output[list[str]]
    """Subnets for load balancers, one a zone, in the order of the zones."""
    private_subnet_ids: pulumi.Output[list[str]]
    """Subnets for tasks and functions, one a zone, in the order of the zones."""
    isolated_subnet_ids: pulumi.Output[list[str]]
    """Subnets for databases, caches and brokers, one a zone, in the order of the zones."""
    nat_ips: pulumi.Output[list[str]]
    """The public addresses that private subnets are seen with, for others' allow lists."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Network", name, None, opts)
        zones = args.plan().zones
        vpc = self._vpc(name, args)

        def tier(kind: str, blocks: Mapping[str, str], *, table_per_zone: bool = False) -> SubnetTier:
            return SubnetTier(
                f"{name}-{kind}",
                SubnetTierArgs(
                    vpc_id=vpc.id, region=args.region, blocks=blocks, table_per_zone=table_per_zone, tags=args.tags
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )

        public = tier("public", {zone: blocks.public for zone, blocks in zones.items()})
        # A table a zone, whatever the NAT strategy: changing the strategy changes routes and nothing else.
        private = tier("private", {zone: blocks.private for zone, blocks in zones.items()}, table_per_zone=True)
        isolated = tier("isolated", {zone: blocks.isolated for zone, blocks in zones.items()})
        first = next(iter(zones))

        internet_route = self._route_public(name, args, vpc, public)
        nat_ips, nat_routes = self._route_private(name, args, public, private, internet_route)
        VpcEndpoints(
            f"{name}-endpoints",
            VpcEndpointsArgs(
                vpc_id=vpc.id,
                region=args.region,
                route_table_ids=[*private.route_table_ids.values(), isolated.route_table_ids[first]],
                interface_services=args.interface_endpoints,
                subnet_ids=list(private.subnet_ids.values()),
                caller_cidrs={zone: blocks.private for zone, blocks in zones.items()},
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        FlowLog(
            f"{name}-traffic",
            FlowLogArgs(
                vpc_id=vpc.id,
                account_id=vpc.owner_id,
                region=args.region,
                retention_days=args.flow_log_retention_days,
                kms_key_arn=args.kms_key_arn,
                tags=args.tags,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.vpc_id = vpc.id
        # AWS refuses an internet-facing load balancer before there is a way to the internet, and a task that starts
        # before there is one can't pull its image. On the way down the same dependencies hold in reverse.
        self.public_subnet_ids = _known_after(public.subnet_ids.values(), [internet_route])
        self.private_subnet_ids = _known_after(private.subnet_ids.values(), nat_routes)
        self.isolated_subnet_ids = pulumi.Output.all(*isolated.subnet_ids.values())
        self.nat_ips = pulumi.Output.all(*nat_ips)
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "isolated_subnet_ids": self.isolated_subnet_ids,
                "nat_ips": self.nat_ips,
            }
        )

    def _vpc(self, name: str, args: NetworkArgs) -> aws.ec2.Vpc:
        child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            # Interface endpoints answer to the services' usual names only where both are on.
            # https://docs.aws.amazon.com/vpc/latest/privatelink/interface-endpoints.html
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=component_tags(args.tags, "network", Name=name),
            opts=child,
        )
        # Every VPC has this group, and whatever is started without a group of its own lands in it.
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-group",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=component_tags(args.tags, "network", Name=f"{name}-default-unused"),
            opts=child,
        )
        return vpc

    def _route_public(self, name: str, args: NetworkArgs, vpc: aws.ec2.Vpc, public: SubnetTier) -> aws.ec2.Route:
        child = pulumi.ResourceOptions(parent=self)
        internet = aws.ec2.InternetGateway(
            f"{name}-internet", vpc_id=vpc.id, tags=component_tags(args.tags, "network", Name=name), opts=child
        )
        return aws.ec2.Route(
            f"{name}-public-internet",
            route_table_id=next(iter(public.route_table_ids.values())),
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.id,
            opts=child,
        )

    def _route_private(
        self, name: str, args: NetworkArgs, public: SubnetTier, private: SubnetTier, internet_route: aws.ec2.Route
    ) -> tuple[list[pulumi.Output[str]], list[aws.ec2.Route]]:
        """Give the private subnets a way out; return the addresses that they are seen with, and the routes."""
        child = pulumi.ResourceOptions(parent=self)
        first = next(iter(public.subnet_ids))
        gateways: dict[str, aws.ec2.NatGateway] = {}
        addresses: list[pulumi.Output[str]] = []
        for zone in public.subnet_ids if args.nat is NatStrategy.PER_ZONE else [first]:
            tags = component_tags(args.tags, "network", Name=f"{name}-nat-{zone}")
            address = aws.ec2.Eip(f"{name}-nat-{zone}-address", domain="vpc", tags=tags, opts=child)
            gateways[zone] = aws.ec2.NatGateway(
                f"{name}-nat-{zone}",
                allocation_id=address.id,
                subnet_id=public.subnet_ids[zone],
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[internet_route]),
            )
            addresses.append(address.public_ip)
        routes = [
            aws.ec2.Route(
                f"{name}-private-{zone}-nat",
                route_table_id=table_id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways.get(zone, gateways[first]).id,
                opts=child,
            )
            for zone, table_id in private.route_table_ids.items()
        ]
        return addresses, routes


def _known_after(
    ids: Iterable[pulumi.Output[str]], resources: Sequence[pulumi.CustomResource]
) -> pulumi.Output[list[str]]:
    """Return the ids, once the resources are there as well."""
    waiting = pulumi.Output.all(*(resource.id for resource in resources))
    return pulumi.Output.all(pulumi.Output.all(*ids), waiting).apply(lambda both: list(both[0]))
