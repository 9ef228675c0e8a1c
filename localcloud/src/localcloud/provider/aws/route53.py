"""Route 53: hosted zones, the VPCs they are seen from, and records."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from localcloud.provider.api import refused
from localcloud.provider.aws.ec2 import only
from localcloud.provider.base import Properties, ResourceType, function, resource
from localcloud.provider.echo import as_written
from localcloud.provider.session import PARTITION, Session
from localcloud.provider.shapes import changed, found, ignoring, pick, tag_changes, tag_list, tag_map


def _bare(name: str) -> str:
    """Return a domain name as programs write it: in lower case, without the root's dot, `*` unescaped.

    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
    """
    return name.lower().replace("\\052", "*").rstrip(".")


def _zone(aws: Session, id: str) -> dict[str, Any] | None:
    answer: dict[str, Any] | None = found(
        lambda: aws.client("route53").get_hosted_zone(Id=id), "NoSuchHostedZone", "InvalidInput"
    )
    return answer


def _sets(aws: Session, zone: str) -> Iterable[dict[str, Any]]:
    for page in aws.client("route53").get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone):
        yield from page["ResourceRecordSets"]


def _change(aws: Session, zone: str, *changes: tuple[str, dict[str, Any]]) -> None:
    aws.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]},
    )


@resource("aws:route53/zone:Zone")
class Zone(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/route53/zone/."""

    replace = frozenset({"delegationSetId", "name"})
    defaults = {"comment": "Managed by Pulumi", "forceDestroy": False}
    unordered = frozenset({"vpcs"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        return refused(inputs, {"enableAcceleratedRecovery"})

    def create(self, aws: Session, inputs: Properties) -> str:
        route53 = aws.client("route53")
        vpcs = inputs.get("vpcs") or []
        answer = route53.create_hosted_zone(
            Name=inputs["name"],
            CallerReference=datetime.now(UTC).isoformat(),
            HostedZoneConfig={"Comment": inputs.get("comment", ""), "PrivateZone": bool(vpcs)},
            **pick(inputs, "delegationSetId"),
            **({"VPC": self._vpc(aws, vpcs[0])} if vpcs else {}),
        )
        id = str(answer["HostedZone"]["Id"]).removeprefix("/hostedzone/")
        for vpc in vpcs[1:]:
            route53.associate_vpc_with_hosted_zone(HostedZoneId=id, VPC=self._vpc(aws, vpc))
        self.retag(aws, id, {}, inputs)
        return id

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = _zone(aws, id)
        return None if answer is None else describe_zone(aws, answer, state)

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        route53 = aws.client("route53")
        if changed(old, new, "comment"):
            route53.update_hosted_zone_comment(Id=id, Comment=new.get("comment", ""))
        before, after = ([self._vpc(aws, vpc) for vpc in source.get("vpcs") or ()] for source in (old, new))
        # The new ones first: a private zone can't be without a VPC.
        for vpc in after:
            if vpc not in before:
                route53.associate_vpc_with_hosted_zone(HostedZoneId=id, VPC=vpc)
        for vpc in before:
            if vpc not in after and "vpcs" in new:
                route53.disassociate_vpc_from_hosted_zone(HostedZoneId=id, VPC=vpc)

    def retag(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if put or drop:
            aws.client("route53").change_tags_for_resource(
                ResourceType="hostedzone",
                ResourceId=id,
                **({"AddTags": tag_list(put)} if put else {}),
                **({"RemoveTagKeys": drop} if drop else {}),
            )

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if (zone := _zone(aws, id)) is None:
            return
        if state.get("forceDestroy"):
            name = _bare(zone["HostedZone"]["Name"])
            for record in list(_sets(aws, id)):
                # The zone's own NS and SOA records go with it, and can't go before.
                if _bare(record["Name"]) != name or record["Type"] not in ("NS", "SOA"):
                    _change(aws, id, ("DELETE", record))
        with ignoring("NoSuchHostedZone"):
            aws.client("route53").delete_hosted_zone(Id=id)

    @staticmethod
    def _vpc(aws: Session, vpc: Properties) -> dict[str, str]:
        return {"VPCId": vpc["vpcId"], "VPCRegion": vpc.get("vpcRegion") or aws.region}


def _zone_tags(aws: Session, id: str) -> dict[str, str]:
    answer = aws.client("route53").list_tags_for_resource(ResourceType="hostedzone", ResourceId=id)
    return tag_map(answer["ResourceTagSet"]["Tags"])


def describe_zone(aws: Session, answer: dict[str, Any], state: Properties) -> Properties:
    """Return the properties that the resource and the data source of a zone share."""
    zone = answer["HostedZone"]
    id = zone["Id"].removeprefix("/hostedzone/")
    name = _bare(zone["Name"])
    apex = {record["Type"]: record for record in _sets(aws, id) if _bare(record["Name"]) == name}
    servers = (answer.get("DelegationSet") or {}).get("NameServers") or [
        item["Value"] for item in apex.get("NS", {}).get("ResourceRecords") or ()
    ]
    soa = [item["Value"] for item in apex.get("SOA", {}).get("ResourceRecords") or ()]
    vpcs = [{"vpcId": vpc["VPCId"], "vpcRegion": vpc["VPCRegion"]} for vpc in answer.get("VPCs") or ()]
    return {
        "arn": f"arn:{PARTITION}:route53:::hostedzone/{id}",
        "zoneId": id,
        "name": name,
        "comment": (zone.get("Config") or {}).get("Comment", ""),
        "nameServers": sorted(_bare(server) for server in servers),
        "primaryNameServer": _bare(soa[0].split()[0]) if soa else _bare(servers[0]) if servers else "",
        "vpcs": as_written(vpcs, state["vpcs"]) if state.get("vpcs") else vpcs,
        "tags": _zone_tags(aws, id),
    }


@function("aws:route53/getZone:getZone")
def get_zone(aws: Session, args: Properties) -> Properties:
    """https://www.pulumi.com/registry/packages/aws/api-docs/route53/getzone/."""
    what = "Route 53 Hosted Zone"
    if args.get("zoneId"):
        answer = _zone(aws, args["zoneId"])
        answers = [answer] if answer else []
    else:
        if not args.get("name") and not args.get("tags") and not args.get("vpcId"):
            raise ValueError("one of zoneId, name, tags and vpcId must be given")
        zones = aws.client("route53").get_paginator("list_hosted_zones").paginate()
        listed = [zone for page in zones for zone in page["HostedZones"]]
        if args.get("name"):
            listed = [zone for zone in listed if _bare(zone["Name"]) == _bare(args["name"])]
        private = bool(args.get("privateZone")) or bool(args.get("vpcId"))
        listed = [zone for zone in listed if bool((zone.get("Config") or {}).get("PrivateZone")) == private]
        answers = [aws.client("route53").get_hosted_zone(Id=zone["Id"]) for zone in listed]
        if wanted := args.get("vpcId"):
            answers = [item for item in answers if wanted in [vpc["VPCId"] for vpc in item.get("VPCs") or ()]]
        if tags := args.get("tags"):
            answers = [
                item
                for item in answers
                if tags.items() <= _zone_tags(aws, item["HostedZone"]["Id"].removeprefix("/hostedzone/")).items()
            ]
    answer = only(answers, what)
    zone = answer["HostedZone"]
    live = describe_zone(aws, answer, {})
    del live["vpcs"]
    return {
        **live,
        "id": live["zoneId"],
        "callerReference": zone.get("CallerReference", ""),
        "privateZone": bool((zone.get("Config") or {}).get("PrivateZone")),
        "resourceRecordSetCount": zone.get("ResourceRecordSetCount", 0),
    }


@resource("aws:route53/record:Record")
class Record(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/route53/record/."""

    tagged = False
    replace = frozenset({"name", "zoneId"})
    unordered = frozenset({"records"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from refused(inputs, {"cidrRoutingPolicy", "geoproximityRoutingPolicy"})
        if ("records" in inputs) == ("aliases" in inputs):
            yield "records", 'exactly one of "records" and "aliases" must be given'
        if "records" in inputs and inputs.get("ttl") is None:
            yield "ttl", 'must be given with "records"'

    def create(self, aws: Session, inputs: Properties) -> str:
        record = self._set(aws, inputs)
        _change(aws, inputs["zoneId"], ("UPSERT" if inputs.get("allowOverwrite") else "CREATE", record))
        parts = [inputs["zoneId"], _bare(inputs["name"]), inputs["type"]]
        return "_".join([*parts, inputs["setIdentifier"]] if inputs.get("setIdentifier") else parts)

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        if "zoneId" not in state:  # a `get`: the id tells what there is to read
            zone, name, kind, *rest = id.split("_")
            state = {"zoneId": zone, "name": name, "type": kind, **({"setIdentifier": rest[0]} if rest else {})}
        if _zone(aws, state["zoneId"]) is None:
            return None
        name = self._full(aws, state)
        live = next(
            (
                record
                for record in _sets(aws, state["zoneId"])
                if _bare(record["Name"]) == name
                and record["Type"] == state["type"]
                and record.get("SetIdentifier") == (state.get("setIdentifier") or None)
            ),
            None,
        )
        if live is None:
            return None
        records = [_unquoted(item["Value"], live["Type"]) for item in live.get("ResourceRecords") or ()]
        told: Properties = {
            "fqdn": name,
            "zoneId": state["zoneId"],
            "name": state["name"],
            "type": live["Type"],
            **pick(live, "SetIdentifier", "HealthCheckId", ttl="TTL"),
            "multivalueAnswerRoutingPolicy": bool(live.get("MultiValueAnswer")),
        }
        if records:
            told["records"] = as_written(records, state["records"]) if state.get("records") else records
        if alias := live.get("AliasTarget"):
            told["aliases"] = [_alias(alias, (state.get("aliases") or [{}])[0])]
        policies = {
            "weightedRoutingPolicies": [{"weight": live["Weight"]}] if "Weight" in live else None,
            "failoverRoutingPolicies": [{"type": live["Failover"]}] if "Failover" in live else None,
            "latencyRoutingPolicies": [{"region": live["Region"]}] if "Region" in live else None,
            "geolocationRoutingPolicies": [_place(live["GeoLocation"])] if "GeoLocation" in live else None,
        }
        return {**told, **{key: value for key, value in policies.items() if value}}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "type", "setIdentifier"):
            # One change batch: there is no moment without either.
            _change(aws, new["zoneId"], ("DELETE", self._set(aws, old)), ("CREATE", self._set(aws, new)))
        else:
            _change(aws, new["zoneId"], ("UPSERT", self._set(aws, new)))

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if _zone(aws, state["zoneId"]) is None:
            return
        name = self._full(aws, state)
        for record in list(_sets(aws, state["zoneId"])):
            if (
                _bare(record["Name"]) == name
                and record["Type"] == state["type"]
                and record.get("SetIdentifier") == (state.get("setIdentifier") or None)
            ):
                _change(aws, state["zoneId"], ("DELETE", record))

    @staticmethod
    def _full(aws: Session, inputs: Properties) -> str:
        """Return the full name: a name that doesn't end in the zone's is within the zone."""
        zone = aws.client("route53").get_hosted_zone(Id=inputs["zoneId"])["HostedZone"]
        root, name = _bare(zone["Name"]), _bare(inputs["name"])
        if not name:
            return root
        return name if name == root or name.endswith(f".{root}") else f"{name}.{root}"

    def _set(self, aws: Session, inputs: Properties) -> dict[str, Any]:
        record: dict[str, Any] = {
            "Name": self._full(aws, inputs),
            **pick(inputs, "type", "setIdentifier", "healthCheckId", TTL="ttl"),
        }
        if inputs.get("records"):
            record["ResourceRecords"] = [{"Value": _quoted(str(item), inputs["type"])} for item in inputs["records"]]
        if inputs.get("aliases"):
            alias = inputs["aliases"][0]
            record["AliasTarget"] = {
                "DNSName": alias["name"],
                "HostedZoneId": alias["zoneId"],
                "EvaluateTargetHealth": bool(alias["evaluateTargetHealth"]),
            }
        if policies := inputs.get("weightedRoutingPolicies"):
            record["Weight"] = int(policies[0]["weight"])
        if policies := inputs.get("failoverRoutingPolicies"):
            record["Failover"] = policies[0]["type"]
        if policies := inputs.get("latencyRoutingPolicies"):
            record["Region"] = policies[0]["region"]
        if policies := inputs.get("geolocationRoutingPolicies"):
            record["GeoLocation"] = pick(
                policies[0], ContinentCode="continent", CountryCode="country", SubdivisionCode="subdivision"
            )
        if inputs.get("multivalueAnswerRoutingPolicy"):
            record["MultiValueAnswer"] = True
        return record


def _alias(alias: dict[str, Any], written: Properties) -> Properties:
    name = _bare(alias["DNSName"])
    same = _bare(str(written.get("name", ""))) == name
    return {
        "name": written["name"] if same else name,
        "zoneId": alias["HostedZoneId"],
        "evaluateTargetHealth": alias["EvaluateTargetHealth"],
    }


def _place(location: dict[str, Any]) -> Properties:
    return pick(location, continent="ContinentCode", country="CountryCode", subdivision="SubdivisionCode")


def _quoted(value: str, kind: str) -> str:
    return f'"{value}"' if kind in ("TXT", "SPF") and not value.startswith('"') else value


def _unquoted(value: str, kind: str) -> str:
    return value.removeprefix('"').removesuffix('"') if kind in ("TXT", "SPF") else value
