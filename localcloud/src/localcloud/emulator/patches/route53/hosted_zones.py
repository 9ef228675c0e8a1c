"""Hosted zones and their records."""

from typing import Any

from moto.route53.exceptions import Route53ClientError
from moto.route53.models import FakeZone, HostedZoneIdentifier, Route53Backend

from localcloud.emulator.patches.elbv2.balancers import ZONES
from localcloud.emulator.patching import patch


@patch(HostedZoneIdentifier, "generate")
def generate(original: Any, self: HostedZoneIdentifier, *args: Any, **kwargs: Any) -> str:
    """Begin a zone's id with Z, as AWS's do; moto's begin with anything."""
    return f"Z{str(original(self, *args, **kwargs))[1:]}"


def _plain(name: str) -> str:
    return name.lower().replace("\\052", "*").rstrip(".")


def _known(zone: FakeZone) -> set[tuple[str, str, str | None]]:
    return {(_plain(record.name), str(record.type), record.set_identifier or None) for record in zone.rrsets}


def _key(record: dict[str, Any]) -> tuple[str, str, str | None]:
    return _plain(record["Name"]), record["Type"], record.get("SetIdentifier") or None


def _described(key: tuple[str, str, str | None]) -> str:
    name, kind, identifier = key
    extra = f", set-identifier='{identifier}'" if identifier else ""
    return f"[name='{name}.', type='{kind}'{extra}]"


@patch(Route53Backend, "change_resource_record_sets")
def change_resource_record_sets(
    original: Any, self: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]
) -> None:
    """Refuse a batch of which a part can't be, before any part is done.

    moto makes a record that is there when its values differ, takes records of names that only end like the zone's, and
    takes aliases of load balancers in any zone.
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
    """
    zone = self.get_hosted_zone(zoneid)
    root, known, wrong = _plain(zone.name), _known(zone), []
    for item in change_list:
        record, action = item["ResourceRecordSet"], item["Action"]
        key = _key(record)
        if key[0] != root and not key[0].endswith(f".{root}"):
            wrong.append(f"RRSet with DNS name {key[0]}. is not permitted in zone {root}.")
        elif action == "CREATE" and key in known:
            wrong.append(f"Tried to create resource record set {_described(key)} but it already exists")
        elif action == "DELETE" and key not in known:
            wrong.append(f"Tried to delete resource record set {_described(key)} but it was not found")
        elif action != "DELETE":
            if key[1] == "CNAME" and key[0] == root:
                wrong.append(f"RRSet of type CNAME with DNS name {root}. is not permitted at apex in zone {root}.")
            wrong.extend(_wrong_alias(record))
        known = known - {key} if action == "DELETE" else known | {key}
    if wrong:
        raise Route53ClientError("InvalidChangeBatch", f"[{', '.join(wrong)}]")
    # moto takes a record that was deleted for one that is there, when a later name follows it.
    created = {_key(item["ResourceRecordSet"]) for item in change_list if item["Action"] == "CREATE"}
    zone.rr_changes[:] = [item for item in zone.rr_changes if _key(item["ResourceRecordSet"]) not in created]
    original(self, zoneid, change_list)


def _wrong_alias(record: dict[str, Any]) -> list[str]:
    """Tell what is wrong with an alias of a load balancer: its zone must be the one that its name is in."""
    alias = record.get("AliasTarget") or {}
    name = _plain(alias.get("DNSName") or "")
    parts = name.split(".")
    if name.endswith(".elb.amazonaws.com") and len(parts) > 4:
        right = ZONES.get(parts[-4], ("", ""))[0]
    elif name.endswith(".amazonaws.com") and len(parts) > 4 and parts[-4] == "elb":
        right = ZONES.get(parts[-3], ("", ""))[1]
    else:
        return []
    if not right or alias.get("HostedZoneId") == right:
        return []
    return [
        f"Tried to create an alias that targets {name}., type {record['Type']} in zone {alias.get('HostedZoneId')}, "
        "but the alias target name does not lie within the target zone"
    ]


def _need_vpc(backend: Route53Backend, vpc: str | None, region: str | None) -> None:
    from moto.ec2.models import ec2_backends

    if vpc and vpc not in ec2_backends[backend.account_id][region or "us-east-1"].vpcs:
        raise Route53ClientError("InvalidVPCId", f"The VPC: {vpc} that you provided is not found in region {region}")


@patch(Route53Backend, "create_hosted_zone")
def create_hosted_zone(original: Any, self: Route53Backend, *args: Any, **kwargs: Any) -> FakeZone:
    """Refuse a VPC that isn't there, which moto takes."""
    _need_vpc(self, kwargs.get("vpcid"), kwargs.get("vpcregion"))
    zone: FakeZone = original(self, *args, **kwargs)
    return zone


@patch(Route53Backend, "associate_vpc_with_hosted_zone")
def associate_vpc_with_hosted_zone(
    original: Any, self: Route53Backend, zone_id: str, vpcid: str, vpcregion: str
) -> Any:
    """Refuse a VPC that isn't there, which moto takes."""
    _need_vpc(self, vpcid, vpcregion)
    return original(self, zone_id, vpcid, vpcregion)
