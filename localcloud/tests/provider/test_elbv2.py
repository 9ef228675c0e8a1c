"""Elastic Load Balancing v2 over its life."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud.provider.session import Session
from support.driver import Driver, Life

Crud = Callable[..., Life]
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_GROUP = "aws:lb/targetGroup:TargetGroup"
_LISTENER = "aws:lb/listener:Listener"
_RULE = "aws:lb/listenerRule:ListenerRule"


@dataclass
class Place:
    """Where load balancers stand."""

    vpc: str
    subnets: list[str]
    group: str


@pytest.fixture
def place(aws: Session) -> Place:
    """A VPC with two subnets, a way out and a group."""
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("abc")
    ]
    group = ec2.create_security_group(GroupName="alb", Description="alb", VpcId=vpc)["GroupId"]
    return Place(vpc, subnets, group)


@pytest.fixture
def balancer(aws: Session, place: Place) -> str:
    """An application load balancer."""
    answer = aws.client("elbv2").create_load_balancer(
        Name="shared", Subnets=place.subnets[:2], SecurityGroups=[place.group]
    )
    return str(answer["LoadBalancers"][0]["LoadBalancerArn"])


@pytest.fixture
def target(aws: Session, place: Place) -> str:
    """A target group."""
    answer = aws.client("elbv2").create_target_group(
        Name="targets", Protocol="HTTP", Port=80, VpcId=place.vpc, TargetType="ip"
    )
    return str(answer["TargetGroups"][0]["TargetGroupArn"])


@pytest.fixture
def certificate(aws: Session) -> str:
    """A certificate that is issued."""
    return issued(aws, "shop.example.com")


def issued(aws: Session, domain: str) -> str:
    """Return the ARN of a certificate whose record stands in its zone."""
    acm, route53 = aws.client("acm"), aws.client("route53")
    arn = str(acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"])
    zone = route53.create_hosted_zone(Name="example.com", CallerReference=domain)["HostedZone"]["Id"]
    option = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]
    record = option["ResourceRecord"]
    change = {
        "Action": "UPSERT",
        "ResourceRecordSet": {
            "Name": record["Name"],
            "Type": record["Type"],
            "TTL": 60,
            "ResourceRecords": [{"Value": record["Value"]}],
        },
    }
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED"
    return arn


def _log_bucket(aws: Session) -> None:
    aws.client("s3").create_bucket(Bucket="logs")
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::logs/*",
    }
    aws.client("s3").put_bucket_policy(Bucket="logs", Policy=json.dumps({"Statement": [allow]}))


def test_a_load_balancer_has_its_attributes(crud: Crud, place: Place, aws: Session) -> None:
    _log_bucket(aws)

    def look(id: str, state: dict[str, Any]) -> None:
        answer = aws.client("elbv2").describe_load_balancer_attributes(LoadBalancerArn=id)
        live = {item["Key"]: item["Value"] for item in answer["Attributes"]}
        assert live["routing.http.drop_invalid_header_fields.enabled"] == "true"
        assert live["idle_timeout.timeout_seconds"] == "180"
        assert live["access_logs.s3.enabled"] == "true"
        assert live["access_logs.s3.bucket"] == "logs"
        assert live["routing.http.desync_mitigation_mode"] == "defensive"
        assert live["routing.http2.enabled"] == "true"

    life = crud(
        _BALANCER,
        {
            "subnets": place.subnets[:2],
            "securityGroups": [place.group],
            "idleTimeout": 120,
            "dropInvalidHeaderFields": True,
            "accessLogs": {"bucket": "logs", "enabled": True},
            "tags": {"a": "b"},
        },
        {"idleTimeout": 180, "subnets": place.subnets, "tags": {"a": "c"}},
        name="web",
        look=look,
    )
    assert life.created["arnSuffix"].startswith("app/web-")
    assert life.created["zoneId"] == "Z35SXDOTRQ7X7K", "the region's own hosted zone, which alias records need"
    assert life.created["vpcId"] == place.vpc
    assert len(life.created["name"]) <= 32
    assert set(life.updated["subnets"]) == set(place.subnets)


def test_deletion_protection_refuses_and_can_be_switched_off(
    driver: Callable[..., Driver], place: Place, aws: Session
) -> None:
    drive = driver()
    inputs = drive.check(_BALANCER, {"subnets": place.subnets[:2], "enableDeletionProtection": True})
    id, state = drive.create(_BALANCER, inputs)
    with pytest.raises(Exception, match="OperationNotPermitted"):
        drive.delete(_BALANCER, id, state, inputs)
    off = {**inputs, "enableDeletionProtection": False}
    state = drive.update(_BALANCER, id, state, inputs, off)
    drive.delete(_BALANCER, id, state, off)


def test_a_target_group_has_its_health_check_and_attributes(crud: Crud, place: Place, aws: Session) -> None:
    life = crud(
        _GROUP,
        {
            "namePrefix": "alc-",
            "vpcId": place.vpc,
            "targetType": "ip",
            "port": 3000,
            "protocol": "HTTP",
            "deregistrationDelay": 30,
            "loadBalancingAlgorithmType": "least_outstanding_requests",
            "healthCheck": {"path": "/health", "matcher": "200-399", "interval": 15, "timeout": 5},
        },
        {
            "deregistrationDelay": 3600,
            "healthCheck": {"path": "/up", "matcher": "200", "interval": 10, "timeout": 5},
            "stickiness": {"type": "lb_cookie", "cookieDuration": 60},
            "tags": {"a": "b"},
        },
    )
    assert life.created["name"].startswith("alc-")
    assert len(life.created["name"]) <= 32
    assert life.created["arnSuffix"].startswith("targetgroup/alc-")
    assert life.updated["healthCheck"]["path"] == "/up"


def test_an_https_listener_has_its_policy_certificate_and_headers(
    crud: Crud, balancer: str, certificate: str, aws: Session
) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        answer = aws.client("elbv2").describe_listener_attributes(ListenerArn=id)
        live = {item["Key"]: item["Value"] for item in answer["Attributes"]}
        assert live["routing.http.response.strict_transport_security.header_value"] == "max-age=2"
        assert live["routing.http.response.server.enabled"] == "false"

    life = crud(
        _LISTENER,
        {
            "loadBalancerArn": balancer,
            "port": 443,
            "protocol": "HTTPS",
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
            "certificateArn": certificate,
            "routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=1",
            "routingHttpResponseServerEnabled": False,
            "defaultActions": [
                {
                    "type": "fixed-response",
                    "fixedResponse": {"contentType": "text/plain", "messageBody": "no", "statusCode": "404"},
                }
            ],
            "tags": {"a": "b"},
        },
        {
            "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "routingHttpResponseStrictTransportSecurityHeaderValue": "max-age=2",
            "tags": {"a": "c"},
        },
        look=look,
    )
    assert life.created["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    assert life.created["certificateArn"] == certificate


def test_an_http_listener_redirects(crud: Crud, balancer: str) -> None:
    crud(
        _LISTENER,
        {
            "loadBalancerArn": balancer,
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": [
                {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}}
            ],
        },
        {
            "defaultActions": [
                {"type": "redirect", "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_302"}}
            ]
        },
    )


@pytest.fixture
def listener(aws: Session, balancer: str) -> str:
    """A listener that answers 404."""
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    answer = aws.client("elbv2").create_listener(
        LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[fixed]
    )
    return str(answer["Listeners"][0]["ListenerArn"])


def test_a_rule_routes_hosts_and_paths(crud: Crud, listener: str, target: str) -> None:
    life = crud(
        _RULE,
        {
            "listenerArn": listener,
            "priority": 10,
            "conditions": [{"hostHeader": {"values": ["a.example.com"]}}, {"pathPattern": {"values": ["/x/*"]}}],
            "actions": [{"type": "forward", "targetGroupArn": target}],
            "tags": {"a": "b"},
        },
        {
            "priority": 20,
            "conditions": [{"hostHeader": {"values": ["b.example.com", "c.example.com"]}}],
            "actions": [
                {
                    "type": "fixed-response",
                    "fixedResponse": {"contentType": "text/plain", "statusCode": "403", "messageBody": "no"},
                }
            ],
        },
    )
    assert life.updated["priority"] == 20


def test_a_rules_other_properties_change_without_its_actions(
    driver: Callable[..., Driver], listener: str, target: str, aws: Session
) -> None:
    drive = driver()
    inputs = {
        "listenerArn": listener,
        "priority": 10,
        "conditions": [{"hostHeader": {"values": ["a.example.com"]}}],
        "actions": [{"type": "forward", "targetGroupArn": target}],
    }
    id, state = drive.create(_RULE, inputs)
    elb = aws.client("elbv2")
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    elb.modify_rule(RuleArn=id, Actions=[fixed])
    # What is ignored comes as it was, whatever somebody else has made of it.
    drive.update(_RULE, id, state, inputs, inputs | {"conditions": [{"hostHeader": {"values": ["b.example.com"]}}]})
    (rule,) = elb.describe_rules(RuleArns=[id])["Rules"]
    assert rule["Conditions"][0]["HostHeaderConfig"]["Values"] == ["b.example.com"]
    assert rule["Actions"][0]["Type"] == "fixed-response", "the actions aren't sent along"


def test_a_rule_without_a_priority_comes_after_the_others(driver: Callable[..., Driver], listener: str) -> None:
    drive = driver()
    inputs = {
        "listenerArn": listener,
        "conditions": [{"httpRequestMethod": {"values": ["GET"]}}, {"queryStrings": [{"key": "a", "value": "b"}]}],
        "actions": [{"type": "fixed-response", "fixedResponse": {"contentType": "text/plain", "statusCode": "403"}}],
    }
    assert [drive.create(_RULE, inputs)[1]["priority"] for _ in range(2)] == [1, 2]


def test_a_listener_takes_further_certificates(crud: Crud, balancer: str, aws: Session, certificate: str) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = aws.client("elbv2").create_listener(
        LoadBalancerArn=balancer,
        Port=443,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": certificate}],
        DefaultActions=[fixed],
    )["Listeners"][0]["ListenerArn"]
    other = issued(aws, "other.example.com")
    crud(
        "aws:lb/listenerCertificate:ListenerCertificate",
        {"listenerArn": listener, "certificateArn": other},
    )
