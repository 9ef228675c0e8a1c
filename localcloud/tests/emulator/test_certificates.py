"""What Certificate Manager, Route 53 and WAF refuse and keep, as any client sees it."""

from typing import Any

import pytest

from localcloud.provider.session import Session
from support.refusals import refused

_FIXED = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
_VISIBLE = {"CloudWatchMetricsEnabled": False, "MetricName": "m", "SampledRequestsEnabled": False}


def _change(aws: Session, zone: str, action: str, name: str, kind: str = "A", value: str = "192.0.2.1") -> None:
    record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    aws.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    )


def _zone(aws: Session, name: str) -> str:
    answer = aws.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return str(answer["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def _issued(aws: Session, zone: str, domain: str) -> str:
    acm = aws.client("acm")
    arn = str(acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"])
    option = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"][0]
    record = option["ResourceRecord"]
    _change(aws, zone, "UPSERT", record["Name"], record["Type"], record["Value"])
    return arn


def test_a_certificate_is_not_issued_by_a_zone_above_the_one_that_answers(aws: Session) -> None:
    acm = aws.client("acm")
    above = _zone(aws, "example.com")
    _zone(aws, "shop.example.com")
    arn = _issued(aws, above, "www.shop.example.com")
    assert acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "PENDING_VALIDATION"


def test_a_wildcard_is_proven_by_its_domains_record(aws: Session) -> None:
    acm = aws.client("acm")
    arn = acm.request_certificate(
        DomainName="example.com", SubjectAlternativeNames=["*.example.com"], ValidationMethod="DNS"
    )["CertificateArn"]
    options = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    assert len({option["ResourceRecord"]["Name"] for option in options}) == 1


def test_a_certificate_in_use_is_kept_until_its_listener_lets_go(aws: Session) -> None:
    acm, elb, ec2 = aws.client("acm"), aws.client("elbv2"), aws.client("ec2")
    zone = _zone(aws, "example.com")
    old, new = _issued(aws, zone, "a.example.com"), _issued(aws, zone, "b.example.com")
    subnets = [item["SubnetId"] for item in ec2.describe_subnets()["Subnets"][:2]]
    balancer = elb.create_load_balancer(Name="x", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    listener = elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": old}],
        DefaultActions=_FIXED,
    )["Listeners"][0]["ListenerArn"]
    assert acm.describe_certificate(CertificateArn=old)["Certificate"]["InUseBy"] == [listener]
    with refused("ResourceInUseException"):
        acm.delete_certificate(CertificateArn=old)
    elb.modify_listener(ListenerArn=listener, Certificates=[{"CertificateArn": new}])
    acm.delete_certificate(CertificateArn=old)
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    acm.delete_certificate(CertificateArn=new)


def test_a_batch_of_records_holds_wholly_or_not_at_all(aws: Session) -> None:
    zone, route53 = _zone(aws, "example.com"), aws.client("route53")
    for name, kind, text in (
        ("www.notexample.com", "A", "is not permitted in zone"),
        ("example.com", "CNAME", "at apex"),
    ):
        with refused("InvalidChangeBatch", text):
            _change(aws, zone, "CREATE", name, kind, "example.org" if kind == "CNAME" else "192.0.2.1")
    with refused("InvalidChangeBatch", "it was not found"):
        _change(aws, zone, "DELETE", "www.example.com")
    _change(aws, zone, "CREATE", "www.example.com")
    with refused("InvalidChangeBatch", "already exists"):
        _change(aws, zone, "CREATE", "www.example.com", value="192.0.2.2")
    live = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [item["ResourceRecords"] for item in live if item["Type"] == "A"] == [[{"Value": "192.0.2.1"}]]


def test_an_alias_names_the_zone_that_its_target_is_in(aws: Session) -> None:
    zone = _zone(aws, "example.com")
    alias = {
        "DNSName": "x-1.us-east-1.elb.amazonaws.com",
        "HostedZoneId": "Z32O12XQLNTSW2",  # eu-west-1's
        "EvaluateTargetHealth": True,
    }
    record = {"Name": "a.example.com", "Type": "A", "AliasTarget": alias}
    with refused("InvalidChangeBatch", "does not lie within the target zone"):
        aws.client("route53").change_resource_record_sets(
            HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        )


def test_a_private_zone_needs_a_network_that_is_there(aws: Session) -> None:
    with refused("InvalidVPCId"):
        aws.client("route53").create_hosted_zone(
            Name="internal",
            CallerReference="x",
            HostedZoneConfig={"PrivateZone": True},
            VPC={"VPCId": "vpc-0123456789abcdef0", "VPCRegion": "us-east-1"},
        )


@pytest.fixture
def waf(aws: Session) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
    """The client that looks."""
    return aws.client("wafv2")


def _acl(waf: Any) -> dict[str, Any]:  # noqa: ANN401
    answer: dict[str, Any] = waf.create_web_acl(
        Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=_VISIBLE
    )["Summary"]
    return answer


def test_a_web_acl_that_protects_something_is_kept(aws: Session, waf: Any) -> None:  # noqa: ANN401
    subnets = [item["SubnetId"] for item in aws.client("ec2").describe_subnets()["Subnets"][:2]]
    elb = aws.client("elbv2")
    balancer = elb.create_load_balancer(Name="x", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    acl = _acl(waf)
    with refused("WAFUnavailableEntityException"):
        waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=balancer[:-4] + "0000")
    waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=balancer)
    assert waf.list_resources_for_web_acl(WebACLArn=acl["ARN"])["ResourceArns"] == [balancer]
    delete = {"Name": "acl", "Scope": "REGIONAL", "Id": acl["Id"], "LockToken": acl["LockToken"]}
    with refused("WAFAssociatedItemException"):
        waf.delete_web_acl(**delete)
    elb.delete_load_balancer(LoadBalancerArn=balancer)
    waf.delete_web_acl(**delete)


def test_waf_logs_only_where_it_may(aws: Session, waf: Any) -> None:  # noqa: ANN401
    acl = _acl(waf)
    base = "arn:aws:logs:us-east-1:123456789012:log-group"
    for name, code in (
        ("other", "WAFInvalidParameterException"),
        ("aws-waf-logs-x", "WAFLogDestinationPermissionIssueException"),
    ):
        with refused(code):
            waf.put_logging_configuration(
                LoggingConfiguration={"ResourceArn": acl["ARN"], "LogDestinationConfigs": [f"{base}:{name}"]}
            )


def test_rules_name_sets_that_are_there(waf: Any) -> None:  # noqa: ANN401
    missing = "arn:aws:wafv2:us-east-1:123456789012:regional/ipset/x/11111111-1111-1111-1111-111111111111"
    rule = {
        "Name": "r",
        "Priority": 1,
        "Action": {"Block": {}},
        "Statement": {"IPSetReferenceStatement": {"ARN": missing}},
        "VisibilityConfig": _VISIBLE,
    }
    with refused("WAFNonexistentItemException"):
        waf.create_web_acl(
            Name="acl", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=_VISIBLE, Rules=[rule]
        )
