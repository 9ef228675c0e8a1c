"""Configuration: `Pulumi.yaml` with its schema, `Pulumi.<stack>.yaml`, and what a program is given of them.

The rules are those of the official engine
(https://www.pulumi.com/docs/iac/concepts/projects/project-file/#config-options and
https://github.com/pulumi/pulumi/blob/master/pkg/workspace/config.go), and one more that only the local cloud has:
a secret that the stack file lacks gets a placeholder, so that any stack runs without credentials.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from localcloud.engine.secrets import DEFAULT_PASSPHRASE, Crypter, SecretError, passphrase_given, unlock
from localcloud.names import checked

#: The stack of the local cloud: what is sealed in its file is sealed with the published passphrase, and isn't real.
LOCAL_STACK = "local"


class ConfigError(Exception):
    """All that is wrong with a configuration, each with its key, its value, what is allowed and how to mend it."""


@dataclass(frozen=True)
class SchemaKey:
    """What `Pulumi.yaml` says of one key."""

    key: str
    type: str | None = None
    items: Mapping[str, Any] | None = None
    description: str = ""
    default: Any = None
    value: Any = None
    secret: bool = False

    def type_name(self) -> str:
        """Return the type as the official engine names it, `array<string>` for example."""
        return _type_name(self.type or "string", self.items)


@dataclass(frozen=True)
class ProjectFile:
    """`Pulumi.yaml`."""

    root: Path
    name: str
    main: str = ""
    schema: tuple[SchemaKey, ...] = ()
    stack_config_dir: str = ""
    backend: str = ""

    @classmethod
    def load(cls, root: Path) -> "ProjectFile":
        """Read and check `Pulumi.yaml` of a folder.

        Raises:
            ConfigError: there is none, or its schema is wrong.
        """
        path = root / "Pulumi.yaml"
        if not path.exists():
            raise ConfigError(f"{root} has no Pulumi.yaml. Run this from the project's folder, or name it with --cwd")
        raw = _load_yaml(path)
        name = raw.get("name")
        if not name:
            raise ConfigError(f"{path} has no name. Add a line such as `name: shop`")
        schema = tuple(_schema_key(str(name), str(key), value) for key, value in (raw.get("config") or {}).items())
        return cls(
            root=root,
            name=checked("project", str(name)),
            main=str(raw.get("main") or ""),
            schema=schema,
            stack_config_dir=str(raw.get("stackConfigDir") or ""),
            backend=str((raw.get("backend") or {}).get("url") or ""),
        )

    @property
    def program(self) -> Path:
        """The file that is the program."""
        main = self.root / self.main if self.main else self.root
        return main / "__main__.py" if main.is_dir() else main

    def stack_file(self, stack: str) -> Path:
        """Return the path of a stack's configuration file, which needn't exist."""
        return self.root / self.stack_config_dir / f"Pulumi.{checked('stack', stack)}.yaml"

    def full_key(self, key: str) -> str:
        """Return a key with its namespace; a bare one is the project's."""
        return key if ":" in key else f"{self.name}:{key}"


@dataclass
class Config:
    """The values that a program gets.

    Attributes:
        values: text by full key; an object is JSON text, as the SDK expects it.
        secrets: the keys whose values are secret.
        placeholder_secrets: keys that got a placeholder, for a secret that isn't there or wasn't asked for.
        real_secrets: keys whose values were sealed with the stack's own passphrase, and are opened.
    """

    values: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    placeholder_secrets: list[str] = field(default_factory=list)
    real_secrets: list[str] = field(default_factory=list)


def placeholder(key: str) -> str:
    """Return the placeholder of a secret key: `stand-in-<KEY>`, without the namespace."""
    return f"stand-in-{key.rpartition(':')[2]}"


def resolve(
    project: ProjectFile,
    stack: str,
    *,
    overrides: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    passphrase: str | None = None,
    real_secrets: bool = False,
) -> Config:
    """Work out the configuration of a stack.

    What is sealed in the stack's file gets a placeholder, so that nothing real comes into an account that isn't: also
    where a passphrase is in the environment. Only what the stack of the local cloud has is opened, where it is sealed
    with the published passphrase.

    Args:
        project: the project.
        stack: the stack's name; its file needn't exist when the schema gives all values.
        overrides: values that count more than the stack file's, by bare or full key; None takes the key away.
        secrets: the same, for secret values.
        passphrase: opens `secure:` values whatever the stack.
        real_secrets: opens them with the passphrase of the environment.

    Raises:
        ConfigError: every mistake at once.
    """
    path = project.stack_file(stack)
    raw = _load_yaml(path) if path.exists() else {}
    given = {project.full_key(str(key)): value for key, value in (raw.get("config") or {}).items()}
    for key, value in (overrides or {}).items():
        if value is None:
            given.pop(project.full_key(key), None)
        else:
            given[project.full_key(key)] = value
    plain_secrets = {project.full_key(key): value for key, value in (secrets or {}).items()}

    config = Config()
    crypter = _opening_crypter(raw.get("encryptionsalt"), stack, passphrase, path, real_secrets)
    mend = f"--stack {stack}"
    problems: list[str] = []

    for key, value in given.items():
        if key in plain_secrets:
            continue
        opened, secure, unreadable = _open(value, crypter)
        if unreadable:
            config.values[key] = placeholder(key)
            config.placeholder_secrets.append(key)
            config.secrets.add(key)
            continue
        config.values[key] = opened if isinstance(opened, str) else _text(opened)
        if secure:
            config.secrets.add(key)
            if crypter is not None and not crypter.published:
                config.real_secrets.append(key)
    for key, value in plain_secrets.items():
        config.values[key] = value
        config.secrets.add(key)

    for entry in sorted(project.schema, key=lambda item: item.key):
        key = project.full_key(entry.key)
        if key not in config.values:
            problem = _fill_in(config, entry, key, mend)
            if problem:
                problems.append(problem)
            continue
        problem = _check(config, entry, key, given.get(key), mend)
        if problem:
            problems.append(problem)
    config.placeholder_secrets.sort()
    config.real_secrets.sort()
    if problems:
        raise ConfigError("\n".join(problems))
    return config


def _fill_in(config: Config, entry: SchemaKey, key: str, mend: str) -> str | None:
    """Give a key that the stack lacks its default, value or placeholder; return what is wrong instead."""
    provided = entry.default if entry.default is not None else entry.value
    if entry.secret and provided in (None, ""):
        config.values[key] = placeholder(key)
        config.secrets.add(key)
        config.placeholder_secrets.append(key)
        return None
    if provided is None:
        flag = "--secret " if entry.secret else ""
        return (
            f"{key} is missing: a value of type {entry.type_name()} is required"
            f"{f' ({entry.description.rstrip(chr(46))})' if entry.description else ''}. "
            f"Set it with: python -m localcloud config set {flag}{key} <value> {mend}"
        )
    config.values[key] = _text(provided)
    return None


def _check(config: Config, entry: SchemaKey, key: str, given: Any, mend: str) -> str | None:  # noqa: ANN401
    """Return what is wrong with a key that has a value."""
    value = config.values[key]
    secret = key in config.secrets
    if entry.secret and not secret:
        return (
            f"{key} is secret, but the stack has it in plain text. "
            f"Set it with: python -m localcloud config set --secret {key} <value> {mend}"
        )
    if entry.type is None or key in config.placeholder_secrets:
        return None
    content: Any = value
    if isinstance(given, (Mapping, list)) and not _is_secure(given):
        content = json.loads(value)
    if _matches(entry.type, entry.items, content):
        return None
    shown = "[secret]" if secret else json.dumps(content)
    return (
        f"{key} is {shown}: a value of type {entry.type_name()} is required. "
        f"Set it with: python -m localcloud config set {'--secret ' if secret else ''}{key} <value> {mend}"
    )


def _opening_crypter(
    salt: Any,  # noqa: ANN401 - as the file has it
    stack: str,
    passphrase: str | None,
    path: Path,
    real_secrets: bool,
) -> Crypter | None:
    """Return what opens the stack's `secure:` values for a run; None where they get placeholders."""
    if real_secrets and passphrase_given(passphrase) is None:
        raise ConfigError(
            f"{path}: the real secrets are asked for, and the stack's passphrase isn't given. Set "
            "PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"
        )
    if real_secrets or passphrase is not None:
        return _crypter(salt, passphrase, path)
    if salt and stack == LOCAL_STACK:
        with suppress(SecretError):
            return Crypter(DEFAULT_PASSPHRASE, str(salt))
    return None


def _crypter(salt: Any, passphrase: str | None, path: Path) -> Crypter | None:  # noqa: ANN401
    """Return what opens the stack's `secure:` values; None when no passphrase is given and ours isn't it."""
    if not salt:
        return None
    explicit = passphrase_given(passphrase)
    try:
        return unlock(explicit, str(salt))
    except SecretError as error:
        if explicit is None:
            return None
        raise ConfigError(f"{path}: {error}. Set PULUMI_CONFIG_PASSPHRASE to the stack's own, or unset it") from None


def _is_secure(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, Mapping) and list(value) == ["secure"]


def _open(value: Any, crypter: Crypter | None) -> tuple[Any, bool, bool]:  # noqa: ANN401
    """Open what is secure in a value; return it, whether anything was, and whether something can't be opened."""
    if _is_secure(value):
        if crypter is None:
            return None, True, True
        return crypter.decrypt(str(value["secure"])), True, False
    if isinstance(value, Mapping):
        parts = {str(key): _open(item, crypter) for key, item in value.items()}
        secure = any(part[1] for part in parts.values())
        return {key: part[0] for key, part in parts.items()}, secure, any(part[2] for part in parts.values())
    if isinstance(value, list):
        items = [_open(item, crypter) for item in value]
        return [item[0] for item in items], any(item[1] for item in items), any(item[2] for item in items)
    return _plain(value), False, False


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a scalar of ruamel's own type as Python's; a whole number has no fraction in the official engine."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    for kind in (bool, int, str):
        if isinstance(value, kind):
            return kind(value)
    return None if value is None else str(value)


def _text(value: Any) -> str:  # noqa: ANN401
    """Return the text that the SDK gets for a value: scalars as written in YAML, objects as JSON."""
    value = _open(value, None)[0]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def _matches(type_: str, items: Mapping[str, Any] | None, value: Any) -> bool:  # noqa: ANN401
    """Tell whether a value is of a type, by the official engine's rules (ValidateConfigValue)."""
    if type_ == "string":
        return isinstance(value, str)
    if type_ == "integer":
        if isinstance(value, str):
            return value.lstrip("+-").isdigit() and value.isascii()
        return (isinstance(value, int) and not isinstance(value, bool)) or (
            isinstance(value, float) and value == int(value)
        )
    if type_ == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if type_ == "object":
        return isinstance(value, Mapping)
    if not isinstance(value, list) or not items:
        return False
    return all(_matches(str(items.get("type")), items.get("items"), item) for item in value)


def _type_name(type_: str, items: Mapping[str, Any] | None) -> str:
    return f"array<{_type_name(str(items.get('type')), items.get('items'))}>" if items else type_


_TYPES = ("string", "integer", "boolean", "object", "array")


def _schema_key(project: str, key: str, raw: Any) -> SchemaKey:  # noqa: ANN401
    """Read one key of the schema, by the official engine's rules (Project.Validate)."""
    where = f"Pulumi.yaml: config key {key!r}"
    if not isinstance(raw, Mapping):
        # `key: value` is short for `key: {default: value}` of the project's own keys, and for `value` elsewhere.
        raw = {"default" if ":" not in key or key.startswith(f"{project}:") else "value": raw}
    unknown = sorted(set(raw) - {"type", "description", "items", "default", "value", "secret"})
    if unknown:
        raise ConfigError(
            f"{where} has the attribute {unknown[0]!r}; allowed are type, description, items, default, value and secret"
        )
    entry = SchemaKey(
        key=key,
        type=raw.get("type"),
        items=raw.get("items"),
        description=str(raw.get("description") or ""),
        default=raw.get("default"),
        value=raw.get("value"),
        secret=bool(raw.get("secret")),
    )
    if entry.default is not None and entry.value is not None:
        raise ConfigError(f"{where} has both a default and a value; one of them is allowed")
    if entry.type is not None and entry.type not in _TYPES:
        raise ConfigError(f"{where} has the type {entry.type!r}; allowed are {', '.join(_TYPES)}")
    if ":" in key and not key.startswith(f"{project}:"):
        if entry.type is not None:
            raise ConfigError(f"{where} isn't in the project's namespace and can't have a type")
        if entry.default is not None:
            raise ConfigError(f"{where} isn't in the project's namespace: write `value` instead of `default`")
        if entry.value is None:
            raise ConfigError(f"{where} isn't in the project's namespace and needs a `value`")
        return entry
    if entry.type == "array" and not entry.items:
        raise ConfigError(f"{where} is an array without `items`, which says the type of its elements")
    if entry.type is not None and entry.default is not None:
        content = _open(entry.default, None)[0]
        if not _matches(entry.type, entry.items, content):
            raise ConfigError(
                f"{where} has the default {json.dumps(content)}, which isn't of its type {entry.type_name()}"
            )
    return entry


# --- editing ---------------------------------------------------------------------------------------------------------


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096  # a long value isn't folded: Pulumi doesn't either
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _load_yaml(path: Path) -> Any:  # noqa: ANN401 - ruamel's own tree
    try:
        raw = _yaml().load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise ConfigError(f"{path} isn't valid YAML: {error}") from None
    if raw is None:
        return CommentedMap()
    if not isinstance(raw, Mapping):
        raise ConfigError(f"{path} has to be a mapping of keys to values")
    return raw


def secrets_service(project: ProjectFile, stack: str) -> str | None:
    """Return what seals a stack's secrets in place of a passphrase, such as a key of KMS; None where nothing does."""
    path = project.stack_file(stack)
    return _service(_load_yaml(path)) if path.exists() else None


def _service(raw: Mapping[str, Any]) -> str | None:
    """https://www.pulumi.com/docs/iac/concepts/secrets/#available-encryption-providers."""
    provider = str(raw.get("secretsprovider") or "")
    return provider if provider not in ("", "default", "passphrase") else None


class StackFile:
    """A stack's configuration file, edited in place: comments and order stay."""

    def __init__(self, project: ProjectFile, stack: str, passphrase: str | None = None) -> None:
        """Read the file; one that isn't there is empty."""
        self._project = project
        self._stack = stack
        self._path = project.stack_file(stack)
        self._raw = _load_yaml(self._path) if self._path.exists() else CommentedMap()
        self._passphrase = passphrase

    def get(self, key: str) -> str | None:
        """Return the text of a key, opened when it is secure, or None.

        Raises:
            ConfigError: it can't be opened.
        """
        value = (self._raw.get("config") or {}).get(self._written(key))
        if value is None:
            return None
        crypter = _crypter(self._raw.get("encryptionsalt"), self._passphrase, self._path)
        opened, _, unreadable = _open(value, crypter)
        if unreadable:
            raise ConfigError(
                f"{self._project.full_key(key)} is encrypted with a passphrase that isn't given. "
                "Set PULUMI_CONFIG_PASSPHRASE to the stack's own"
            )
        return opened if isinstance(opened, str) else _text(opened)

    def set(self, key: str, value: str, *, secret: bool = False) -> None:
        """Set a key, encrypted when it is secret.

        Raises:
            ConfigError: the schema says that the key is secret and `secret` doesn't, or the passphrase is wrong.
        """
        full = self._project.full_key(key)
        for entry in self._project.schema:
            if self._project.full_key(entry.key) == full and entry.secret and not secret:
                raise ConfigError(
                    f"{full} is secret: python -m localcloud config set --secret {full} <value> --stack {self._stack}"
                )
        if "config" not in self._raw or self._raw["config"] is None:
            self._raw["config"] = CommentedMap()
        stored: Any = value
        if secret:
            stored = CommentedMap({"secure": self._sealing_crypter().encrypt(value)})
        self._raw["config"][self._written(key)] = stored

    def remove(self, key: str) -> bool:
        """Remove a key; return whether it was there."""
        config = self._raw.get("config") or {}
        written = self._written(key)
        if written not in config:
            return False
        del config[written]
        return True

    def save(self) -> None:
        """Write the file."""
        with self._path.open("w", encoding="utf-8") as handle:
            _yaml().dump(self._raw, handle)

    def _written(self, key: str) -> str:
        """Return the key as the file has it: bare or full, or full when it has neither."""
        config = self._raw.get("config") or {}
        full = self._project.full_key(key)
        bare = full.removeprefix(f"{self._project.name}:")
        return bare if bare in config else full

    @property
    def sealed(self) -> bool:
        """Whether the file has secrets that are sealed with a passphrase."""
        return bool(self._raw.get("encryptionsalt"))

    def check_sealing(self) -> None:
        """Refuse a file whose secrets aren't sealed with a passphrase.

        Raises:
            ConfigError: a service such as KMS seals them.
        """
        if service := _service(self._raw):
            raise ConfigError(
                f"{self._path}: {service} seals this stack's secrets, not a passphrase. Set it with: "
                f"pulumi config set --secret --stack {self._stack}"
            )

    def _sealing_crypter(self) -> Crypter:
        self.check_sealing()
        local = self._stack == LOCAL_STACK
        if not local and passphrase_given(self._passphrase) is None:
            raise ConfigError(
                f"{self._path}: a secret is sealed with the stack's own passphrase, and none is given: the local "
                "cloud's protects nothing. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"
            )
        crypter = _crypter(self._raw.get("encryptionsalt"), self._passphrase, self._path)
        if crypter is None and self._raw.get("encryptionsalt"):
            raise ConfigError(
                f"{self._path}: the stack's passphrase isn't given. Set PULUMI_CONFIG_PASSPHRASE to the stack's own"
            )
        if crypter is None:
            explicit = passphrase_given(self._passphrase)
            crypter = Crypter(DEFAULT_PASSPHRASE if explicit is None else explicit)
            self._raw.insert(0, "encryptionsalt", crypter.state)
        if crypter.published and not local:
            raise ConfigError(
                f"{self._path}: its secrets are sealed with the local cloud's passphrase, which everybody knows. Take "
                "`encryptionsalt` and every `secure:` value out of it, set the stack's own PULUMI_CONFIG_PASSPHRASE, "
                "and set new secrets: the old ones are known"
            )
        return crypter
