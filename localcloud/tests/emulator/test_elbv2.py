"""What Elastic Load Balancing refuses, keeps and fills in, as any client sees it."""

from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.provider.session import Session
from support.refusals import refused

_FIXED = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]


@dataclass
class Place:
    """A VPC with subnets in two zones."""

    vpc: str
    subnets: list[str]
    group: str


def _place(aws: Session, number: int, *, way_out: bool = True) -> Place:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
    if way_out:
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("aab")
    ]
    group = ec2.create_security_group(GroupName="alb", Description="alb", VpcId=vpc)["GroupId"]
    return Place(vpc, [subnets[0], subnets[2], subnets[1]], group)


@pytest.fixture
def elb(aws: Session) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
    """The client that looks."""
    return aws.client("elbv2")


def test_places_that_can_not_be_are_refused(aws: Session, elb: Any) -> None:  # noqa: ANN401
    one, two = _place(aws, 1), _place(aws, 2)
    inside = _place(aws, 3, way_out=False)
    with refused("SubnetNotFound"):
        elb.create_load_balancer(Name="x", Subnets=["subnet-0123456789abcdef0", one.subnets[0]])
    with refused("ValidationError", "two different Availability Zones"):
        elb.create_load_balancer(Name="x", Subnets=one.subnets[:1])
    with refused("InvalidConfigurationRequest", "same Availability Zone"):
        elb.create_load_balancer(Name="x", Subnets=one.subnets)
    with refused("InvalidConfigurationRequest", "same VPC"):
        elb.create_load_balancer(Name="x", Subnets=[one.subnets[0], two.subnets[1]])
    with refused("InvalidSubnet", "has no internet gateway"):
        elb.create_load_balancer(Name="x", Subnets=inside.subnets[:2])
    with refused("InvalidSecurityGroup", "does not exist"):
        elb.create_load_balancer(Name="x", Subnets=one.subnets[:2], SecurityGroups=["sg-0123456789abcdef0"])
    with refused("InvalidConfigurationRequest", "One or more security groups are invalid"):
        elb.create_load_balancer(Name="x", Subnets=one.subnets[:2], SecurityGroups=[two.group])
    elb.create_load_balancer(Name="x", Subnets=inside.subnets[:2], Scheme="internal")
    with refused("DuplicateLoadBalancerName"):
        elb.create_load_balancer(Name="x", Subnets=one.subnets[:2])


def test_a_load_balancer_tells_all_its_attributes_from_the_start(aws: Session, elb: Any) -> None:  # noqa: ANN401
    place = _place(aws, 1)
    balancer = elb.create_load_balancer(Name="x", Subnets=place.subnets[:2])["LoadBalancers"][0]
    answer = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])
    live = {item["Key"]: item["Value"] for item in answer["Attributes"]}
    assert live["idle_timeout.timeout_seconds"] == "60"
    assert live["routing.http.drop_invalid_header_fields.enabled"] == "false"
    assert balancer["Scheme"] == "internet-facing"
    assert balancer["SecurityGroups"], "without groups it has the VPC's default one"


def test_what_a_load_balancer_stands_on_is_kept(aws: Session, elb: Any) -> None:  # noqa: ANN401
    place, ec2 = _place(aws, 1), aws.client("ec2")
    arn = elb.create_load_balancer(Name="x", Subnets=place.subnets[:2], SecurityGroups=[place.group])["LoadBalancers"][
        0
    ]["LoadBalancerArn"]
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=place.subnets[0])
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=place.group)
    elb.delete_load_balancer(LoadBalancerArn=arn)
    ec2.delete_security_group(GroupId=place.group)


def test_logs_need_a_bucket_that_the_service_may_write_to(aws: Session, elb: Any) -> None:  # noqa: ANN401
    place, s3 = _place(aws, 1), aws.client("s3")
    arn = elb.create_load_balancer(Name="x", Subnets=place.subnets[:2])["LoadBalancers"][0]["LoadBalancerArn"]
    wanted = [
        {"Key": "access_logs.s3.enabled", "Value": "true"},
        {"Key": "access_logs.s3.bucket", "Value": "logs"},
    ]
    with refused("InvalidConfigurationRequest"):
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)
    s3.create_bucket(Bucket="logs")
    with refused("InvalidConfigurationRequest", "Access Denied for bucket: logs"):
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=wanted)


def test_listeners_are_held_to_ports_policies_and_certificates(aws: Session, elb: Any) -> None:  # noqa: ANN401
    place = _place(aws, 1)
    arn = elb.create_load_balancer(Name="x", Subnets=place.subnets[:2])["LoadBalancers"][0]["LoadBalancerArn"]
    pending = aws.client("acm").request_certificate(DomainName="a.example.com", ValidationMethod="DNS")[
        "CertificateArn"
    ]
    https = {"LoadBalancerArn": arn, "Protocol": "HTTPS", "Port": 443, "DefaultActions": _FIXED}
    with refused("ValidationError", "A certificate must be specified"):
        elb.create_listener(**https)
    with refused("CertificateNotFound"):
        elb.create_listener(**https, Certificates=[{"CertificateArn": pending[:-12] + "000000000000"}])
    with refused("UnsupportedCertificate"):
        elb.create_listener(**https, Certificates=[{"CertificateArn": pending}])
    with refused("SSLPolicyNotFound"):
        elb.create_listener(**https, SslPolicy="ELBSecurityPolicy-None", Certificates=[{"CertificateArn": pending}])
    http = {**https, "Protocol": "HTTP", "Port": 80}
    listener = elb.create_listener(**http)["Listeners"][0]
    assert "SslPolicy" not in listener, "a listener without TLS has no policy"
    with refused("DuplicateListener"):
        elb.create_listener(**http)
    with refused("InvalidConfigurationRequest", "is not recognized"):
        elb.modify_listener_attributes(
            ListenerArn=listener["ListenerArn"], Attributes=[{"Key": "routing.http.nothing", "Value": "x"}]
        )


def test_a_target_group_in_use_or_of_another_network_is_refused(aws: Session, elb: Any) -> None:  # noqa: ANN401
    one, two = _place(aws, 1), _place(aws, 2)
    arn = elb.create_load_balancer(Name="x", Subnets=one.subnets[:2])["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=_FIXED)
    groups = [
        elb.create_target_group(Name=f"g{n}", Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="ip")[
            "TargetGroups"
        ][0]["TargetGroupArn"]
        for n, place in enumerate((one, two))
    ]
    ask = {
        "ListenerArn": listener["Listeners"][0]["ListenerArn"],
        "Priority": 1,
        "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
    }
    with refused("InvalidConfigurationRequest", "not in the same VPC"):
        elb.create_rule(**ask, Actions=[{"Type": "forward", "TargetGroupArn": groups[1]}])
    rule = elb.create_rule(**ask, Actions=[{"Type": "forward", "TargetGroupArn": groups[0]}])["Rules"][0]["RuleArn"]
    with refused("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=groups[0])
    elb.delete_rule(RuleArn=rule)
    live = elb.describe_target_groups(TargetGroupArns=groups[:1])["TargetGroups"][0]
    assert live.get("LoadBalancerArns", []) == []
    elb.delete_target_group(TargetGroupArn=groups[0])
