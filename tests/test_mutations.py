"""The tests of the engine see it when one of its rules is broken (`studies/mutations.py`)."""

import datetime
import random
import re
from pathlib import Path

import pytest

from studies.mutations import MUTATIONS, PACKAGE, Mutation, break_rule
from tests.every import every

pytestmark = pytest.mark.slow

#: How many rules are broken each day, others each day; `make mutations` breaks all.
_A_DAY = 3


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: str(mutation.rule))
def test_the_text_that_a_mutation_changes_is_there_once_and_so_are_its_tests(mutation: Mutation) -> None:
    assert (PACKAGE / mutation.file).read_text().count(mutation.old) == 1
    for name in every(mutation.tests):
        file, _, test = name.partition("::")
        assert re.search(rf"^def {test.partition('[')[0]}\(", Path(PACKAGE / file).read_text(), re.MULTILINE), name


def test_a_rule_that_is_broken_fails_its_tests() -> None:
    today = random.Random(datetime.date.today().isoformat()).sample(MUTATIONS, _A_DAY)
    broken = [break_rule(mutation) for mutation in today]
    assert {verdict.mutation.rule: verdict.word for verdict in broken} == {rule.rule: "caught" for rule in today}
