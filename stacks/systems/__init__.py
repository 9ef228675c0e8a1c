"""Which systems the program knows. All stacks run all of them."""

import traceback

from components.core.checks import InvalidArguments
from stacks.systems.spec import SpecError, SystemSpec

try:
    from stacks.systems.aprendeai import APRENDEAI
    from stacks.systems.equivalence import EQUIVALENCE
except InvalidArguments as error:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(__path__[0])]
    raise SpecError(f"{frames[-1].filename}, line {frames[-1].lineno}", [str(error)]) from None

SYSTEMS: tuple[SystemSpec, ...] = (APRENDEAI, EQUIVALENCE)
