"""What is wrong with hosts whose single values are right."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from components.ingress.certificate import FIRST_NAME
from stacks.settings.models import SystemConfig
from stacks.settings.problems import ConfigProblem, set_command
from stacks.systems.spec import SystemSpec


def host_problems(parsed: Sequence[tuple[SystemSpec, SystemConfig]]) -> Iterator[ConfigProblem]:
    """Report hosts outside their zone, hosts that two URLs have, and hosts that are all too long."""
    taken: dict[str, str] = {}
    for system, config in parsed:
        for variable in system.urls:
            key, host = f"{system.name}:{variable}", host_of(getattr(config, variable))
            if host != config.zone and not host.endswith(f".{config.zone}"):
                yield ConfigProblem(
                    key=key,
                    problem=f"has the host {host}, which is outside the zone {config.zone} of {system.name}:zone",
                    allowed=f"{config.zone} or a name that ends in .{config.zone}",
                    remedy=set_command(key, f"https://api.{config.zone}"),
                )
            if host in taken:
                yield ConfigProblem(
                    key=key,
                    problem=f"has the host {host}, which {taken[host]} has already",
                    allowed="a host of its own for each URL",
                    remedy=set_command(key, f"https://{system.name}.{config.zone}"),
                )
            taken.setdefault(host, key)
    if taken and len(shortest := min(taken, key=len)) > FIRST_NAME:
        yield ConfigProblem(
            key=taken[shortest],
            problem=f"has the host {shortest}, which is the stack's shortest and has {len(shortest)} characters",
            allowed=f"at least one host of {FIRST_NAME} characters or fewer, which the certificate begins with",
            remedy=set_command(taken[shortest], f"https://<a host of up to {FIRST_NAME} characters>"),
        )


def host_of(url: str) -> str:
    """Return the host name of a URL."""
    return urlsplit(url).hostname or ""
