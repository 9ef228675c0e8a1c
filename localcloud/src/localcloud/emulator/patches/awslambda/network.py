"""What a function reaches: this machine, and by their own names the stores that its emulated network lets it reach.

Loaded by `bootstrap` into the function's process, and like it without any import of ours. The emulator's own process
keeps to this machine too.
"""

import ipaddress
import socket
import ssl
import sys
from typing import Any

_ONLY = "reaches loopback only"


def confine(network: dict[str, Any]) -> None:
    """Refuse every way out but loopback, and lead the names of stores to their stand-ins.

    Args:
        network: as `localcloud.emulator.stores.table.for_function` gives it; empty where there are no stores.
    """
    if network.get("places"):
        _redirect_names(network["places"])
        _trust_authority(network["authority"])
    keep_to_loopback("a function of the local cloud")


def keep_to_loopback(who: str) -> None:
    """Refuse connections to anywhere but this machine: an emulated account reaches nothing real.

    Args:
        who: whose process this is, for the message.
    """

    def address(host: str) -> bool:
        try:
            return bool(ipaddress.ip_address(host))
        except ValueError:
            return False

    def loopback(host: str) -> bool:
        if address(host):
            return ipaddress.ip_address(host).is_loopback
        return host in ("", "localhost") or host.endswith(".localhost")

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        name = arguments[0] if event == "socket.getaddrinfo" else None
        if isinstance(name, str) and not loopback(name) and not address(name):  # looking an address up asks no one
            raise socket.gaierror(socket.EAI_NONAME, f"{name}: {who} {_ONLY}")
        if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
            host = arguments[1][0]
            if isinstance(host, str) and not loopback(host):
                raise ConnectionRefusedError(f"{host}: {who} {_ONLY}")

    sys.addaudithook(audit)


def _redirect_names(places: dict[str, dict[str, Any]]) -> None:
    """Let the names of stores resolve to their stand-ins, port included.

    What a security group keeps apart waits in AWS until the client's own time limit; here it is told at once, as a
    timeout with its reason, which is also written to the log, since many clients keep to themselves what they caught.
    """
    look_up = socket.getaddrinfo
    reported: set[str] = set()

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        place = places.get(name.rstrip(".").lower()) if isinstance(name, str) else None
        if place is None:
            return look_up(host, port, *args, **kwargs)
        wanted = socket.getservbyname(port) if isinstance(port, str) and not port.isdigit() else int(port or 0)
        reason = place.get("obstacle")
        if reason:
            message = f"{name}:{wanted}: timed out: {reason}"
            if message not in reported:
                reported.add(message)
                print(message, flush=True)
            raise TimeoutError(message)
        if wanted not in (0, place["port"]):
            raise ConnectionRefusedError(f"{name}:{wanted}: its stand-in in the local cloud answers at {place['port']}")
        return look_up("127.0.0.1", place["to"] if wanted else port, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def _trust_authority(authority: str) -> None:
    """Let every context that trusts anyone trust the emulator's authority too, as it would Amazon's in AWS."""
    load, load_defaults = ssl.SSLContext.load_verify_locations, ssl.SSLContext.set_default_verify_paths

    def load_verify_locations(self: ssl.SSLContext, *args: Any, **kwargs: Any) -> None:
        load(self, *args, **kwargs)
        load(self, cadata=authority)

    def set_default_verify_paths(self: ssl.SSLContext) -> None:
        load_defaults(self)
        load(self, cadata=authority)

    ssl.SSLContext.load_verify_locations = load_verify_locations  # type: ignore[method-assign]
    ssl.SSLContext.set_default_verify_paths = set_default_verify_paths  # type: ignore[method-assign]
