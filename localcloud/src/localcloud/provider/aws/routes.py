"""EC2: route tables, routes and what they are associated with."""

import zlib
from collections.abc import Mapping
from typing import Any

from localcloud.provider.aws.ec2 import Ec2Resource
from localcloud.provider.base import Properties, ResourceType, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, ignoring, pick

#: Where a route of a table leads to, and from which addresses: schema name and EC2's name.
_TARGETS = {
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
#: A route resource spells its destinations otherwise than a route in a table does.
_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_INLINE = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _own_routes(table: Mapping[str, Any]) -> list[Properties]:
    """Return a table's routes as inline routes: without the local one and those of gateway endpoints."""
    return [
        {key: route[name] for key, name in {**_INLINE, **_TARGETS}.items() if route.get(name)}
        for route in table.get("Routes") or ()
        if route.get("GatewayId") != "local"
        and not str(route.get("GatewayId", "")).startswith("vpce-")
        and route.get("Origin") != "EnableVgwRoutePropagation"
    ]


def _destination(route: Properties) -> dict[str, Any]:
    return {name: route[key] for key, name in _INLINE.items() if route.get(key)}


def _set_routes(aws: Session, table: str, old: list[Properties], new: list[Properties]) -> None:
    ec2 = aws.client("ec2")

    def key(route: Properties) -> tuple[tuple[str, Any], ...]:
        return tuple(sorted(_destination(route).items()))

    before, after = {key(route): route for route in old}, {key(route): route for route in new}
    for gone in before.keys() - after.keys():
        with ignoring("InvalidRoute.NotFound"):
            ec2.delete_route(RouteTableId=table, **dict(gone))
    for destination, route in after.items():
        target = pick(route, **{name: key for key, name in _TARGETS.items()})
        if destination not in before:
            ec2.create_route(RouteTableId=table, **dict(destination), **target)
        elif target != pick(before[destination], **{name: key for key, name in _TARGETS.items()}):
            ec2.replace_route(RouteTableId=table, **dict(destination), **target)


def _propagate(aws: Session, table: str, old: list[str], new: list[str]) -> None:
    ec2 = aws.client("ec2")
    for gateway in set(old) - set(new):
        ec2.disable_vgw_route_propagation(RouteTableId=table, GatewayId=gateway)
    for gateway in set(new) - set(old):
        ec2.enable_vgw_route_propagation(RouteTableId=table, GatewayId=gateway)


@resource("aws:ec2/routeTable:RouteTable")
class RouteTable(Ec2Resource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/routetable/."""

    noun = "route-table"
    replace = frozenset({"vpcId"})
    unordered = frozenset({"routes", "propagatingVgws"})

    creates, reads, deletes = "create_route_table", "describe_route_tables", "delete_route_table"
    keys = {"id": "RouteTableId"}
    new_id = "RouteTable.RouteTableId"
    described = "RouteTables[0]"
    outputs = {"ownerId": "OwnerId", "propagatingVgws": "PropagatingVgws[].GatewayId || `[]`", "vpcId": "VpcId"}

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        _set_routes(aws, id, [], inputs.get("routes") or [])
        _propagate(aws, id, [], inputs.get("propagatingVgws") or [])

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        return {
            **super().properties(aws, live, state),
            "arn": aws.arn("ec2", f"route-table/{live['RouteTableId']}"),
            "routes": _own_routes(live),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        # Routes left out of the program are left alone, since route resources may own them.
        if "routes" in new and changed(old, new, "routes"):
            _set_routes(aws, id, old.get("routes") or [], new.get("routes") or [])
        if "propagatingVgws" in new:
            _propagate(aws, id, old.get("propagatingVgws") or [], new.get("propagatingVgws") or [])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        ec2 = aws.client("ec2")
        if (table := self.find(aws, id, state)) is None:
            return
        # The official provider takes the associations away first, since AWS refuses to delete a table in use.
        for association in table.get("Associations") or ():
            if not association.get("Main"):
                with ignoring("InvalidAssociationID.NotFound"):
                    ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])
        super().delete(aws, id, state)


@resource("aws:ec2/route:Route")
class Route(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/route/."""

    tagged = False
    replace = frozenset({"routeTableId", *_DESTINATIONS})

    def create(self, aws: Session, inputs: Properties) -> str:
        aws.client("ec2").create_route(RouteTableId=inputs["routeTableId"], **self._where(inputs), **self._to(inputs))
        destination = next(iter(self._where(inputs).values()))
        # The id that the official provider makes up: the table's, then the destination's checksum.
        return f"r-{inputs['routeTableId']}{zlib.crc32(str(destination).encode())}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        table = RouteTable().find(aws, state["routeTableId"], state)
        where = self._where(state)
        for route in (table or {}).get("Routes") or ():
            if all(route.get(name) == value for name, value in where.items()):
                return {
                    **{key: route.get(name, "") for key, name in _TARGETS.items()},
                    **{key: route[name] for key, name in _DESTINATIONS.items() if route.get(name)},
                    "routeTableId": state["routeTableId"],
                    "origin": route.get("Origin", ""),
                    "state": route.get("State", ""),
                    "instanceId": route.get("InstanceId", ""),
                    "instanceOwnerId": route.get("InstanceOwnerId", ""),
                }
        return None

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        aws.client("ec2").replace_route(RouteTableId=new["routeTableId"], **self._where(new), **self._to(new))

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"):
            aws.client("ec2").delete_route(RouteTableId=state["routeTableId"], **self._where(state))

    @staticmethod
    def _where(source: Properties) -> dict[str, Any]:
        return {name: source[key] for key, name in _DESTINATIONS.items() if source.get(key)}

    @staticmethod
    def _to(source: Properties) -> dict[str, Any]:
        return {name: source[key] for key, name in _TARGETS.items() if source.get(key)}


def _association(aws: Session, id: str, state: Properties) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return (table, association) by the association's id, else by what it associates.

    ReplaceRouteTableAssociation gives a new id, which an update of a resource can't take over:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceRouteTableAssociation.html
    """
    ec2 = aws.client("ec2")
    ways = [("association.route-table-association-id", id)]
    if state.get("subnetId"):
        ways.append(("association.subnet-id", state["subnetId"]))
    if state.get("gatewayId"):
        ways.append(("association.gateway-id", state["gatewayId"]))
    for name, value in ways:
        for table in ec2.describe_route_tables(Filters=[{"Name": name, "Values": [value]}])["RouteTables"]:
            for association in table.get("Associations") or ():
                named = (
                    association.get("RouteTableAssociationId"),
                    association.get("SubnetId"),
                    association.get("GatewayId"),
                )
                if value in named and not association.get("Main"):
                    return table, association
    return None


@resource("aws:ec2/routeTableAssociation:RouteTableAssociation")
class RouteTableAssociation(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ec2/routetableassociation/."""

    tagged = False
    replace = frozenset({"subnetId", "gatewayId"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("ec2").associate_route_table(**pick(inputs, "routeTableId", "subnetId", "gatewayId"))
        return str(answer["AssociationId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        found = _association(aws, id, state)
        if found is None:
            return None
        table, association = found
        return {"routeTableId": table["RouteTableId"], **pick(association, "SubnetId", "GatewayId")}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        found = _association(aws, id, old)
        if found is None:
            raise LookupError(f"the association {id} of {old.get('subnetId') or old.get('gatewayId')} is gone")
        aws.client("ec2").replace_route_table_association(
            AssociationId=found[1]["RouteTableAssociationId"], RouteTableId=new["routeTableId"]
        )

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if found := _association(aws, id, state):
            with ignoring("InvalidAssociationID.NotFound"):
                aws.client("ec2").disassociate_route_table(AssociationId=found[1]["RouteTableAssociationId"])
