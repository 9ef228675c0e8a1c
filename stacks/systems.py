"""Which systems the program knows. All stacks run all of them."""

from stacks.aprendeai import APRENDEAI
from stacks.equivalence import EQUIVALENCE
from stacks.system import System

SYSTEMS: tuple[System, ...] = (APRENDEAI, EQUIVALENCE)
