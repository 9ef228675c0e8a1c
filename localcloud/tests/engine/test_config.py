"""Configuration: the project's schema, the stack's file, secrets and placeholders."""

import base64
from pathlib import Path

import pytest

from localcloud.engine import ConfigError, Project, ProjectFile
from localcloud.engine.config import Config, StackFile, resolve
from localcloud.engine.secrets import Crypter

SCHEMA = """\
name: demo
runtime: python
config:
  cidr:
    type: string
    description: The address range of the VPC.
    default: 10.0.0.0/16
  zones:
    type: integer
  hosts:
    type: array
    items: {type: string}
    default: [a.test]
  deep:
    type: object
    default: {}
  token:
    type: string
    secret: true
    description: What opens the door.
  aprendeai:release:
    description: the tag
    value: ""
  equivalence:LLM_API_KEY:
    secret: true
    value: ""
"""


def _resolve(root: Path, stack_file: str | None = None, schema: str = SCHEMA, **options: object) -> Config:
    (root / "Pulumi.yaml").write_text(schema)
    if stack_file is not None:
        (root / "Pulumi.dev.yaml").write_text(stack_file)
    return resolve(ProjectFile.load(root), "dev", **options)  # type: ignore[arg-type]


def test_defaults_and_values_fill_in_what_the_stack_lacks(tmp_path: Path) -> None:
    config = _resolve(tmp_path, "config: {zones: 3}")
    assert config.values["demo:cidr"] == "10.0.0.0/16"
    assert config.values["demo:zones"] == "3"
    assert config.values["demo:hosts"] == '["a.test"]'
    assert config.values["demo:deep"] == "{}"
    assert config.values["aprendeai:release"] == ""


def test_the_stack_file_counts_more_than_the_schema(tmp_path: Path) -> None:
    config = _resolve(tmp_path, "config:\n  demo:cidr: 10.9.0.0/16\n  zones: '2'\n  aprendeai:release: v1\n")
    assert config.values["demo:cidr"] == "10.9.0.0/16"
    assert config.values["demo:zones"] == "2"
    assert config.values["aprendeai:release"] == "v1"


def test_scalars_and_objects_reach_the_program_as_the_sdk_expects_them(tmp_path: Path) -> None:
    """The texts are what the official CLI 3.260 gives a program for the same file."""
    config = _resolve(
        tmp_path,
        "config: {zones: 1, x:flag: true, x:f: 1.5, x:n: 5.0, x:o: {c: 1.0, a: [1, two, {b: false}]}, x:s: '007', "
        "x:big: 12345678901234567890, x:e: 1e3, x:null: null, x:empty: ''}",
    )
    assert {key: value for key, value in config.values.items() if key.startswith("x:")} == {
        "x:flag": "true",
        "x:f": "1.5",
        "x:n": "5",
        "x:o": '{"a":[1,"two",{"b":false}],"c":1}',
        "x:s": "007",
        "x:big": "12345678901234567890",
        "x:e": "1000",
        "x:null": "",
        "x:empty": "",
    }


def test_a_missing_key_is_named_with_its_type_and_the_command_that_mends_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        _resolve(tmp_path, "config: {}")
    assert str(refusal.value) == (
        "demo:zones is missing: a value of type integer is required. "
        "Set it with: python -m localcloud config set demo:zones <value> --stack dev"
    )


def test_a_value_of_the_wrong_type_is_shown_with_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        _resolve(tmp_path, "config: {zones: three, hosts: a.test}")
    assert str(refusal.value).splitlines() == [
        'demo:hosts is "a.test": a value of type array<string> is required. '
        "Set it with: python -m localcloud config set demo:hosts <value> --stack dev",
        'demo:zones is "three": a value of type integer is required. '
        "Set it with: python -m localcloud config set demo:zones <value> --stack dev",
    ]


def test_a_secret_in_plain_text_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        _resolve(tmp_path, "config: {zones: 1, token: oops-in-the-clear}")
    assert str(refusal.value) == (
        "demo:token is secret, but the stack has it in plain text. "
        "Set it with: python -m localcloud config set --secret demo:token <value> --stack dev"
    )


@pytest.mark.parametrize(
    ("value", "type_", "fits"),
    [
        ("5", "integer", True),
        ("5.0", "integer", True),
        ("5.5", "integer", False),
        ("'5'", "integer", True),
        ("'-5'", "integer", True),
        ("five", "integer", False),
        ("true", "integer", False),
        ("true", "boolean", True),
        ("'true'", "boolean", True),
        ("'yes'", "boolean", False),
        ("{a: 1}", "object", True),
        ("[1]", "object", False),
        ("x", "string", True),
    ],
)
def test_types_are_those_of_the_official_engine(tmp_path: Path, value: str, type_: str, fits: bool) -> None:
    schema = f"name: p\nconfig:\n  k: {{type: {type_}}}\n"
    if fits:
        _resolve(tmp_path, f"config: {{k: {value}}}", schema)
    else:
        with pytest.raises(ConfigError, match="p:k is "):
            _resolve(tmp_path, f"config: {{k: {value}}}", schema)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("k: {default: 1, value: 2}", "has both a default and a value; one of them is allowed"),
        ("k: {type: number}", "has the type 'number'; allowed are string, integer, boolean, object, array"),
        ("k: {type: array}", "is an array without `items`, which says the type of its elements"),
        ("k: {type: integer, default: x}", 'has the default "x", which isn\'t of its type integer'),
        (
            "k: {typ: string}",
            "has the attribute 'typ'; allowed are type, description, items, default, value and secret",
        ),
        ("o:k: {type: string}", "isn't in the project's namespace and can't have a type"),
        ("o:k: {default: x}", "isn't in the project's namespace: write `value` instead of `default`"),
        ("o:k: {description: x}", "isn't in the project's namespace and needs a `value`"),
    ],
)
def test_a_wrong_schema_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        _resolve(tmp_path, "config: {}", f"name: p\nconfig:\n  {entry}\n")
    key = entry.partition(": ")[0]
    assert str(refusal.value) == f"Pulumi.yaml: config key {key!r} {message}"


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_secure_value_is_opened_with_the_passphrase(tmp_path: Path) -> None:
    crypter = Crypter("open sesame")
    file = f"encryptionsalt: {crypter.state}\nconfig:\n  zones: 1\n  token:\n    secure: {crypter.encrypt('hush')}\n"
    config = _resolve(tmp_path, file, passphrase="open sesame")
    assert config.values["demo:token"] == "hush"
    assert config.secrets >= {"demo:token"}
    assert "demo:token" not in config.placeholder_secrets


def test_a_value_that_the_official_cli_encrypted_is_opened(tmp_path: Path) -> None:
    file = (
        "encryptionsalt: v1:K0AYavZ5FG4=:v1:Z2g8t4uMEfOTFLbj:Pq3jaydA/wUlJT8K1Ijxdf/FsVjoSw==\n"
        "config:\n  zones: 1\n  demo:token:\n    secure: v1:IpB6OQR7GT2chsB1:66Ft73JfTns8fSCF1lFmqHwL2Q==\n"
    )
    config = _resolve(tmp_path, file, passphrase="x")
    assert config.values["demo:token"] == "abc"


def test_what_is_sealed_has_the_form_that_the_official_cli_opens() -> None:
    crypter = Crypter("p")
    version, salt, *proof = crypter.state.split(":")
    assert (version, len(base64.b64decode(salt))) == ("v1", 8)
    for sealed in (":".join(proof), crypter.encrypt("hush")):
        version, nonce, text = sealed.split(":")
        assert (version, len(base64.b64decode(nonce))) == ("v1", 12), "Go's AES-GCM takes no other nonce"
        assert len(base64.b64decode(text)) == len(crypter.decrypt(sealed)) + 16, "the text and GCM's tag"
    assert Crypter("p", crypter.state).decrypt(crypter.encrypt("hush")) == "hush"


def test_an_object_with_a_secure_part_is_secret(tmp_path: Path) -> None:
    crypter = Crypter("p")
    file = (
        f"encryptionsalt: {crypter.state}\nconfig:\n  zones: 1\n"
        f"  x:o: {{a: 1, b: {{secure: '{crypter.encrypt('hush')}'}}}}\n"
    )
    config = _resolve(tmp_path, file, passphrase="p")
    assert config.values["x:o"] == '{"a":1,"b":"hush"}'
    assert "x:o" in config.secrets


def test_secrets_that_are_not_there_get_placeholders_which_are_named(tmp_path: Path) -> None:
    config = _resolve(tmp_path, "config: {zones: 1}")
    assert config.values["equivalence:LLM_API_KEY"] == "stand-in-LLM_API_KEY"
    assert config.values["demo:token"] == "stand-in-token"
    assert config.placeholder_secrets == ["demo:token", "equivalence:LLM_API_KEY"]
    assert config.secrets == {"demo:token", "equivalence:LLM_API_KEY"}


def test_a_secure_value_without_a_passphrase_gets_a_placeholder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE", raising=False)
    crypter = Crypter("someone's own")
    file = f"encryptionsalt: {crypter.state}\nconfig:\n  zones: 1\n  token:\n    secure: {crypter.encrypt('hush')}\n"
    config = _resolve(tmp_path, file)
    assert config.values["demo:token"] == "stand-in-token"
    assert "demo:token" in config.placeholder_secrets


def test_a_wrong_passphrase_is_an_error(tmp_path: Path) -> None:
    file = f"encryptionsalt: {Crypter('right').state}\nconfig: {{zones: 1}}\n"
    with pytest.raises(ConfigError, match="the passphrase isn't the one that the secrets were encrypted with"):
        _resolve(tmp_path, file, passphrase="wrong")


def test_overrides_count_more_than_the_file_and_none_takes_away(tmp_path: Path) -> None:
    config = _resolve(
        tmp_path,
        "config: {zones: 1, cidr: 10.1.0.0/16}",
        overrides={"zones": 2, "demo:cidr": None},
        secrets={"token": "given"},
    )
    assert config.values["demo:zones"] == "2"
    assert config.values["demo:cidr"] == "10.0.0.0/16"
    assert config.values["demo:token"] == "given"
    assert config.secrets >= {"demo:token"}


def test_a_folder_without_a_project_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        Project(tmp_path)
    assert str(refusal.value) == (
        f"{tmp_path} has no Pulumi.yaml. Run this from the project's folder, or name it with --cwd"
    )


# --- editing ---------------------------------------------------------------------------------------------------------

COMMENTED = """\
# What a person edits.
config:
  demo:cidr: 10.1.0.0/16 # ours
  # how many
  demo:zones: 3
  x:hosts:
    - b.test # first
    - a.test
"""


def _edit(root: Path) -> StackFile:
    (root / "Pulumi.yaml").write_text(SCHEMA)
    (root / "Pulumi.dev.yaml").write_text(COMMENTED)
    return StackFile(ProjectFile.load(root), "dev")


def test_setting_a_value_keeps_comments_and_order(tmp_path: Path) -> None:
    file = _edit(tmp_path)
    file.set("zones", "2")
    file.set("aprendeai:release", "v2")
    file.save()
    expected = COMMENTED.replace("demo:zones: 3", "demo:zones: '2'") + "  aprendeai:release: v2\n"
    assert (tmp_path / "Pulumi.dev.yaml").read_text() == expected


def test_removing_a_value_keeps_the_rest(tmp_path: Path) -> None:
    file = _edit(tmp_path)
    assert file.remove("x:hosts")
    assert not file.remove("x:hosts")
    file.save()
    assert "hosts" not in (tmp_path / "Pulumi.dev.yaml").read_text()
    assert "# how many" in (tmp_path / "Pulumi.dev.yaml").read_text()


def test_a_secret_is_written_encrypted_and_read_back(tmp_path: Path) -> None:
    _edit(tmp_path)
    file = StackFile(ProjectFile.load(tmp_path), "dev", "its own")
    file.set("token", "hush", secret=True)
    file.save()
    text = (tmp_path / "Pulumi.dev.yaml").read_text()
    assert "hush" not in text
    assert "encryptionsalt: v1:" in text
    assert "secure: v1:" in text
    again = StackFile(ProjectFile.load(tmp_path), "dev", "its own")
    assert again.get("token") == "hush"
    assert resolve(ProjectFile.load(tmp_path), "dev", passphrase="its own").values["demo:token"] == "hush"


def test_a_secret_key_is_not_written_in_plain_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        _edit(tmp_path).set("token", "hush")
    assert str(refusal.value) == (
        "demo:token is secret: python -m localcloud config set --secret demo:token <value> --stack dev"
    )
