"""A stack's config file, `Pulumi.<stack>.yaml`, as commands read and edit it: comments, order and style stay."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.tokens import CommentToken

from operations.errors import OperationError


class ConfigFile:
    """The config file of one stack."""

    def __init__(self, root: Path, stack: str) -> None:
        """Read the file; one that isn't there is empty.

        Args:
            root: the project's folder.
            stack: the stack.

        Raises:
            OperationError: the file can't be read.
        """
        self._stack = stack
        self._path = root / f"Pulumi.{stack}.yaml"
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        self._yaml.width = 4096  # a long value isn't folded: Pulumi doesn't either
        self._yaml.indent(mapping=2, sequence=4, offset=2)
        try:
            self._content = (self._yaml.load(self._path) if self._path.exists() else None) or CommentedMap()
        except (YAMLError, OSError) as error:
            raise OperationError(f"the config of stack {stack!r} can't be read: {error}") from None
        if not isinstance(self._content, CommentedMap):
            raise OperationError(f"the config of stack {stack!r} can't be read: {self._path} holds no mapping")
        if self._content.get("config") is None:
            self._content["config"] = CommentedMap()
        self._config: CommentedMap = self._content["config"]

    def get(self, key: str) -> str | None:
        """Return the text of a key, or None; that of an object is JSON.

        Raises:
            OperationError: it is encrypted.
        """
        value = self._config.get(key)
        if _is_encrypted(value):
            raise OperationError(f"the config of stack {self._stack!r} can't be read: {key} is encrypted")
        return value if value is None or isinstance(value, str) else json.dumps(value)

    def set(self, key: str, value: str) -> None:
        """Set a key."""
        self._config[key] = value

    def set_member(self, key: str, member: str, value: int, *, after: str | None = None) -> None:
        """Set a member of an object, which keeps its style and its other members.

        Args:
            key: the object's key; one that isn't there is made, in one line.
            member: the member's name.
            value: its value.
            after: the key that a new object is put behind; at the end by default.

        Raises:
            OperationError: the key's value is no object.
        """
        found = self._config.get(key)
        if isinstance(found, str):  # as `pulumi config set` without --path writes an object
            with contextlib.suppress(ValueError):
                found = json.loads(found)
        if found is not None and (not isinstance(found, Mapping) or _is_encrypted(found)):
            raise OperationError(f"{key} isn't an object, so it can't have the member {member}")
        if not isinstance(found, CommentedMap):
            found = CommentedMap(found or {})
            found.fa.set_flow_style()
            if after is None or key in self._config or after not in self._config:
                self._config[key] = found
            else:
                self._config.insert(list(self._config).index(after) + 1, key, found)
                self._move_comment(after, key)
        found[member] = value

    def save(self) -> None:
        """Write the file.

        Raises:
            OperationError: it can't be written.
        """
        try:
            with self._path.open("w", encoding="utf-8") as file:
                self._yaml.dump(self._content, file)
        except OSError as error:
            raise OperationError(f"the config of stack {self._stack!r} can't be written: {error}") from None

    def _move_comment(self, key: str, to: str) -> None:
        """Hand what is below a key's line on to the key that was put behind it; ruamel keeps it with the first one."""
        comments = self._config.ca.items
        tokens = comments.get(key)
        if tokens is None or tokens[2] is None:
            return
        line, _, below = tokens[2].value.partition("\n")
        if below:
            comments[to] = [None, None, CommentToken(f"\n{below}", tokens[2].start_mark, None, column=0), None]
            tokens[2].value = f"{line}\n"
            if not line:
                del comments[key]


def _is_encrypted(value: object) -> bool:
    return isinstance(value, Mapping) and list(value) == ["secure"]
