"""Ways to AWS services that don't leave the VPC."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue
from components.core.naming import Tags, component_tags


@dataclass(frozen=True, kw_only=True)
class VpcEndpointsArgs:
    """What `VpcEndpoints` are made from."""

    vpc_id: pulumi.Input[str]
    """The VPC."""
    region: str
    """The VPC's region."""
    route_table_ids: Sequence[pulumi.Input[str]]
    """The route tables that get a route to S3."""
    interface_services: Sequence[str]
    """Services with an interface endpoint, by the name that follows the region in their endpoint service name, for
    instance `ecr.api`."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """Where the interface endpoints are: one subnet a zone."""
    caller_cidrs: Mapping[str, str]
    """The IPv4 blocks that may call the interface endpoints, by zone."""
    tags: Tags
    """Tags for everything that takes them."""

    def __post_init__(self) -> None:
        """Refuse service names that no endpoint has."""
        check_interface_services(self.interface_services)


def check_interface_services(services: Sequence[str]) -> None:
    """Refuse names that can't be those of interface endpoints.

    Raises:
        ValueError: when a name is a full endpoint service name, `s3`, or given twice.
    """
    field = "interface_endpoints"
    for service in services:
        if not re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", service) or service.startswith("com.amazonaws"):
            raise InvalidValue(
                field, service, "what follows the region in com.amazonaws.<region>.<service>", "write it like ecr.api"
            )
        if service == "s3":
            raise InvalidValue(
                field, service, "services without a gateway endpoint", "leave it out: S3 has its gateway anyway"
            )
        if list(services).count(service) > 1:
            raise InvalidValue(field, service, "each service once", "leave the second one out")


class VpcEndpoints(pulumi.ComponentResource):
    """The endpoints of a VPC: a gateway to S3, and interfaces to the services that are named.

    Creates the gateway endpoint and, when there are interface services, their endpoints and the security group that
    all of them share. Guarantees that only the caller blocks reach the interfaces, on 443 and nothing else, and that
    the services' usual names resolve to them.

    The security group admits subnets and not groups: the endpoints are one service for the whole VPC, and a rule for
    each caller's group would make the network depend on everything that is built on it. What a caller may do there is
    decided by its role.
    """

    def __init__(self, name: str, args: VpcEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:VpcEndpoints", name, None, opts)
        # ECR keeps image layers in S3, so this is also the way that images take.
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
        aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=args.vpc_id,
            service_name=f"com.amazonaws.{args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=args.route_table_ids,
            tags=component_tags(args.tags, "network", Name=f"{name}-s3"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.interface_services:
            self._interfaces(name, args)
        self.register_outputs({})

    def _interfaces(self, name: str, args: VpcEndpointsArgs) -> None:
        child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            description="Interface endpoints of the VPC",
            vpc_id=args.vpc_id,
            tags=component_tags(args.tags, "network", Name=name),
            opts=child,
        )
        for zone, cidr in args.caller_cidrs.items():
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-{zone}",
                security_group_id=group.id,
                description=f"HTTPS from the private subnet of zone {zone}",
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                cidr_ipv4=cidr,
                tags=component_tags(args.tags, "network"),
                opts=child,
            )
        for service in args.interface_services:
            endpoint = f"{name}-{service.replace('.', '-')}"
            aws.ec2.VpcEndpoint(
                endpoint,
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=args.subnet_ids,
                security_group_ids=[group.id],
                tags=component_tags(args.tags, "network", Name=endpoint),
                opts=child,
            )
