"""There are rooms, and one way through them."""

import ast
import pickle
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

#: Each imports only from those before it.
COMPONENTS = (
    "core",
    "encryption",
    "observability",
    "network",
    "data",
    "compute",
    "delivery",
    "ingress",
    "services",
    "functions",
    "secrets",
)
STACKS = ("systems", "profiles", "settings", "wiring")
OPERATIONS = ("errors", "names", "state", "permissions", "account", "screen", "commands", "cli")


def _imports(room: Path) -> Iterator[tuple[Path, str]]:
    for file in room.rglob("*.py") if room.is_dir() else [room.with_suffix(".py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                yield from ((file, f"{node.module}.{name.name}") for name in node.names)
            elif isinstance(node, ast.Import):
                yield from ((file, name.name) for name in node.names)


@pytest.mark.parametrize(
    ("package", "rooms"), [("components", COMPONENTS), ("stacks", STACKS), ("operations", OPERATIONS)]
)
def test_rooms_are_entered_in_one_direction(package: str, rooms: tuple[str, ...]) -> None:
    parts = {part.name: part.ispkg for part in pkgutil.iter_modules([str(ROOT / package)])}
    packages = {name for name, is_package in parts.items() if is_package}
    assert packages <= set(rooms) <= parts.keys(), "a new room has its place in the order"
    found = [
        (room, module, file.relative_to(ROOT))
        for room in rooms
        for file, module in _imports(ROOT / package / room)
        if module.startswith(f"{package}.")
    ]
    assert len(found) > len(rooms)
    assert not [one for one in found if rooms.index(one[1].split(".")[1]) > rooms.index(one[0])]


def test_components_know_nothing_of_what_uses_them() -> None:
    above = ("stacks", "operations", "localcloud", "functions")
    found = {module for _, module in _imports(ROOT / "components") if module.split(".")[0] in above}
    assert found == {"functions.credentials.events"}, "who asks the function uses the definition that it reads with"


def test_operations_know_nothing_of_the_local_cloud() -> None:
    assert not [one for one in _imports(ROOT / "operations") if one[1].split(".")[0] == "localcloud"]


def test_the_local_cloud_knows_nothing_of_the_program() -> None:
    ours = ("components", "stacks", "operations", "functions", "tests")
    assert not [one for one in _imports(ROOT / "localcloud" / "src") if one[1].split(".")[0] in ours]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("migration_run", "MigrationRunProvider"),
        ("rollout", "RolloutProvider"),
        ("rotation_guard", "RotationGuardProvider"),
    ],
)
def test_a_state_from_before_the_rooms_finds_its_dynamic_providers(module: str, name: str) -> None:
    """The SDK keeps a provider in the state by the name of its module, and asks it to delete what it made."""
    old = f"ccomponents.{module}\n{name}\n.".encode()
    assert pickle.loads(old) is getattr(import_module(pickle.loads(old).__module__), name)
