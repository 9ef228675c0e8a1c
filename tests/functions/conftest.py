"""What the tests of functions share."""

import itertools
from collections.abc import Iterator

import pytest

from tests.functions.calling import Caller, Vault, opened_vault

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def vault() -> Iterator[Vault]:
    """An emulated Secrets Manager that the function reads."""
    with opened_vault() as opened:
        yield opened


@pytest.fixture
def caller(vault: Vault) -> Caller:
    """Calls about a system that no other test has."""
    return Caller(vault, f"app{next(_NUMBERS)}")
