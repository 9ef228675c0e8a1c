"""The emulated account of a test process."""

import os
from collections.abc import Iterator

import pytest

from localcloud.emulator import control


@pytest.fixture(scope="session")
def emulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.Endpoint]:
    """An emulator of this test process's own, on any free port."""
    before = os.environ.get(control.HOME_VARIABLE)
    os.environ[control.HOME_VARIABLE] = str(tmp_path_factory.mktemp("localcloud"))
    os.environ.pop("AWS_ENDPOINT_URL", None)
    try:
        yield control.start(0)
        control.stop()
    finally:
        if before is None:
            del os.environ[control.HOME_VARIABLE]
        else:
            os.environ[control.HOME_VARIABLE] = before


def emptied(emulator_process: control.Endpoint) -> str:
    """Empty an emulated account; return its URL."""
    control.ask(emulator_process.url, "/moto-api/reset", "POST")
    return emulator_process.url
