"""Load balancers: where they stand, what they are called, and what keeps them."""

import json
import zlib
from typing import Any

from moto.elbv2.exceptions import DuplicateLoadBalancerName, ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from localcloud.emulator.patching import patch

#: The hosted zones of load balancers' names, which alias records need (application, network):
#: https://docs.aws.amazon.com/general/latest/gr/elb.html
ZONES = {
    "us-east-1": ("Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI"),
    "us-east-2": ("Z3AADJGX6KTTL2", "ZLMOA37VPKANP"),
    "us-west-1": ("Z368ELLRRE2KJ0", "Z24FKFUX50B4VW"),
    "us-west-2": ("Z1H1FL5HABSF5", "Z18D5FSROUN65G"),
    "ca-central-1": ("ZQSVJUPU6J1EY", "Z2EPGBW3API2WT"),
    "sa-east-1": ("Z2P70J7HTTTPLU", "ZTK26PT1VY4CU"),
    "eu-central-1": ("Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"),
    "eu-west-1": ("Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"),
    "eu-west-2": ("ZHURV8PSTC4K8", "ZD4D7Y8KGAS4G"),
    "eu-west-3": ("Z3Q77PNBQS71R4", "Z1CMS0P5QUZ6D5"),
    "eu-south-1": ("Z3ULH7SSC9OV64", "Z23146JA1KNAFP"),
    "eu-north-1": ("Z23TAZ6LKFMNIO", "Z1UDT6IFJ4EJM"),
    "ap-south-1": ("ZP97RAFLXTNZK", "ZVDDRBQ08TROA"),
    "ap-northeast-1": ("Z14GRHDCWA56QT", "Z31USIVHYNEOWT"),
    "ap-northeast-2": ("ZWKZPGTI48KDX", "ZIBE1TIR4HY56"),
    "ap-southeast-1": ("Z1LMS91P8CMLE5", "ZKVM4W9LS7TM"),
    "ap-southeast-2": ("Z1GM3OXH4ZPM65", "ZCT6FZBF4DROD"),
}


@patch(ELBv2Backend, "create_load_balancer")
def create_load_balancer(
    original: Any,
    self: ELBv2Backend,
    name: str,
    security_groups: list[str],
    subnet_ids: list[str],
    subnet_mappings: Any = None,
    scheme: Any = None,
    loadbalancer_type: Any = None,
    **kwargs: Any,
) -> Any:
    """Refuse names that are taken and places that can't be; tell what AWS tells.

    moto takes any number of load balancers of a name, security groups that aren't there, subnets of several VPCs, and
    leaves the scheme empty when none is asked for.
    """
    if any(item.name == name for item in self.load_balancers.values()):
        raise DuplicateLoadBalancerName()
    kind, scheme = loadbalancer_type or "application", scheme or "internet-facing"
    places = [*subnet_ids, *(item["SubnetId"] for item in subnet_mappings or ())]
    subnets = [_subnet(self, id) for id in places]
    vpcs = {subnet.vpc_id for subnet in subnets}
    zones = [subnet.availability_zone for subnet in subnets]
    if len(vpcs) > 1:
        raise ELBClientError("InvalidConfigurationRequest", "All subnets must belong to the same VPC")
    if len(set(zones)) < len(zones):
        raise ELBClientError(
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if kind == "application" and 0 < len(zones) < 2:
        raise ELBClientError(
            "ValidationError", "At least two subnets in two different Availability Zones must be specified"
        )
    if vpcs:
        vpc = next(iter(vpcs))
        if scheme == "internet-facing" and not _way_out(self, vpc):
            raise ELBClientError("InvalidSubnet", f"VPC {vpc} has no internet gateway")
        if kind == "application":
            security_groups = _groups(self, vpc, security_groups)
    balancer: FakeLoadBalancer = original(
        self, name, security_groups, subnet_ids, subnet_mappings, scheme, kind, **kwargs
    )
    application, network = ZONES.get(self.region_name, ZONES["us-east-1"])
    balancer.canonical_hosted_zone_id = network if kind == "network" else application
    number = zlib.crc32(balancer.arn.encode())
    if kind == "network":
        # moto gives every kind the ARN of an application load balancer.
        arn = balancer.arn.replace(":loadbalancer/app/", ":loadbalancer/net/")
        self.load_balancers[arn] = self.load_balancers.pop(balancer.arn)
        self.tagging_service.copy_tags(balancer.arn, arn)
        balancer.arn = arn
        balancer.dns_name = f"{name}-{arn.rpartition('/')[2]}.elb.{self.region_name}.amazonaws.com"
    else:
        inside = "internal-" if scheme == "internal" else ""
        balancer.dns_name = f"{inside}{name}-{number}.{self.region_name}.elb.amazonaws.com"
    return balancer


def _subnet(backend: ELBv2Backend, id: str) -> Any:
    from moto.ec2.exceptions import InvalidSubnetIdError

    try:
        return backend.ec2_backend.get_subnet(id)
    except InvalidSubnetIdError:
        raise ELBClientError("SubnetNotFound", f"The subnet ID '{id}' does not exist") from None


def _way_out(backend: ELBv2Backend, vpc: str) -> bool:
    gateways = backend.ec2_backend.internet_gateways.values()
    return any(gateway.vpc and gateway.vpc.id == vpc for gateway in gateways)


def _groups(backend: ELBv2Backend, vpc: str, ids: list[str]) -> list[str]:
    if not ids:
        default = backend.ec2_backend.get_default_security_group(vpc)
        return [default.id] if default else []
    for id in ids:
        group = backend.ec2_backend.get_security_group_from_id(id)
        if group is None:
            raise ELBClientError("InvalidSecurityGroup", f"The security group '{id}' does not exist")
        if group.vpc_id != vpc:
            raise ELBClientError("InvalidConfigurationRequest", "One or more security groups are invalid")
    return ids


@patch(ELBv2Backend, "set_security_groups")
def set_security_groups(original: Any, self: ELBv2Backend, arn: str, sec_groups: list[str]) -> None:
    """Refuse a group of another VPC, which moto takes."""
    balancer = self.load_balancers.get(arn)
    if balancer is not None:
        _groups(self, balancer.vpc_id, sec_groups)
    original(self, arn, sec_groups)


@patch(ELBv2Backend, "delete_load_balancer")
def delete_load_balancer(original: Any, self: ELBv2Backend, arn: str) -> None:
    """Refuse while deletion protection is on, and let go of certificates and web ACL; moto does neither."""
    balancer = self.load_balancers.get(arn)
    if balancer is None:
        return  # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html
    if balancer.attrs.get("deletion_protection.enabled") == "true":
        raise ELBClientError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    for listener in list(balancer.listeners):
        self.delete_listener(listener)
    from moto.wafv2.models import wafv2_backends

    wafv2_backends[self.account_id][self.region_name].disassociate_web_acl(arn)
    self.tagging_service.delete_all_tags_for_resource(arn)
    original(self, arn)


@patch(ELBv2Backend, "modify_load_balancer_attributes")
def modify_load_balancer_attributes(original: Any, self: ELBv2Backend, arn: str, attrs: dict[str, Any]) -> Any:
    """Refuse logs to a bucket that the service may not write to; moto takes any name.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    balancer = self.load_balancers.get(arn)
    if balancer is not None:
        wanted = {**balancer.attrs, **attrs}
        for kind in ("access_logs", "connection_logs", "health_check_logs"):
            if wanted.get(f"{kind}.s3.enabled") == "true" and any(key.startswith(kind) for key in attrs):
                _need_bucket(self, wanted.get(f"{kind}.s3.bucket", ""))
    return original(self, arn, attrs)


def _need_bucket(backend: ELBv2Backend, name: str) -> None:
    from moto.s3.models import s3_backends

    bucket = s3_backends[backend.account_id][backend.partition].buckets.get(name)
    if bucket is None:
        raise ELBClientError(
            "InvalidConfigurationRequest",
            f"S3Bucket: {name} is not located in the same region with ELB: {backend.region_name}",
        )
    policy = json.loads(bucket.policy or "{}")
    statements = policy.get("Statement") or []
    for statement in [statements] if isinstance(statements, dict) else statements:
        actions = statement.get("Action") or []
        actions = [actions] if isinstance(actions, str) else actions
        writes = any(action in ("s3:PutObject", "s3:Put*", "s3:*", "*") for action in actions)
        if statement.get("Effect") == "Allow" and writes and _is_the_service(statement.get("Principal")):
            return
    raise ELBClientError(
        "InvalidConfigurationRequest", f"Access Denied for bucket: {name}. Please check S3bucket permission"
    )


def _is_the_service(principal: Any) -> bool:
    """Tell whether a principal is the log delivery service, or an account (older regions write by one of AWS's)."""
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    services = principal.get("Service") or []
    services = [services] if isinstance(services, str) else services
    writers = ("logdelivery.elasticloadbalancing.amazonaws.com", "delivery.logs.amazonaws.com")
    return bool(principal.get("AWS")) or any(service in writers for service in services)
