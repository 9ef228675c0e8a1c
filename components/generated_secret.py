"""A random value that the program makes itself, keeps in its state, and makes anew when its rotation is raised."""

from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_random as random

from components.checks import check_between, mistake


class GeneratedKind(StrEnum):
    """How a generated value is written."""

    HEX = "hex"
    PASSWORD = "password"


#: Fewest random bytes: 128 bits, below which a value can be guessed off line.
_FEWEST_BYTES = 16
#: Most random bytes: beyond this no key gets stronger.
_MOST_BYTES = 512
#: Fewest characters of a password: what ElastiCache asks of a user's password, the strictest of the three stores.
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
_FEWEST_CHARACTERS = 16
#: Most characters of a password: what RDS for PostgreSQL and ElastiCache take.
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
_MOST_CHARACTERS = 128


@dataclass(frozen=True, kw_only=True)
class GeneratedValueArgs:
    """What to generate."""

    kind: GeneratedKind
    """`hex`: random bytes, written as twice as many hexadecimal digits. `password`: ASCII letters and digits."""
    length: int
    """Bytes for `hex` (64 give 128 digits), characters for `password`."""
    rotation: int = 1
    """Raise it by one to get a new value; nothing else changes the value."""

    def __post_init__(self) -> None:
        """Refuse what would make no secret."""
        if self.kind is GeneratedKind.HEX:
            check_between(
                "GeneratedValueArgs.length",
                self.length,
                _FEWEST_BYTES,
                _MOST_BYTES,
                "give the number of random bytes, not of digits",
            )
        else:
            check_between(
                "GeneratedValueArgs.length",
                self.length,
                _FEWEST_CHARACTERS,
                _MOST_CHARACTERS,
                "give a length that PostgreSQL, Valkey and RabbitMQ all take",
            )
        if isinstance(self.rotation, bool) or self.rotation < 1:
            raise mistake(
                "GeneratedValueArgs.rotation",
                self.rotation,
                "a positive integer",
                "start at 1 and add 1 for each rotation",
            )


class GeneratedValue(pulumi.ComponentResource):
    """A random value.

    Creates a `random.RandomBytes` or a `random.RandomPassword`.

    Guarantees: the value comes from the provider's cryptographic source, is a secret in every output and in state, and
    stays the same until `rotation` changes. A password has letters and digits only, so that no client, shell or URL
    needs to quote it.
    """

    value: pulumi.Output[str]
    """The value; a secret."""

    def __init__(self, name: str, args: GeneratedValueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:GeneratedValue", name, None, opts)
        keepers: dict[str, pulumi.Input[str]] = {"rotation": str(args.rotation)}
        child = pulumi.ResourceOptions(parent=self)
        if args.kind is GeneratedKind.HEX:
            value = random.RandomBytes(f"{name}-value", length=args.length, keepers=keepers, opts=child).hex
        else:
            value = random.RandomPassword(
                f"{name}-value", length=args.length, special=False, keepers=keepers, opts=child
            ).result
        self.value = pulumi.Output.secret(value)
        self.register_outputs({"value": self.value})
