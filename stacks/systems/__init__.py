"""Which systems the program knows. All stacks run all of them."""

from stacks.systems.aprendeai import APRENDEAI
from stacks.systems.equivalence import EQUIVALENCE
from stacks.systems.spec import SystemSpec

SYSTEMS: tuple[SystemSpec, ...] = (APRENDEAI, EQUIVALENCE)
