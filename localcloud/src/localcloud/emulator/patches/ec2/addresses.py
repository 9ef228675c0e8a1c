"""A network interface gets an address of its subnet that no other has and that AWS doesn't keep for itself.

moto (5.2.5) draws one at random and looks at nothing: two tasks may share an address, and so one target. The first four
and the last address of a subnet are AWS's.
https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
"""

import ipaddress
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_network_interfaces import NetworkInterfaceBackend
from moto.moto_api._internal import mock_random

from localcloud.emulator.patching import patch

#: How many addresses of a subnet AWS keeps at its beginning.
_RESERVED = 4


@patch(NetworkInterfaceBackend, "create_network_interface")
def create_network_interface(
    original: Callable[..., Any], backend: Any, subnet: Any, private_ip_address: Any = None, *args: Any, **more: Any
) -> Any:
    addresses = more.get("private_ip_addresses") or (args[0] if args else None)
    if not private_ip_address and not addresses:
        private_ip_address = _free(backend, subnet)
    return original(backend, subnet, private_ip_address, *args, **more)


def _free(backend: Any, subnet: Any) -> str:
    block = ipaddress.IPv4Network(subnet.cidr_block)
    taken = {
        item["PrivateIpAddress"]
        for eni in backend.enis.values()
        if eni.subnet.id == subnet.id
        for item in eni.private_ip_addresses
    }
    room = range(_RESERVED, block.num_addresses - 1)
    if len(taken) < len(room) // 2:
        while (address := str(block[mock_random.choice(room)])) in taken:
            pass
        return address
    free = [address for offset in room if (address := str(block[offset])) not in taken]
    if not free:
        raise EC2ClientError(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the request.",
        )
    return str(mock_random.choice(free))
