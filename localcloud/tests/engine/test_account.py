"""An emulator that was started anew has forgotten what a stack had in it."""

import os
from types import SimpleNamespace

import pulumi
import pytest

from engine.fake import FakeProvider, Lab, Thing
from localcloud.emulator import control, keys
from localcloud.engine import Stack


def _program() -> None:
    thing = Thing("kept", size=1)
    bucket = pulumi.CustomResource("aws:s3/bucket:Bucket", "bucket", {"of": thing.arn, "arn": None})
    Thing("dependent", pulumi.ResourceOptions(depends_on=[bucket]), size=1)


def _stack(lab: Lab) -> Stack:
    fake = lambda: FakeProvider(lab.cloud)  # noqa: E731 - two of the same
    stack = lab.stack(_program, providers={"test": fake, "aws": fake})
    stack.on_emulator = True
    return stack


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The emulator that answers; change `started` to start it anew."""
    endpoint = SimpleNamespace(pid=7, started="2026-01-01T00:00:00+00:00", url="http://127.0.0.1:9")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(control, "ensure", lambda: endpoint)
    monkeypatch.setattr(control, "key_for", lambda url: keys.Key("key-of-this-run", "its-secret"))
    return endpoint


def test_the_same_emulator_has_what_it_had(lab: Lab, emulator: SimpleNamespace) -> None:
    _stack(lab).up()
    assert _stack(lab).up().changes == ()


def test_what_was_in_a_lost_account_is_made_again_and_the_rest_stays(lab: Lab, emulator: SimpleNamespace) -> None:
    _stack(lab).up()
    emulator.started = "2026-01-02T00:00:00+00:00"
    preview = _stack(lab).preview()
    assert [(s.op, s.name) for s in preview.changes] == [("create", "bucket")]
    result = _stack(lab).up()
    assert result.ok, result.errors
    assert [(s.op, s.name) for s in result.changes] == [("create", "bucket")]
    assert [d.message for d in result.diagnostics] == [
        "the emulator was restarted since the last run and holds nothing of this stack: 1 resources are gone"
    ]
    assert _stack(lab).up().changes == ()


def test_a_destroy_after_the_loss_needs_nothing_of_what_is_gone(lab: Lab, emulator: SimpleNamespace) -> None:
    _stack(lab).up()
    emulator.started = "2026-01-02T00:00:00+00:00"
    lab.cloud.calls.clear()
    assert _stack(lab).destroy().ok
    assert "bucket" not in lab.cloud.names("delete")
    assert _stack(lab).resources() == []


def test_another_endpoint_is_nobodys_business(
    lab: Lab, emulator: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stack(lab).up()
    emulator.started = "2026-01-02T00:00:00+00:00"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert _stack(lab).up().changes == ()


def test_a_program_reaches_the_emulator_and_no_account_of_a_persons_own(
    lab: Lab, emulator: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str | None] = {}

    def look(_args: pulumi.ResourceHookArgs) -> None:
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            seen[name] = os.environ.get(name)

    def program() -> None:
        hook = pulumi.ResourceHook("look", look)
        Thing("a", pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[hook])), size=1)

    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    stack = lab.stack(program)
    stack.on_emulator = True
    assert stack.up().ok
    assert seen == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "key-of-this-run",
        "AWS_PROFILE": None,
        "AWS_SESSION_TOKEN": None,
    }, "a hook that reached a real account would change it"
    assert os.environ["AWS_PROFILE"] == "production"
    assert "AWS_ENDPOINT_URL" not in os.environ
