"""What resources of one service name of another's; each service words its own refusal of what isn't there."""

from collections.abc import Callable, Iterable

from moto.core.base_backend import BaseBackend
from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.models.subnets import Subnet
from moto.kms.models import Key, kms_backends


def subnets(backend: BaseBackend, ids: Iterable[str], missing: Callable[[str], Exception]) -> list[Subnet]:
    """Return subnets; raise what `missing` makes of the id of one that isn't there."""
    zones = ec2_backends[backend.account_id][backend.region_name].subnets.values()
    found = []
    for id in ids:
        subnet = next((zone[id] for zone in zones if id in zone), None)
        if subnet is None:
            raise missing(id)
        found.append(subnet)
    return found


def check_security_groups(
    backend: BaseBackend,
    ids: Iterable[str],
    vpc_id: str | None,
    missing: Callable[[str], Exception],
    elsewhere: Callable[[SecurityGroup], Exception],
) -> None:
    """Raise what `missing` makes of the id of a group that isn't there, and `elsewhere` of one in another VPC."""
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    for id in ids:
        group = ec2.get_security_group_from_id(id)
        if group is None:
            raise missing(id)
        if vpc_id is not None and group.vpc_id != vpc_id:
            raise elsewhere(group)


def key(backend: BaseBackend, id: str, missing: Exception) -> Key:
    """Return a KMS key by its id, ARN or alias; raise `missing` where there is none."""
    kms = kms_backends[backend.account_id][backend.region_name]
    try:
        return kms.describe_key(kms.any_id_to_key_id(id))
    except (KeyError, ValueError) as error:
        raise missing from error
