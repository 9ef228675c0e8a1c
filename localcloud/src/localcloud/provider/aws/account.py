"""Invokes about the account, the region and its zones (the package's `index` module)."""

from localcloud.provider.base import Properties, function
from localcloud.provider.session import Session


@function("aws:index/getCallerIdentity:getCallerIdentity")
def get_caller_identity(aws: Session, args: Properties) -> Properties:
    """Tell who calls."""
    who = aws.client("sts").get_caller_identity()
    return {"id": who["Account"], "accountId": who["Account"], "arn": who["Arn"], "userId": who["UserId"]}


@function("aws:index/getRegion:getRegion")
def get_region(aws: Session, args: Properties) -> Properties:
    """Tell the region that the provider works in."""
    region = args.get("region") or aws.region
    return {
        "id": region,
        "region": region,
        "name": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


@function("aws:index/getAvailabilityZones:getAvailabilityZones")
def get_availability_zones(aws: Session, args: Properties) -> Properties:
    """List the region's zones in order of their names, as the official data source does."""
    answer = aws.client("ec2").describe_availability_zones()
    wanted = args.get("state")
    zones = sorted(
        (zone for zone in answer["AvailabilityZones"] if not wanted or zone["State"] == wanted),
        key=lambda zone: str(zone["ZoneName"]),
    )
    excluded = set(args.get("excludeNames") or ())
    zones = [zone for zone in zones if zone["ZoneName"] not in excluded]
    return {
        "id": aws.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or aws.region for zone in zones}),
    }
