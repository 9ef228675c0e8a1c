"""Random values."""

import base64
import ctypes
import string
from collections.abc import Callable
from typing import Any

import pytest
from pulumi.provider.experimental import provider as sdk

from localcloud.provider import load
from localcloud.provider.values import wrap_map
from support.driver import Driver

pytestmark = pytest.mark.slow

PASSWORD = "random:index/randomPassword:RandomPassword"
BYTES = "random:index/randomBytes:RandomBytes"
ID = "random:index/randomId:RandomId"


@pytest.fixture
def drive() -> Driver:
    return Driver(load("random"))


def test_a_program_with_nothing_but_random_values_starts_no_emulator(
    drive: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("localcloud.emulator.control.ensure", lambda: pytest.fail("started the emulator"))
    assert drive.create(PASSWORD, {"length": 8})[0] == "none"


def test_a_password_keeps_to_its_rules(drive: Driver) -> None:
    asked = {"length": 40, "special": False, "minUpper": 5, "minNumeric": 30}
    for _ in range(20):
        result = drive.create(PASSWORD, asked)[1]["result"]
        assert len(result) == 40
        assert sum(letter in string.ascii_uppercase for letter in result) >= 5
        assert sum(letter in string.digits for letter in result) >= 30
        assert set(result) <= set(string.ascii_letters + string.digits)


def test_a_password_takes_its_special_characters_from_the_override(drive: Driver) -> None:
    asked = {"length": 50, "upper": False, "lower": False, "numeric": False, "overrideSpecial": "_-"}
    assert set(drive.create(PASSWORD, asked)[1]["result"]) == {"_", "-"}


def test_two_passwords_differ(drive: Driver) -> None:
    assert drive.create(PASSWORD, {"length": 32})[1]["result"] != drive.create(PASSWORD, {"length": 32})[1]["result"]


@pytest.mark.parametrize(("token", "outputs"), [(PASSWORD, {"result", "bcryptHash"}), (BYTES, {"hex", "base64"})])
def test_secret_values_are_marked_secret(drive: Driver, token: str, outputs: set[str]) -> None:
    import asyncio

    request = sdk.CreateRequest(drive.urn(token), wrap_map({"length": 8}, set()), 0, False)
    answer = asyncio.run(drive.provider.create(request))
    marked = {key for key, value in answer.properties.items() if value.contains_secret()}
    assert marked == outputs, "a generated secret in plain text would reach the state and the terminal"


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        (PASSWORD, {"length": 12, "keepers": {"rotation": "1"}}),
        ("random:index/randomString:RandomString", {"length": 6}),
        (BYTES, {"length": 64, "keepers": {"rotation": "1"}}),
        (ID, {"byteLength": 4, "prefix": "x-"}),
    ],
)
def test_a_value_stays_and_each_input_replaces_it(drive: Driver, token: str, inputs: dict[str, Any]) -> None:
    asked = drive.check(token, inputs)
    id, state = drive.create(token, asked)
    assert drive.read(token, id, state, asked) == (id, state, asked)
    assert not drive.diff(token, id, state, asked, drive.check(token, inputs, asked)).changes
    for key, value in {**inputs, "keepers": {"rotation": "2"}}.items():
        other = {**asked, key: value if key == "keepers" else None}
        other = {name: item for name, item in other.items() if item is not None}
        difference = drive.diff(token, id, state, asked, other)
        assert difference.replaces == [key], f"a changed {key} makes a new value"


def test_bytes_and_identifiers_agree_in_every_form(drive: Driver) -> None:
    _, state = drive.create(BYTES, {"length": 64})
    assert len(state["hex"]) == 128
    assert base64.b64decode(state["base64"]).hex() == state["hex"]
    id, state = drive.create(ID, {"byteLength": 5, "prefix": "p-"})
    assert state["b64Url"] == f"p-{id}"
    value = bytes.fromhex(state["hex"].removeprefix("p-"))
    assert state["dec"] == f"p-{int.from_bytes(value, 'big')}"
    assert base64.urlsafe_b64encode(value).decode().rstrip("=") == id


@pytest.mark.parametrize(
    ("token", "inputs", "failure"),
    [
        (PASSWORD, {}, ("length", "is missing: give the number of characters, at least 1")),
        (
            PASSWORD,
            {"length": 3, "minUpper": 2, "minLower": 2},
            (
                "length",
                "3 is too short: it must be at least 1 and at least minUpper + minLower + minNumeric + minSpecial, "
                "which is 4",
            ),
        ),
        (
            PASSWORD,
            {"length": 3, "upper": False, "lower": False, "special": False, "numeric": False},
            ("numeric", "is false like upper, lower and special: at least one of the four must be true"),
        ),
        (
            PASSWORD,
            {"length": 3, "number": True, "numeric": False},
            ("number", "differs from numeric, whose old name it is: give numeric only"),
        ),
        (BYTES, {"length": 0}, ("length", "0 is too short: it must be at least 1")),
        (ID, {"byteLength": 0}, ("byteLength", "0 is too short: it must be at least 1")),
    ],
)
def test_inputs_that_make_no_value_are_refused(
    drive: Driver, token: str, inputs: dict[str, Any], failure: tuple[str, str]
) -> None:
    answer = drive.checked(token, inputs)
    assert [(item.property, item.reason) for item in answer.failures or []] == [failure]


def test_a_bcrypt_hash_is_of_the_password(drive: Driver) -> None:
    import localcloud.provider.random as module

    _, state = drive.create(PASSWORD, {"length": 20})
    library: Any = module._crypt_library()
    if library is None or "bcryptHash" not in state:
        pytest.skip("this system's crypt library has no bcrypt")
    check: Callable[..., bytes] = library.crypt
    library.crypt.restype = ctypes.c_char_p
    assert check(state["result"].encode(), state["bcryptHash"].encode()).decode() == state["bcryptHash"]
