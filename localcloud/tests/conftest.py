"""An emulator for the tests, and a short way to drive a resource type through its life."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pulumi.provider.experimental import provider as sdk

from localcloud.emulator import control
from localcloud.provider import load
from localcloud.provider.session import Session
from localcloud.provider.values import wrap_map
from support.account import emptied, emulator_process
from support.driver import Driver, Life, Plain, run

__all__ = ["aws", "crud", "driver", "emulator", "emulator_process"]


@pytest.fixture
def emulator(emulator_process: control.Endpoint) -> str:
    """The URL of an emulated account with nothing in it."""
    return emptied(emulator_process)


@pytest.fixture
def aws(emulator: str) -> Session:
    """Clients of the emulated account, to make what a resource needs and to look at what it made."""
    return Session(emulator)


@pytest.fixture
def driver(emulator: str) -> Callable[..., Driver]:
    """Make a configured driver of a package: `driver("aws", defaultTags={"tags": {…}})`."""

    def make(package: str = "aws", **config: Any) -> Driver:  # noqa: ANN401 - any provider input
        provider = load(package)
        where = {} if package == "random" else {"region": "us-east-1", "endpoints": [{"sts": emulator}]}
        inputs = {**where, **config}
        run(provider.configure(sdk.ConfigureRequest({}, wrap_map(inputs, set()), True, False)))
        return Driver(provider)

    return make


@pytest.fixture
def crud(driver: Callable[..., Driver]) -> Callable[..., Life]:
    """Lead a resource through its life and hold each step to what Pulumi promises.

    `crud(token, inputs, change={…}, name="thing", default_tags={…}, look=…)`: `change` are the inputs that an update
    sets (None removes one); `look(id, state)` is called while the resource stands, after the update where there is one.
    The same program again shows no difference, also after a refresh; what is deleted is gone.
    """

    def lead(
        token: str,
        inputs: Plain,
        change: Plain | None = None,
        *,
        name: str = "thing",
        default_tags: Mapping[str, str] | None = None,
        look: Callable[[str, Plain], None] | None = None,
    ) -> Life:
        package = token.partition(":")[0]
        config = {"defaultTags": {"tags": dict(default_tags)}} if default_tags else {}
        drive = driver(package, **config)
        drive.name = name
        asked = drive.check(token, inputs)
        drive.create(token, asked, preview=True)
        id, state = drive.create(token, asked)
        assert id, "a created resource has an id"
        life = Life(id, state)
        _nothing_to_do(drive, token, id, state, asked, inputs)
        if change:
            wanted = {key: value for key, value in {**inputs, **change}.items() if value is not None}
            new = drive.check(token, wanted, asked)
            difference = drive.diff(token, id, state, asked, new)
            assert difference.changes, "the update isn't seen by diff"
            assert not difference.replaces, f"the update replaces: {difference.replaces}"
            life.changed = set(difference.detailed_diff)
            drive.update(token, id, state, asked, new, preview=True)
            life.updated = state = drive.update(token, id, state, asked, new)
            asked, inputs = new, wanted
            _nothing_to_do(drive, token, id, state, asked, inputs)
        if look:
            look(id, state)
        drive.delete(token, id, state, asked)
        assert drive.read(token, id, state, asked)[0] == "", "what is deleted is gone"
        drive.delete(token, id, state, asked)  # a second delete, after a kill between the call and its record
        return life

    return lead


def _nothing_to_do(drive: Driver, token: str, id: str, state: Plain, asked: Plain, inputs: Plain) -> None:
    again = drive.check(token, inputs, asked)
    difference = drive.diff(token, id, state, asked, again)
    assert not difference.changes, f"the same program again shows a difference: {sorted(difference.detailed_diff)}"
    found, live, known = drive.read(token, id, state, asked)
    assert found == id, "the resource is there after it was made"
    moved = {key for key in live.keys() | state.keys() if live.get(key) != state.get(key)}
    difference = drive.diff(token, id, live, known, drive.check(token, inputs, known))
    assert not difference.changes, (
        f"after a refresh the same program shows a difference: {sorted(difference.detailed_diff)} (moved: {moved})"
    )
