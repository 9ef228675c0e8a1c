"""Where the stand-ins listen: what a function is told of those that it reaches, and what others are told of all."""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator.stores import found, listening
from localcloud.emulator.stores.authority import authority
from localcloud.emulator.stores.reach import obstacle


def for_function(account: str, region: str, network: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a function finds under the names of stores; called by what holds the request lock.

    Args:
        account: whose function it is.
        region: where it is.
        network: its `VpcConfig`, None for a function in no VPC.

    Returns:
        `places`: for each host, `port` (the store's own) and either `to` (the port on loopback) or `obstacle` (what
        keeps the function from it). `authority`: whom to trust there. Both empty where there are no stores.
    """
    listening.follow(found.everywhere())
    places: dict[str, dict[str, Any]] = {}
    for store in found.stores(account, region):
        reason = obstacle(network, store)
        way = {"to": listening.port_of(store)} if reason is None else {"obstacle": reason}
        places[store.host] = {"port": store.port, **way}
    return {"places": places, "authority": authority().pem if places else ""}


def for_others() -> dict[str, Any]:
    """Return every store's `host`, `port` and `to`, and the `authority`; called by what holds the request lock."""
    present = list(found.everywhere())
    listening.follow(present)
    return {
        "stores": [{"host": one.host, "port": one.port, "to": listening.port_of(one)} for one in present],
        "authority": authority().pem,
    }
