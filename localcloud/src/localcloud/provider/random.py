"""Resource types of the `random` package.

Nothing here speaks to an account: a value is made once, from the system's source of randomness, and lives in the
state. Every input replaces, `keepers` first of all: https://www.pulumi.com/registry/packages/random/
"""

import base64
import ctypes
import ctypes.util
import functools
import secrets
import string
from collections.abc import Iterable

from localcloud.provider.base import UNKNOWN, Properties, ResourceType, resource
from localcloud.provider.session import Session

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"

# The rules that the official provider's source has for its 72 bytes; its cost is 10, a twentieth of a second each,
# for passwords that guard something. These guard nothing.
_BCRYPT_BYTES = 72
_BCRYPT_PREFIX = "$2b$04$"
_BCRYPT_ALPHABET = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits


class RandomValue(ResourceType):
    """What the types have in common: the value stays as it was made, and only a replacement makes another."""

    tagged = False

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        """Return the state: there is nothing else to read."""
        return state

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        """Keep the value; no input gets here, since each replaces."""

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        """Forget the value."""


class _Text(RandomValue):
    """What RandomString and RandomPassword have in common."""

    replace = frozenset(
        {
            "keepers",
            "length",
            "lower",
            "minLower",
            "minNumeric",
            "minSpecial",
            "minUpper",
            "number",
            "numeric",
            "overrideSpecial",
            "special",
            "upper",
        }
    )

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse lengths that can't hold what is asked for, and an empty alphabet."""
        length = inputs.get("length")
        minimums = [inputs.get(key, 0) for key in ("minUpper", "minLower", "minNumeric", "minSpecial")]
        if length is None:
            yield "length", "is missing: give the number of characters, at least 1"
        elif length is not UNKNOWN and UNKNOWN not in minimums and length < max(1, sum(minimums)):
            yield (
                "length",
                f"{length} is too short: it must be at least 1 and at least minUpper + minLower + minNumeric + "
                f"minSpecial, which is {sum(minimums)}",
            )
        number, numeric = inputs.get("number"), inputs.get("numeric")
        if UNKNOWN not in (number, numeric) and number is not None and numeric is not None and number != numeric:
            yield "number", "differs from numeric, whose old name it is: give numeric only"
        if all(inputs.get(key) is False for key in ("upper", "lower", "special")) and False in (number, numeric):
            yield "numeric", "is false like upper, lower and special: at least one of the four must be true"

    def text(self, inputs: Properties) -> str:
        """Return a text by the inputs' rules."""
        special = inputs.get("overrideSpecial") or _SPECIAL
        numeric = inputs.get("numeric", inputs.get("number", True))
        kinds = (
            (string.ascii_uppercase, inputs.get("upper", True), inputs.get("minUpper", 0)),
            (string.ascii_lowercase, inputs.get("lower", True), inputs.get("minLower", 0)),
            (string.digits, numeric, inputs.get("minNumeric", 0)),
            (special, inputs.get("special", True), inputs.get("minSpecial", 0)),
        )
        chosen = [secrets.choice(letters) for letters, _, least in kinds for _ in range(least)]
        alphabet = "".join(letters for letters, wanted, _ in kinds if wanted)
        chosen += [secrets.choice(alphabet) for _ in range(inputs["length"] - len(chosen))]
        secrets.SystemRandom().shuffle(chosen)
        return "".join(chosen)

    def filled(self, inputs: Properties) -> Properties:
        """Return the outputs that tell which rules held."""
        numeric = inputs.get("numeric", inputs.get("number", True))
        return {
            "lower": inputs.get("lower", True),
            "upper": inputs.get("upper", True),
            "special": inputs.get("special", True),
            "number": numeric,
            "numeric": numeric,
            **{key: inputs.get(key, 0) for key in ("minUpper", "minLower", "minNumeric", "minSpecial")},
        }


@resource("random:index/randomPassword:RandomPassword")
class RandomPassword(_Text):
    """https://www.pulumi.com/registry/packages/random/api-docs/randompassword/.

    `bcryptHash` is a real hash, of the least cost, where the system's crypt library has bcrypt; else it is left out.
    """

    secrets = frozenset({"result", "bcryptHash"})

    def create(self, aws: Session, inputs: Properties) -> tuple[str, Properties]:
        """Make a password."""
        result = self.text(inputs)
        return "none", {**self.filled(inputs), "result": result, "bcryptHash": _bcrypt(result)}


@resource("random:index/randomString:RandomString")
class RandomString(_Text):
    """https://www.pulumi.com/registry/packages/random/api-docs/randomstring/."""

    def create(self, aws: Session, inputs: Properties) -> tuple[str, Properties]:
        """Make a text, which is its own id."""
        result = self.text(inputs)
        return result, {**self.filled(inputs), "result": result}


@resource("random:index/randomBytes:RandomBytes")
class RandomBytes(RandomValue):
    """https://www.pulumi.com/registry/packages/random/api-docs/randombytes/."""

    replace = frozenset({"keepers", "length"})
    secrets = frozenset({"base64", "hex"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse no bytes at all."""
        yield from _at_least_one(inputs, "length")

    def create(self, aws: Session, inputs: Properties) -> tuple[str, Properties]:
        """Make bytes."""
        value = secrets.token_bytes(inputs["length"])
        return "none", {"base64": base64.b64encode(value).decode(), "hex": value.hex()}


@resource("random:index/randomId:RandomId")
class RandomId(RandomValue):
    """https://www.pulumi.com/registry/packages/random/api-docs/randomid/."""

    replace = frozenset({"keepers", "byteLength", "prefix"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse no bytes at all."""
        yield from _at_least_one(inputs, "byteLength")

    def create(self, aws: Session, inputs: Properties) -> tuple[str, Properties]:
        """Make an identifier; its id has no prefix, its other forms have."""
        value = secrets.token_bytes(inputs["byteLength"])
        id = base64.urlsafe_b64encode(value).decode().rstrip("=")
        prefix = inputs.get("prefix") or ""
        return id, {
            "b64Url": prefix + id,
            "b64Std": prefix + base64.b64encode(value).decode(),
            "hex": prefix + value.hex(),
            "dec": prefix + str(int.from_bytes(value, "big")),
        }


def _at_least_one(inputs: Properties, key: str) -> Iterable[tuple[str, str]]:
    if inputs.get(key) is not UNKNOWN and inputs.get(key, 0) < 1:
        yield key, f"{inputs.get(key)} is too short: it must be at least 1"


@functools.cache
def _crypt_library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("crypt")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.crypt_rn.restype = ctypes.c_char_p
    return library


def _bcrypt(text: str) -> str | None:
    try:
        library = _crypt_library()
        if library is None:
            return None
        salt = "".join(secrets.choice(_BCRYPT_ALPHABET) for _ in range(21)) + "."
        scratch = ctypes.create_string_buffer(32768)  # struct crypt_data: crypt(3)
        setting = (_BCRYPT_PREFIX + salt).encode()
        found = library.crypt_rn(text.encode()[:_BCRYPT_BYTES], setting, scratch, len(scratch))
    except (OSError, AttributeError):
        return None
    return found.decode() if found and found.startswith(setting[:7]) else None
