"""The shapes of config as a person writes it: pydantic models whose every field says what is allowed."""

import ipaddress
import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator
from pydantic.fields import FieldInfo

from components.core.checks import RETENTION_DAYS
from components.delivery.deployment_strategy import BAKE_MINUTES, CANARY_PERCENT, Strategy
from components.ingress.route import VALUE_LENGTH

#: The project's own namespace in config.
PLATFORM = "alicerce"

#: An image tag as registries take it, other than `latest`, which names no release.
#: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[a-z]{{2,63}}")
#: The longest time after which a secret may be due, in days.
_LONGEST_DUE = 3650


def _network(value: str) -> str:
    ipaddress.IPv4Network(value)  # its own words say what is wrong
    return value


def _domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise ValueError("not a domain name")
    return value


def _public_url(value: str) -> str:
    scheme, _, host = value.partition("://")
    if scheme != "https":
        raise ValueError("the load balancer serves https only")
    if not _DOMAIN.fullmatch(host):
        raise ValueError("what follows https:// must be a host name in lower case and nothing else")
    if len(host) > VALUE_LENGTH:
        raise ValueError(f"a listener's rule takes no host of more than {VALUE_LENGTH} characters")
    return value


def _tag(value: str) -> str:
    if value == "latest":
        raise ValueError("latest names no release: it moves, and can't be gone back to")
    if not _TAG.fullmatch(value):
        raise ValueError("not an image tag")
    return value


def _log_days(value: int) -> int:
    if value not in RETENTION_DAYS:
        raise ValueError("CloudWatch Logs doesn't keep log lines for this long")
    return value


def _due_days(value: object) -> int:
    if value == "never":
        return NEVER_DUE
    days = int(str(value)) if str(value).isdecimal() else 0
    if not 1 <= days <= _LONGEST_DUE:
        raise ValueError("not a number of days, and not never")
    return days


def _about(allowed: str, example: str, description: str = "", **more: Any) -> Any:  # noqa: ANN401 - pydantic's FieldInfo
    """Describe a key: what it may hold and an example of that, for errors, and what it means, for `Pulumi.yaml`."""
    return Field(description=description, json_schema_extra={"allowed": allowed, "example": example}, **more)


def _between(what: str, bounds: tuple[int, int], example: str) -> Any:  # noqa: ANN401 - pydantic's FieldInfo
    """Describe an optional number with a least and a most."""
    low, high = bounds
    return _about(f"{what}, {low} to {high}", example, default=None, ge=low, le=high)


#: What `never` is read as.
NEVER_DUE = 0

Cidr = Annotated[str, AfterValidator(_network)]
Domain = Annotated[str, AfterValidator(_domain)]
PublicUrl = Annotated[str, AfterValidator(_public_url), _about("https:// and a host name", "https://api.example.com")]
ReleaseTag = Annotated[str, AfterValidator(_tag)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
DueDays = Annotated[int, PlainValidator(_due_days)]


class Model(BaseModel):
    """What all of them share: frozen, and nothing that isn't named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def models_in(field: FieldInfo) -> list[type[Model]]:
    """Return the model that a field holds, alone or by name, as a list of one; an empty list for any other field."""
    kinds = (field.annotation, *get_args(field.annotation))
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Model)]


class Retention(Model):
    """How long things are kept, where it differs from the profile."""

    logs: Annotated[int, AfterValidator(_log_days)] | None = _about(
        f"days that CloudWatch Logs takes: {', '.join(map(str, RETENTION_DAYS))}", "365", default=None
    )
    backups: int | None = _between("days of point-in-time recovery", (1, 35), "14")
    releases: int | None = _between("releases whose images stay", (2, 1000), "30")


class Promotion(Model):
    """From which stack a release has to come."""

    from_: str = _about("the name of another stack", "staging", alias="from")


class RegistryConfig(Model):
    """Whose repositories hold the images, and who else takes them from here."""

    stack: str | None = _about("the name of another stack of this account", "staging", default=None)
    sharedWith: tuple[str, ...] = _about("a list of names of other stacks of this account", "prod", default=())


class PlatformConfig(Model):
    """The keys of the namespace `alicerce`."""

    profile: str = _about(
        "the name of a profile",
        "staging",
        "Sizes, counts and protection to take (prod, staging or local). Empty takes the one named like the stack.",
        default="",
    )
    cidr: Cidr = _about(
        "a private IPv4 block from /16 to /22 without host bits",
        "10.0.0.0/16",
        "The network's private IPv4 block, from /16 to /22. It can't be changed without replacing the network.",
        default="10.0.0.0/16",
    )
    reservedCidrs: tuple[Cidr, ...] = _about(
        "a list of IPv4 blocks",
        "172.17.0.0/16",
        "IPv4 blocks of other networks that this one may be connected to, and so must not overlap.",
        default=(),
    )
    adminCidrs: tuple[Cidr, ...] = _about(
        "a list of IPv4 blocks",
        "10.8.0.0/24",
        "IPv4 blocks (a VPN, for instance) from which private paths are reached. Empty, nobody reaches them.",
        default=(),
    )
    availabilityZones: tuple[str, ...] = _about(
        "a list of the region's availability zones",
        "us-east-1a",
        "The availability zones to use. Empty takes the region's first.",
        default=(),
    )
    createZones: bool = _about(
        "true or false",
        "true",
        "Whether this stack creates its hosted zones in Route 53 (point the registrar at the name servers that it "
        "prints), or finds them in the account.",
        default=True,
    )
    retention: Retention = _about(
        "an object of logs, backups and releases",
        "365",
        "Where the profile's retention doesn't fit: logs (days), backups (days), releases (how many stay).",
        default=Retention(),
    )
    rotationDays: DueDays | None = _about(
        f"days, 1 to {_LONGEST_DUE}, or never",
        "90",
        "After how many days a secret is due for rotation, or never. Empty takes the profile's.",
        default=None,
    )
    promotion: Promotion | None = _about(
        "an object with the member from, a stack's name",
        "staging",
        "With from set to another stack's name, only a release that that stack has migrated and run comes up here.",
        default=None,
    )
    protection: Literal["profile", "off"] = _about(
        "profile or off",
        "profile",
        "profile keeps the profile's protection of stateful parts. off takes it away, in an `up` of its own before a "
        "`destroy`.",
        default="profile",
    )


class ServiceConfig(Model):
    """One service's size, count, queue and way of deployment, where they differ from the system and the profile."""

    cpu: Positive | None = _about("CPU units that Fargate has", "1024", default=None)
    memory: Positive | None = _about("MiB that Fargate pairs with the CPU units", "2048", default=None)
    minimum: Annotated[int, Field(ge=0)] | None = _about("a number of tasks, 0 or more", "2", default=None)
    maximum: Positive | None = _about("a number of tasks, 1 or more", "10", default=None)
    latencySeconds: Seconds | None = _about("seconds that a job may wait, above 0", "60", default=None)
    jobSeconds: Seconds | None = _about("seconds that a job takes, above 0", "5", default=None)
    deployment: Strategy | None = _about("rolling, blue_green or canary", "canary", default=None)
    bakeMinutes: int | None = _between("minutes", BAKE_MINUTES, "10")
    canaryPercent: int | None = _between("percent of the requests", CANARY_PERCENT, "10")


class SystemConfig(Model):
    """The keys that every system's namespace has; URLs and supplied secrets are the system's own."""

    release: ReleaseTag | None = _about(
        "an image tag other than latest, or none yet",
        "v1.0.0",
        "The image tag that runs, the same for all of its images. Not set, everything but its services is built.",
        default=None,
    )
    source: str | None = _about(
        "the path of a checkout",
        "../aprendeai",
        "The path of a checkout to build and push the images from. Not set, someone else pushes them.",
        default=None,
    )
    registry: RegistryConfig = _about(
        "an object with the member stack, a stack's name",
        "staging",
        "With stack set to another stack's name, its repositories are used, and none are made here. With sharedWith, a "
        "list of stacks that use those of this one, what these run is kept.",
        default=RegistryConfig(),
    )
    migrate: bool = _about(
        "true or false",
        "true",
        "False leaves a release's migration out (true unless set). It runs when this is true again.",
        default=True,
    )
    zone: Domain = _about(
        "the domain of a hosted zone, in lower case",
        "example.com",
        "The domain of the hosted zone that its hosts are in.",
    )
    rotation: dict[str, Positive] = _about(
        "positive integers, 1 for the first value",
        "2",
        "How often each generated secret was made, by variable, 1 at first. Raise one by one to rotate it.",
        default_factory=dict,
    )
    confirmRotation: dict[str, Positive] = _about(
        "the number of the rotation",
        "2",
        "A second line for rotations that end something for good, with the rotation's number, by variable.",
        default_factory=dict,
    )
    rotationDays: dict[str, DueDays] = _about(
        f"days, 1 to {_LONGEST_DUE}, or never",
        "30",
        "Where a secret is due after other days than the stack's, or never, by variable.",
        default_factory=dict,
    )
    services: dict[str, ServiceConfig] = _about(
        "an object of cpu, memory, minimum, maximum, latencySeconds, jobSeconds, deployment, bakeMinutes and "
        "canaryPercent for a service",
        "1024",
        "Where a service's cpu, memory, minimum or maximum differs from the profile's, how long a job of its queue may "
        "wait (latencySeconds) and takes (jobSeconds), and how its releases come: deployment (rolling, blue_green or "
        "canary), bakeMinutes and canaryPercent; by service.",
        default_factory=dict,
    )
