"""A random value that the program makes itself, keeps in its state, and makes anew when its rotation is raised.

The value that was current before the last rotation is kept too: whoever still has it is let in until the next one.
"""

from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_random as random

from components.core.checks import InvalidValue, check_between
from components.secrets.alternating_users import whose_turn


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
    """Raise it by one to get a new value; nothing else changes the value. By more than one, the value that is current
    now would be lost at once."""

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
            raise InvalidValue(
                "GeneratedValueArgs.rotation",
                self.rotation,
                "a positive integer",
                "start at 1 and add 1 for each rotation",
            )


class GeneratedValue(pulumi.ComponentResource):
    """A random value, and the one before it.

    Creates one or two `random.RandomBytes` or `random.RandomPassword`: one of them holds the values of odd rotations,
    the other, from the second rotation on, those of even ones. Raising `rotation` by one makes a new value of the two
    that wasn't current, so that the one that was becomes, untouched, the previous one.

    Guarantees: the values come from the provider's cryptographic source, are secrets in every output and in state, and
    stay the same until `rotation` changes. A password has letters and digits only, so that no client, shell or URL
    needs to quote it.
    """

    value: pulumi.Output[str]
    """The value; a secret."""
    previous: pulumi.Output[str] | None
    """The value before the last rotation; a secret. None at the first."""

    def __init__(self, name: str, args: GeneratedValueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:GeneratedValue", name, None, opts)
        self.value = self._made(name, args, args.rotation)
        self.previous = self._made(name, args, args.rotation - 1) if args.rotation > 1 else None
        self.register_outputs({"value": self.value, "previous": self.previous})

    def _made(self, name: str, args: GeneratedValueArgs, rotation: int) -> pulumi.Output[str]:
        """Make the value of one rotation, in place of the one two rotations before."""
        name = whose_turn(rotation, f"{name}-value", f"{name}-value-even")
        keepers: dict[str, pulumi.Input[str]] = {"rotation": str(rotation)}
        child = pulumi.ResourceOptions(parent=self)
        if args.kind is GeneratedKind.HEX:
            return pulumi.Output.secret(random.RandomBytes(name, length=args.length, keepers=keepers, opts=child).hex)
        password = random.RandomPassword(name, length=args.length, special=False, keepers=keepers, opts=child)
        return pulumi.Output.secret(password.result)
