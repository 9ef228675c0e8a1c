"""Route 53's zones and records over their life."""

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider.session import Session
from support.driver import Driver, Life

Crud = Callable[..., Life]
_ZONE = "aws:route53/zone:Zone"
_RECORD = "aws:route53/record:Record"
_FIND = "aws:route53/getZone:getZone"


@pytest.fixture
def zone(aws: Session) -> str:
    """A public zone."""
    answer = aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="r")
    return str(answer["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def test_a_public_zone_has_name_servers(crud: Crud) -> None:
    life = crud(_ZONE, {"name": "example.com", "tags": {"a": "b"}}, {"comment": "mine", "tags": {"a": "c"}})
    assert len(life.created["nameServers"]) == 4
    assert life.created["primaryNameServer"]
    assert life.id == life.created["zoneId"]
    assert life.created["comment"] == "Managed by Pulumi"


def test_a_private_zone_is_seen_from_its_vpcs(crud: Crud, aws: Session) -> None:
    ec2 = aws.client("ec2")
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2)]
    life = crud(
        _ZONE,
        {"name": "internal", "vpcs": [{"vpcId": vpcs[0]}]},
        {"vpcs": [{"vpcId": vpc} for vpc in vpcs]},
    )
    assert [vpc["vpcId"] for vpc in life.updated["vpcs"]] == vpcs


def test_a_zone_with_records_is_only_destroyed_by_force(driver: Callable[..., Driver], aws: Session) -> None:
    drive = driver()
    inputs = drive.check(_ZONE, {"name": "example.com"})
    id, state = drive.create(_ZONE, inputs)
    drive.create(_RECORD, {"zoneId": id, "name": "a", "type": "A", "ttl": 60, "records": ["192.0.2.1"]})
    with pytest.raises(Exception, match="HostedZoneNotEmpty"):
        drive.delete(_ZONE, id, state, inputs)
    drive.delete(_ZONE, id, {**state, "forceDestroy": True}, inputs)
    assert drive.read(_ZONE, id, state, inputs)[0] == ""


def test_a_record_follows_the_program(crud: Crud, zone: str) -> None:
    life = crud(
        _RECORD,
        {"zoneId": zone, "name": "www", "type": "A", "ttl": 60, "records": ["192.0.2.1"]},
        {"ttl": 300, "records": ["192.0.2.2", "192.0.2.1"]},
    )
    assert life.created["fqdn"] == "www.example.com"
    assert life.id == f"{zone}_www_A"


@pytest.mark.parametrize(
    "inputs",
    [
        {"name": "t", "type": "TXT", "ttl": 60, "records": ["v=spf1 -all"]},
        {"name": "*.w", "type": "CNAME", "ttl": 60, "records": ["example.com"]},
        {
            "name": "example.com",
            "type": "A",
            "aliases": [
                {
                    "name": "Web-1.us-east-1.elb.amazonaws.com",
                    "zoneId": "Z35SXDOTRQ7X7K",
                    "evaluateTargetHealth": True,
                }
            ],
        },
        {
            "name": "weighted",
            "type": "A",
            "ttl": 60,
            "records": ["192.0.2.1"],
            "setIdentifier": "blue",
            "weightedRoutingPolicies": [{"weight": 10}],
        },
    ],
    ids=["text", "wildcard", "alias", "weighted"],
)
def test_each_kind_of_record_is_told_back_as_it_was_written(crud: Crud, zone: str, inputs: dict[str, Any]) -> None:
    crud(_RECORD, {"zoneId": zone, **inputs})


def test_a_record_that_stands_is_overwritten_only_on_demand(driver: Callable[..., Driver], zone: str) -> None:
    drive = driver()
    inputs = {"zoneId": zone, "name": "www", "type": "A", "ttl": 60, "records": ["192.0.2.1"]}
    drive.create(_RECORD, inputs)
    with pytest.raises(Exception, match=r"InvalidChangeBatch.*already exists"):
        drive.create(_RECORD, inputs)
    drive.create(_RECORD, {**inputs, "allowOverwrite": True})


def test_a_record_that_was_deleted_can_be_made_again(aws: Session, zone: str) -> None:
    route53 = aws.client("route53")

    def change(action: str, name: str) -> None:
        record = {"Name": f"{name}.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        changes = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)

    for action, name in (("CREATE", "api"), ("CREATE", "other"), ("DELETE", "api"), ("CREATE", "api")):
        change(action, name)
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [record["Name"] for record in records if record["Type"] == "A"] == ["api.example.com.", "other.example.com."]


def test_a_zone_is_found_by_name_or_id(driver: Callable[..., Driver], zone: str) -> None:
    drive = driver()
    assert drive.invoke(_FIND, {"name": "example.com."})["zoneId"] == zone
    assert drive.invoke(_FIND, {"zoneId": zone})["name"] == "example.com"


def test_no_zone_or_several_are_refused(driver: Callable[..., Driver], zone: str, aws: Session) -> None:
    drive = driver()
    with pytest.raises(Exception, match="no matching Route 53 Hosted Zone found"):
        drive.invoke(_FIND, {"name": "example.org"})
    aws.client("route53").create_hosted_zone(Name="example.com", CallerReference="second")
    with pytest.raises(Exception, match="multiple Route 53 Hosted Zones matched"):
        drive.invoke(_FIND, {"name": "example.com"})
