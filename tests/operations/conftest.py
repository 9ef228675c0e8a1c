"""A stack that two releases were deployed to."""

from collections.abc import Iterator

import pytest

from tests.operations.place import Place, project, release


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """AprendeAI ran v1.0.0 and runs v1.1.0; equivalence runs v1.0.0, its first release."""
    with project(tmp_path_factory) as made:
        made.up()
        release(made, "v1.1.0")
        made.up()
        yield made
