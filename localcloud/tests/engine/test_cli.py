"""The command line, on a project whose provider is the fake one."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from rich.console import Console
from ruamel.yaml import YAML

from engine.fake import Cloud, FakeProvider, Lab, Thing
from localcloud import cli
from localcloud.emulator import control
from localcloud.engine.display import Display
from localcloud.engine.secrets import DEFAULT_PASSPHRASE, Crypter, SecretError

PROGRAM = """\
import pulumi
from engine.fake import Thing

config = pulumi.Config()
print("the program speaks")
a = Thing("a", size=config.require_int("size"), token=config.require_secret("token"))
pulumi.export("site", {"url": "https://x.test", "arn": a.arn})
pulumi.export("token", a.token if hasattr(a, "token") else config.require_secret("token"))
"""

PROJECT = """\
name: demo
runtime: python
config:
  size: {type: integer, default: 1}
  token: {type: string, secret: true}
"""


class Shell:
    """Runs commands in one project."""

    def __init__(self, root: Path, capfd: pytest.CaptureFixture[str], cloud: Cloud) -> None:
        self.root = root
        self.cloud = cloud
        self._captured = capfd

    def __call__(self, *arguments: str) -> SimpleNamespace:
        """Run a command; return its code and what it printed."""
        code = cli.main(["--cwd", str(self.root), *arguments])
        out, err = self._captured.readouterr()
        return SimpleNamespace(code=code, out=out, err=err)


@pytest.fixture
def shell(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A project, with an emulator that needn't be there and providers in memory."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "__main__.py").write_text(PROGRAM)
    cloud = Cloud()
    endpoint = SimpleNamespace(url="http://127.0.0.1:9", port=9, pid=1, started="2026-01-01T00:00:00Z")
    monkeypatch.setattr(control, "ensure", lambda: endpoint)
    monkeypatch.setattr(control, "status", lambda: None)
    monkeypatch.setattr(control, "stop", lambda: False)
    monkeypatch.setattr(control, "start", lambda port, access_key: endpoint)
    monkeypatch.setattr("localcloud.provider.load", lambda package: FakeProvider(cloud))
    monkeypatch.delenv("LOCALCLOUD_HOME", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # so that no emulator is started for nothing
    return Shell(tmp_path, capfd, cloud)


def test_up_shows_what_it_made_its_outputs_and_no_secret(shell: Shell) -> None:
    done = shell("up")
    assert done.code == 0
    assert "+ test:Thing  a  created" in done.out
    assert "url  https://x.test" in done.out
    assert "token  [secret]" in done.out
    assert "stand-in-token" not in done.out
    assert "Placeholders for secrets that this stack lacks: demo:token" in done.out
    assert "2 created" in done.out
    assert (shell.root / ".localcloud" / "stacks" / "demo" / "local.json").exists()


def test_preview_with_json_prints_one_document_in_pulumis_shape(shell: Shell) -> None:
    shell("up")
    shell("config", "set", "size", "5")
    done = shell("preview", "--json")
    digest = json.loads(done.out)
    assert digest["changeSummary"] == {"update": 1, "same": 1}
    update = next(step for step in digest["steps"] if step["op"] == "update")
    assert update["urn"] == "urn:pulumi:local::demo::test:index:Thing::a"
    assert (update["oldState"]["inputs"]["size"], update["newState"]["inputs"]["size"]) == (1, 5)
    assert update["detailedDiff"] == {"size": {"kind": "update", "inputDiff": True}}
    assert update["newState"]["inputs"]["token"] == "[secret]"
    assert digest["config"]["demo:token"] == "[secret]"
    assert "the program speaks" in done.err


def test_an_update_shows_old_and_new_value_of_each_property(shell: Shell) -> None:
    shell("up")
    shell("config", "set", "size", "5")
    done = shell("up")
    assert "~ test:Thing  a  updated" in done.out
    assert "~ size: 1 => 5" in done.out


def test_a_changed_secret_is_shown_as_changed_and_no_more(shell: Shell) -> None:
    shell("up")
    shell("config", "set", "--secret", "token", "hush-hush")
    done = shell("preview")
    assert "~ token: [secret] => [secret]" in done.out
    assert "hush-hush" not in done.out + done.err


def test_output_prints_all_or_one(shell: Shell) -> None:
    shell("up")
    assert shell("output", "token").out == "[secret]\n"
    assert shell("output", "token", "--show-secrets").out == "stand-in-token\n"
    assert json.loads(shell("output", "--json").out)["site"]["arn"] == "arn:a-1"
    assert "  url  https://x.test" in shell("output").out
    refused = shell("output", "nothing")
    assert refused.code == 1
    assert refused.err == "error: stack 'local' has no output 'nothing'; it has: site, token\n"


def test_output_of_a_stack_that_is_not_there_says_how_to_make_it(shell: Shell) -> None:
    done = shell("output", "--stack", "prod")
    assert done.code == 1
    assert "Bring it up first: python -m localcloud up --stack prod" in done.err


def test_destroy_deletes_and_says_so(shell: Shell) -> None:
    shell("up")
    done = shell("destroy", "--yes")
    assert done.code == 0
    assert "- test:Thing  a  deleted" in done.out
    assert shell.cloud.things == {}
    assert shell("destroy", "--stack", "other").code == 1


def test_a_wrong_configuration_is_one_message_without_a_traceback(shell: Shell) -> None:
    shell("config", "set", "size", "many")
    done = shell("up")
    assert done.code == 1
    assert done.err == (
        'error: demo:size is "many": a value of type integer is required. '
        "Set it with: python -m localcloud config set demo:size <value> --stack local\n"
    )
    assert "created" not in done.out


def test_config_is_set_got_and_removed(shell: Shell) -> None:
    assert shell("config", "set", "aws:region", "sa-east-1").code == 0
    assert shell("config", "get", "aws:region").out == "sa-east-1\n"
    assert shell("config", "set", "--secret", "token", "hush").code == 0
    assert shell("config", "get", "demo:token").out == "hush\n"
    assert shell("config", "rm", "aws:region").code == 0
    gone = shell("config", "get", "aws:region")
    assert (gone.code, gone.err) == (1, "error: aws:region isn't set in Pulumi.local.yaml\n")
    assert "hush" not in (shell.root / "Pulumi.local.yaml").read_text()


def test_a_program_edited_between_two_ups_of_one_process_is_run_as_it_is_now(shell: Shell) -> None:
    (shell.root / "part_of_program.py").write_text("SIZE = 1\n")
    (shell.root / "__main__.py").write_text(
        "import part_of_program\nfrom engine.fake import Thing\nThing('a', size=part_of_program.SIZE)\n"
    )
    try:
        assert shell("up").code == 0
        (shell.root / "part_of_program.py").write_text("SIZE = 22\n")
        assert "~ size: 1 => 22" in shell("up").out
    finally:
        sys.modules.pop("part_of_program", None)


def test_a_program_that_raises_is_told_with_the_place(shell: Shell) -> None:
    (shell.root / "__main__.py").write_text("x = 1\nraise KeyError('zone')\n")
    done = shell("up")
    assert done.code == 1
    assert "error: the program failed: KeyError: 'zone'\n    __main__.py:2 in <module>" in done.out


@pytest.mark.slow
def test_exec_runs_a_command_with_the_emulators_environment(shell: Shell) -> None:
    script = "import os; print(*(os.environ[k] for k in ('AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_ACCESS_KEY_ID')))"
    done = shell("exec", "--", sys.executable, "-c", script)
    assert (done.code, done.out) == (0, "http://127.0.0.1:9 us-east-1 test\n")


@pytest.mark.slow
def test_exec_gives_the_commands_own_exit_code(shell: Shell) -> None:
    assert shell("exec", "--", sys.executable, "-c", "raise SystemExit(7)").code == 7
    assert shell("exec", "--", "no-such-command").err == "error: there is no command 'no-such-command' on the PATH\n"
    assert shell("exec").err == "error: say what to run: python -m localcloud exec -- aws ecs list-clusters\n"


def test_start_stop_and_status_say_what_they_found(shell: Shell) -> None:
    assert shell("start").out == "the emulator answers at http://127.0.0.1:9 (pid 1)\n"
    assert shell("stop").out == "no emulator runs\n"
    status = shell("status")
    assert (status.code, status.out) == (1, "no emulator runs; start one with: python -m localcloud start\n")


# --- real values, and names ------------------------------------------------------------------------------------------


def _sealed(shell: Shell, stack: str, passphrase: str, value: str) -> None:
    crypter = Crypter(passphrase)
    text = f"encryptionsalt: {crypter.state}\nconfig:\n  token:\n    secure: {crypter.encrypt(value)}\n"
    (shell.root / f"Pulumi.{stack}.yaml").write_text(text)


def test_up_takes_no_real_value_unless_it_is_told_to(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    _sealed(shell, "prod", "its own", "a-real-value")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "its own")
    done = shell("up", "-s", "prod")
    assert done.code == 0
    assert "Placeholders for secrets that this stack lacks: demo:token" in done.out
    assert shell.cloud.things["a-1"]["token"].value == "stand-in-token", "who may ask the emulator would read it"
    assert "Real secrets" not in done.out

    done = shell("up", "-s", "prod", "--real-secrets")
    assert "Real secrets, since they were asked for: demo:token" in done.out
    assert shell.cloud.things["a-1"]["token"].value == "a-real-value"
    state = (shell.root / ".localcloud" / "stacks" / "demo" / "prod.json").read_text()
    assert "a-real-value" not in state


def test_real_values_need_the_passphrase_and_a_state_that_is_sealed_with_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sealed(shell, "prod", "its own", "a-real-value")
    assert shell("up", "-s", "prod").code == 0
    assert "the stack's passphrase isn't given" in shell("up", "-s", "prod", "--real-secrets").err
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "its own")
    refused = shell("up", "-s", "prod", "--real-secrets")
    assert refused.code == 1
    assert "is sealed with the local cloud's passphrase, which everybody knows" in refused.err


def test_what_is_sealed_for_everybody_is_opened_for_the_local_stack_alone(shell: Shell) -> None:
    for stack in ("local", "prod"):
        _sealed(shell, stack, DEFAULT_PASSPHRASE, "a-value")
    assert "Placeholders" not in shell("up").out
    assert "Placeholders for secrets that this stack lacks: demo:token" in shell("up", "-s", "prod").out


def test_a_secret_of_another_stack_is_sealed_with_its_own_passphrase_or_not_at_all(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = shell.root / "Pulumi.prod.yaml"
    monkeypatch.setattr("sys.stdin", io.StringIO("hush\n"))
    refused = shell("config", "set", "--secret", "-s", "prod", "token")
    assert refused.code == 1
    assert "the local cloud's protects nothing. Set PULUMI_CONFIG_PASSPHRASE" in refused.err
    assert not file.exists()

    (tmp_path / "passphrase").write_text("its own\n")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    monkeypatch.setattr("sys.stdin", io.StringIO("hush\n"))
    assert shell("config", "set", "--secret", "-s", "prod", "token").code == 0
    salt = str(YAML(typ="safe").load(file)["encryptionsalt"])
    with pytest.raises(SecretError):
        Crypter(DEFAULT_PASSPHRASE, salt)
    assert shell("config", "get", "-s", "prod", "token").out == "hush\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("secretsprovider: awskms://alias/x\n", "awskms://alias/x seals this stack's secrets, not a passphrase"),
        (f"encryptionsalt: {Crypter(DEFAULT_PASSPHRASE).state}\n", "which everybody knows"),
    ],
    ids=["another provider", "a passphrase that everybody knows"],
)
def test_a_secret_is_not_sealed_over_what_seals_the_stacks_already(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    file = shell.root / "Pulumi.prod.yaml"
    file.write_text(text)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "its own")
    refused = shell("config", "set", "--secret", "-s", "prod", "token", "hush")
    assert refused.code == 1
    assert said in refused.err
    assert file.read_text() == text


def test_a_secret_is_asked_for_without_showing_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "hush" if "token" in prompt else "its own"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", answer)
    assert shell("config", "set", "--secret", "-s", "prod", "token").code == 0
    assert asked == ["Passphrase of stack 'prod': ", "Again: ", "demo:token: "]
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "its own")
    assert shell("config", "get", "-s", "prod", "token").out == "hush\n"


@pytest.mark.parametrize("name", ["../x", "..", ".hidden", "a/b", "local;id", "$(id)", "a b", "-x", "", "x" * 101, "é"])
@pytest.mark.parametrize("command", [["up"], ["output"], ["destroy"], ["config", "set", "size", "1"]])
def test_a_stack_is_a_name_and_no_path(shell: Shell, command: list[str], name: str) -> None:
    before = sorted(shell.root.parent.rglob("*"))
    done = shell(command[0], *command[1:2], f"--stack={name}", *command[2:])
    assert done.code == 1
    assert done.err.startswith(f"error: the stack is called {name!r}; allowed are up to 100 letters")
    made = set(shell.root.parent.rglob("*")) - set(before)
    assert {path.name for path in made} <= {".localcloud"}


def test_a_project_is_a_name_and_no_path(shell: Shell) -> None:
    (shell.root / "Pulumi.yaml").write_text("name: ../../x\nruntime: python\n")
    assert "error: the project is called '../../x'; allowed are" in shell("up").err


def test_what_a_provider_or_a_program_says_is_shown_inert(shell: Shell) -> None:
    (shell.root / "__main__.py").write_text(
        "import pulumi\nfrom engine.fake import Thing\nThing('a\\x1b[2J', size=1)\n"
        "pulumi.log.warn('fine\\n::add-mask::x\\x1b]0;title')\n"
        "pulumi.export('url', 'https://x\\u202egnp.exe')\nraise ValueError('\\x1b[31m\\n::error::x')\n"
    )
    done = shell("up")
    for text in (done.out, done.err):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "\\x1b[31m" in done.out


# --- the display -----------------------------------------------------------------------------------------------------


def _shown(lab: Lab, before: Any, after: Any) -> str:  # noqa: ANN401 - programs
    lab.stack(before).up()
    console = Console(width=200, record=True, file=open("/dev/null", "w"), highlight=False)  # noqa: SIM115
    display = Display(console, "up", "dev")
    with display:
        result = lab.stack(after).up(display)
    display.summary(result)
    return console.export_text()


def test_a_replacement_names_the_property_that_forces_it(lab: Lab) -> None:
    shown = _shown(lab, lambda: Thing("a", force="x") and None, lambda: Thing("a", force="y") and None)
    assert "± test:Thing  a  replaced  because of force" in shown
    assert '~ force: "x" => "y"  (forces the replacement)' in shown


def test_inside_a_json_document_only_what_differs_is_shown(lab: Lab) -> None:
    def document(image: str) -> str:
        return json.dumps([{"name": "api", "image": image, "environment": [{"name": "A", "value": "1"}] * 50}])

    shown = _shown(
        lab, lambda: Thing("a", doc=document("v1")) and None, lambda: Thing("a", doc=document("v2")) and None
    )
    assert '[0].image: "v1" => "v2"' in shown
    assert "environment" not in shown


def test_of_many_outputs_those_that_say_what_stands_where_are_shown(lab: Lab) -> None:
    facts = {f"fact{number}": {"rotation": number} for number in range(20)}

    def program() -> None:
        pulumi.export("system", {"database": "db:5432", "urls": {"API_URL": "https://api.x"}, "facts": facts})
        pulumi.export("servers", ["ns-1", "ns-2"])
        pulumi.export("cluster", "main")

    shown = _shown(lab, lambda: None, program)
    for line in ("cluster  main", "database  db:5432", "API_URL  https://api.x"):
        assert line in shown
    assert "fact0" not in shown and "ns-1" not in shown
    assert "  all 49 lines of them: python -m localcloud output --stack dev\n" in shown.replace(
        ".venv/bin/python", "python"
    )


def test_the_services_that_restart_are_named(lab: Lab) -> None:
    def program(definition: str) -> None:
        pulumi.CustomResource("aws:ecs/service:Service", "api", {"taskDefinition": definition})

    lab_providers = {"aws": lambda: FakeProvider(lab.cloud)}
    lab.stack(lambda: program("one"), providers=lab_providers).up()
    console = Console(width=200, record=True, file=open("/dev/null", "w"), highlight=False)  # noqa: SIM115
    display = Display(console, "up", "dev")
    with display:
        result = lab.stack(lambda: program("two"), providers=lab_providers).up(display)
    display.summary(result)
    assert "ECS services that restarted: api" in console.export_text()


def test_a_failed_step_is_marked_and_its_reason_stands_at_the_end(lab: Lab) -> None:
    shown = _shown(lab, lambda: None, lambda: Thing("a", fail="create") and None)
    assert "✗ test:Thing  a  failed" in shown
    assert "error: creating test:index:Thing 'a': create of a was refused" in shown
