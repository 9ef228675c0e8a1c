"""Writes down every call that clients of AWS make, in this process and, as `sitecustomize`, in those it starts."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: The variable with the file that calls are added to, one a line: service, operation, parameters.
_FILE = "RECORDED_CALLS"


@contextlib.contextmanager
def everywhere(folder: Path) -> Iterator[list[tuple[str, str, dict[str, Any]]]]:
    """Record what is called here and in processes that are started meanwhile; the list is filled at the end.

    Migrations and rollouts make their calls from a process of their own.
    """
    import pytest  # isn't needed as `sitecustomize`

    file, found = folder / "calls", list[tuple[str, str, dict[str, Any]]]()
    file.touch()
    (folder / "sitecustomize.py").write_text(Path(__file__).read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        patch.setenv(_FILE, str(file))
        with _installed():
            yield found
    found += [tuple(json.loads(line)) for line in file.read_text().splitlines()]


@contextlib.contextmanager
def _installed() -> Iterator[None]:
    import botocore.client  # not in every process that starts

    client: Any = botocore.client.BaseClient
    original = client._make_api_call

    def recorded(self: Any, operation: str, params: dict[str, Any]) -> Any:  # noqa: ANN401 - as botocore has it
        line = json.dumps([self.meta.service_model.service_name, operation, params], default=str)
        with open(os.environ[_FILE], "a") as file:
            file.write(f"{line}\n")
        return original(self, operation, params)

    client._make_api_call = recorded
    try:
        yield
    finally:
        client._make_api_call = original


if __name__ == "sitecustomize" and _FILE in os.environ:
    _forever = _installed()
    _forever.__enter__()
