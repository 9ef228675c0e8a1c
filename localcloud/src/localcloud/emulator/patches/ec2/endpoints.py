"""VPC endpoints."""

import json
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.managed_prefixes import ManagedPrefixList
from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES, COVERED_ENDPOINT_SERVICES, VPCEndPoint
from moto.ec2.responses.vpcs import VPCs

from localcloud.emulator.patches.ec2.errors import invalid
from localcloud.emulator.patching import patch


@patch(ManagedPrefixList, "cidrs", as_property=True)
def cidrs(self: ManagedPrefixList) -> list[str]:
    """Tell the ranges of a prefix list; moto tells them only by GetManagedPrefixListEntries."""
    latest = list(self.entries.values())[-1] if self.entries else []
    return [str(entry["Cidr"]) for entry in latest]


@patch(EC2Backend, "create_vpc_endpoint")
def create_vpc_endpoint(
    original: Any, self: EC2Backend, vpc_id: str, service_name: str, endpoint_type: Any, **kwargs: Any
) -> VPCEndPoint:
    """Refuse wrong references, and fill in what AWS tells of an endpoint; moto takes any and leaves much out.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
    """
    vpc = self.get_vpc(vpc_id)
    kind = endpoint_type or "Gateway"
    _need_service(self, service_name, kind)
    subnets = [self.get_subnet(id) for id in kwargs.get("subnet_ids") or ()]
    _need_places(vpc_id, subnets)
    _need_tables(self, vpc_id, kwargs.get("route_table_ids") or [])
    private = bool(kwargs.get("private_dns_enabled")) and kind == "Interface"
    if private:
        _need_names(vpc, service_name, self)
    if kind == "Interface":
        kwargs["security_group_ids"] = _groups(self, vpc_id, kwargs.get("security_group_ids") or [])
    kwargs |= {"private_dns_enabled": private, "subnet_ids": []}
    endpoint: VPCEndPoint = original(self, vpc_id=vpc_id, service_name=service_name, endpoint_type=kind, **kwargs)
    endpoint.subnet_ids = []
    vars(endpoint).update(
        owner_id=self.account_id,
        requester_managed=False,
        ip_address_type="ipv4",
        dns_options={"DnsRecordIpType": "ipv4"} if kind == "Interface" else {"DnsRecordIpType": "service-defined"},
        private_name=_private_name(service_name, self.region_name),
    )
    for subnet in subnets:
        _add_interface(self, endpoint, subnet)
    _set_dns_entries(endpoint)
    return endpoint


def _need_service(ec2: EC2Backend, name: str, kind: str) -> None:
    """Refuse a name that no service has.

    The names are moto's own list; DescribeVpcEndpointServices would load a dozen services for it, which takes seconds.
    """
    head = f"com.amazonaws.{ec2.region_name}."
    known = (*AWS_ENDPOINT_SERVICES, *COVERED_ENDPOINT_SERVICES)
    own = [item.to_dict()["ServiceName"] for item in ec2.configurations.values()]
    if name not in own and not (name.startswith(head) and name.removeprefix(head) in known):
        raise EC2ClientError("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")
    if kind == "Gateway" and name.removeprefix(head) not in ("s3", "dynamodb"):
        raise EC2ClientError(
            "InvalidParameter",
            f"Endpoint type (Gateway) does not match available service types ([Interface]). ({name})",
        )


def _private_name(name: str, region: str) -> str:
    """Return the name by which a service's clients call it.

    Most are called as their endpoints are; ECR's parts stand the other way round:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    """
    short = name.removeprefix(f"com.amazonaws.{region}.")
    turned = {"ecr.api": "api.ecr", "ecr.dkr": "*.dkr.ecr"}.get(short, short)
    return f"{turned}.{region}.amazonaws.com"


def _need_places(vpc_id: str, subnets: list[Any]) -> None:
    zones: set[str] = set()
    for subnet in subnets:
        if subnet.vpc_id != vpc_id:
            raise invalid(f"The subnet {subnet.id} does not belong to the vpc {vpc_id}")
        if subnet.availability_zone in zones:
            raise EC2ClientError(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {subnet.id}",
            )
        zones.add(subnet.availability_zone)


def _need_tables(ec2: EC2Backend, vpc_id: str, tables: list[str]) -> None:
    for id in tables:
        if ec2.get_route_table(id).vpc_id != vpc_id:
            raise invalid(f"Route table {id} belongs to a different VPC than endpoint's VPC {vpc_id}")


def _need_names(vpc: Any, service_name: str, ec2: EC2Backend) -> None:
    if str(vpc.enable_dns_support).lower() != "true" or str(vpc.enable_dns_hostnames).lower() != "true":
        raise EC2ClientError(
            "InvalidParameter",
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
            f"for {vpc.id}",
        )
    for other in ec2.vpc_end_points.values():
        if other.vpc_id == vpc.id and other.service_name == service_name and other.private_dns_enabled:
            raise EC2ClientError(
                "InvalidParameter",
                f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{service_name} in the VPC {vpc.id}",
            )


def _groups(ec2: EC2Backend, vpc_id: str, ids: list[str]) -> list[str]:
    if not ids:
        default = ec2.get_default_security_group(vpc_id)
        return [default.id] if default else []
    for id in ids:
        group = ec2.get_security_group_from_id(id)
        if group is None:
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{id}' does not exist")
        if group.vpc_id != vpc_id:
            raise invalid(f"The security group {id} does not belong to the vpc {vpc_id}")
    return ids


def _add_interface(ec2: EC2Backend, endpoint: VPCEndPoint, subnet: Any) -> None:
    """Put an address of the endpoint into a subnet: moto takes addresses from anywhere, and gives them no groups."""
    eni = ec2.create_network_interface(
        subnet, [], group_ids=endpoint.security_group_ids, description=f"VPC Endpoint Interface {endpoint.id}"
    )
    eni.requester_managed = True
    eni.interface_type = "vpc_endpoint"
    eni.status = "in-use"
    endpoint.network_interface_ids.append(eni.id)
    assert endpoint.subnet_ids is not None
    endpoint.subnet_ids.append(subnet.id)


def _set_dns_entries(endpoint: VPCEndPoint) -> None:
    """Name the endpoint as AWS does.

    https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
    """
    if endpoint.vpc_endpoint_type != "Interface":
        endpoint.dns_entries = []
        return
    region = endpoint.ec2_backend.region_name
    short = endpoint.service_name.removeprefix(f"com.amazonaws.{region}.")
    mark = endpoint.id[-8:]
    tail = f"{short}.{region}.vpce.amazonaws.com"
    zones = [endpoint.ec2_backend.get_subnet(id).availability_zone for id in endpoint.subnet_ids or ()]
    names = [f"{endpoint.id}-{mark}.{tail}", *(f"{endpoint.id}-{mark}-{zone}.{tail}" for zone in zones)]
    entries = [{"dns_name": name, "hosted_zone_id": "Z7HUB22UULQXV"} for name in names]
    private = vars(endpoint).get("private_name")
    if endpoint.private_dns_enabled and private:
        entries.append({"dns_name": private, "hosted_zone_id": f"Z{mark.upper()}"})
    endpoint.dns_entries = entries


@patch(EC2Backend, "delete_vpc_endpoints")
def delete_vpc_endpoints(original: Any, self: EC2Backend, vpce_ids: list[str] | None = None) -> None:
    """Take routes, addresses and endpoint away; moto keeps it, and fails over routes that it didn't make."""
    for id in vpce_ids or ():
        endpoint = self.vpc_end_points.pop(id, None)
        if endpoint is None:
            raise EC2ClientError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{id}' does not exist")
        for eni in endpoint.network_interface_ids:
            self.enis.pop(eni, None)
        for table in endpoint.route_table_ids:
            _unroute(self, endpoint, table)


def _unroute(ec2: EC2Backend, endpoint: VPCEndPoint, table: str) -> None:
    routes = ec2.route_tables[table]._routes if table in ec2.route_tables else {}
    for key in [key for key, route in routes.items() if route.gateway_id == endpoint.id]:
        routes.pop(key)


@patch(EC2Backend, "modify_vpc_endpoint")
def modify_vpc_endpoint(original: Any, self: EC2Backend, vpc_id: str, **kwargs: Any) -> None:
    """Move routes and addresses along with tables and subnets, which moto leaves as they were."""
    endpoint = self.get_vpc_end_point(vpc_id)
    tables = [id for id in kwargs.get("add_route_tables") or () if id not in endpoint.route_table_ids]
    _need_tables(self, endpoint.vpc_id, tables)
    added = [self.get_subnet(id) for id in kwargs.get("add_subnets") or () if id not in (endpoint.subnet_ids or ())]
    removed = kwargs.get("remove_subnets") or []
    kept = [self.get_subnet(id) for id in endpoint.subnet_ids or () if id not in removed]
    _need_places(endpoint.vpc_id, [*kept, *added])
    if kwargs.get("add_security_groups"):
        _groups(self, endpoint.vpc_id, kwargs["add_security_groups"])
    original(self, vpc_id, **{**kwargs, "add_subnets": []})
    for table in kwargs.get("remove_route_tables") or ():
        _unroute(self, endpoint, table)
    for table in tables:
        if endpoint.destination_prefix_list_id:
            self.create_route(
                table, None, gateway_id=endpoint.id, destination_prefix_list_id=endpoint.destination_prefix_list_id
            )
    for id in list(endpoint.network_interface_ids):
        if self.enis[id].subnet.id in removed:
            self.enis.pop(id)
            endpoint.network_interface_ids.remove(id)
    for subnet in added:
        _add_interface(self, endpoint, subnet)
    _set_dns_entries(endpoint)


@patch(VPCs, "modify_vpc_endpoint")
def modify_vpc_endpoint_response(original: Any, self: VPCs) -> Any:
    """Change private DNS, policy resets and DNS options, which moto drops."""
    answer = original(self)
    endpoint = self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId"))
    private = self._get_bool_param("PrivateDnsEnabled")
    if private is not None and private != endpoint.private_dns_enabled:
        if private:
            _need_names(self.ec2_backend.get_vpc(endpoint.vpc_id), endpoint.service_name, self.ec2_backend)
        endpoint.private_dns_enabled = private
        _set_dns_entries(endpoint)
    if self._get_bool_param("ResetPolicy"):
        endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
    if kind := self._get_param("IpAddressType"):
        vars(endpoint)["ip_address_type"] = kind
    if options := self._get_param("DnsOptions"):
        vars(endpoint)["dns_options"] = {**vars(endpoint).get("dns_options", {}), **options}
    return answer
