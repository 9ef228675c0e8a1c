"""What a stack has: resources in memory, and the deployment file that is written after every step.

The file is Pulumi's own deployment format, version 3, as `pulumi stack export` writes it:
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/core.go (UntypedDeployment, DeploymentV3, ResourceV3)
"""

import asyncio
import fcntl
import getpass
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from localcloud import private
from localcloud.engine.secrets import Crypter
from localcloud.engine.urns import ROOT_TYPE, is_provider, parse_reference, reference, under
from localcloud.engine.values import PropertyMap, map_from_json, map_to_json, same_map

FORMAT_VERSION = 3
ENGINE_VERSION = "v3.260.0"  # the engine whose rules and format this one keeps


class StateError(Exception):
    """A state file that can't be used, or is in use; the text says what to do."""


#: JSON names of the fields of ResourceV3, in its order, beside ours. Those not here are handled apart.
_JSON_NAMES = {
    "urn": "urn",
    "custom": "custom",
    "delete": "delete",
    "id": "id",
    "type": "type",
    "inputs": "inputs",
    "outputs": "outputs",
    "parent": "parent",
    "protect": "protect",
    "external": "external",
    "dependencies": "dependencies",
    "init_errors": "initErrors",
    "provider": "provider",
    "property_dependencies": "propertyDependencies",
    "pending_replacement": "pendingReplacement",
    "additional_secret_outputs": "additionalSecretOutputs",
    "custom_timeouts": "customTimeouts",
    "retain_on_delete": "retainOnDelete",
    "created": "created",
    "modified": "modified",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "hooks": "resourceHooks",
}
_ALWAYS_WRITTEN = {"urn", "custom", "type"}


@dataclass(slots=True, eq=False, kw_only=True)
class Resource:
    """One resource of a stack; two of them may have one URN while one replaces the other.

    Change an attribute through `change`, which forgets the cached JSON.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: PropertyMap = field(default_factory=dict)
    outputs: PropertyMap = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool = False
    external: bool = False
    delete: bool = False
    pending_replacement: bool = False
    retain_on_delete: bool = False
    init_errors: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    hooks: dict[str, list[str]] = field(default_factory=dict)
    created: str = ""
    modified: str = ""
    #: What another engine wrote and this one doesn't use; kept, so that nothing is lost on the way back.
    unused: dict[str, Any] = field(default_factory=dict)
    _json: str | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.split("::", 3)[3]

    @property
    def reference(self) -> str:
        """How other resources name this one, which is a provider."""
        return reference(self.urn, self.id)

    def change(self, **changes: Any) -> None:  # noqa: ANN401 - the attributes' own types
        """Set attributes."""
        for name, value in changes.items():
            setattr(self, name, value)
        self._json = None

    def copy(self) -> "Resource":
        """Return another resource with the same attributes."""
        return Resource(**{f.name: getattr(self, f.name) for f in fields(self) if f.name != "_json"})

    def dependencies_but_parent(self) -> set[str]:
        """Return the URNs it depends on: provider, dependencies of the whole and of each property."""
        found = {*self.dependencies, *(urn for urns in self.property_dependencies.values() for urn in urns)}
        if self.provider:
            found.add(parse_reference(self.provider)[0])
        return found

    def all_dependencies(self) -> set[str]:
        """Return the URNs it depends on, its parent's among them."""
        return self.dependencies_but_parent() | ({self.parent} if self.parent else set())

    def to_dict(self, crypter: Crypter | None) -> dict[str, Any]:
        """Return the JSON object of the deployment format; without a crypter, secrets read `[secret]`."""
        seal = crypter.encrypt if crypter else None
        made: dict[str, Any] = {}
        for attribute, name in _JSON_NAMES.items():
            value = getattr(self, attribute)
            if attribute in ("inputs", "outputs"):
                value = map_to_json(value, seal)
            if value or attribute in _ALWAYS_WRITTEN:
                made[name] = value
        return {**made, **self.unused}

    def to_json(self, crypter: Crypter) -> str:
        """Return the JSON text of the deployment format. It is kept, so that writing 500 resources stays cheap."""
        if self._json is None:
            self._json = _compact(self.to_dict(crypter))
        return self._json

    def is_written_as(self, other: "Resource") -> bool:
        """Tell whether the deployment format has the same for both."""
        for attribute in _JSON_NAMES:
            mine, theirs = getattr(self, attribute), getattr(other, attribute)
            if attribute in ("inputs", "outputs"):
                if not same_map(mine, theirs, secrets=True):
                    return False
            elif mine != theirs:
                return False
        return self.unused == other.unused

    def adopt_json(self, other: "Resource") -> None:
        """Take over the text of a resource that is the same, so that its secrets aren't encrypted anew."""
        self._json = other._json

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], crypter: Crypter | None) -> "Resource":
        """Read the JSON object of the deployment format."""
        unseal = crypter.decrypt if crypter else None
        known = {attribute: raw[name] for attribute, name in _JSON_NAMES.items() if name in raw}
        known["inputs"] = map_from_json(raw.get("inputs"), unseal)
        known["outputs"] = map_from_json(raw.get("outputs"), unseal)
        unused = {name: value for name, value in raw.items() if name not in _JSON_NAMES.values()}
        made = cls(**known, unused=unused)
        made._json = _compact(raw)
        return made


@dataclass
class Operation:
    """A step that was begun and of which the end isn't known: `creating`, `updating`, `deleting` or `reading`."""

    resource: Resource
    type: str


@dataclass
class Checkpoint:
    """The content of a state file."""

    resources: list[Resource] = field(default_factory=list)
    pending: list[Operation] = field(default_factory=list)
    salt: str | None = None

    def remove(self, left: list[Resource]) -> None:
        """Keep only the resources that are left; what depended on the others no longer does.

        A child of a resource that is gone goes to the next one above that is left. Of two resources with one URN only
        one that comes before counts (rebuildBaseState of
        https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/deployment_executor.go).
        """
        parents = {resource.urn: resource.parent for resource in self.resources}
        before: set[str] = set()
        for resource in left:
            parent = resource.parent
            while parent and parent not in before:
                parent = parents.get(parent, "")
            resource.change(
                parent=parent,
                dependencies=[urn for urn in resource.dependencies if urn in before],
                property_dependencies={
                    key: [urn for urn in depends_on if urn in before]
                    for key, depends_on in resource.property_dependencies.items()
                },
            )
            before.add(resource.urn)
        self.resources[:] = left

    def current(self) -> dict[str, Resource]:
        """Return the resources by URN, without those that only wait for their deletion."""
        return {resource.urn: resource for resource in self.resources if not resource.delete}


class StateFile:
    """The state file of one stack and its lock."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read yet."""
        self.path = path
        self._lock_file: TextIO | None = None

    def exists(self) -> bool:
        """Tell whether the stack has a state."""
        return self.path.exists()

    def salt(self) -> str | None:
        """Return the encryption salt of the file without reading its resources, or None."""
        raw = self._raw()
        return _salt_of(raw) if raw else None

    def read(self, crypter: Crypter | None) -> Checkpoint:
        """Read the file; no file is an empty deployment."""
        raw = self._raw()
        if raw is None:
            return Checkpoint()
        deployment = raw.get("deployment") or {}
        return Checkpoint(
            resources=[Resource.from_dict(item, crypter) for item in deployment.get("resources") or []],
            pending=[
                Operation(Resource.from_dict(item["resource"], crypter), item["type"])
                for item in deployment.get("pending_operations") or []
            ],
            salt=_salt_of(raw),
        )

    def _raw(self) -> dict[str, Any] | None:
        try:
            raw: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise StateError(f"{self.path} isn't valid JSON: {error}. Restore it, or remove it to start over") from None
        if raw.get("version") != FORMAT_VERSION:
            raise StateError(
                f"{self.path} has the format version {raw.get('version')!r}; this engine reads version {FORMAT_VERSION}"
            )
        return raw

    def write(self, text: str) -> None:
        """Replace the file in one step: a reader, or a run after a kill, sees the old text or the new one."""
        private.make_folder(self.path.parent)
        temporary = self.path.with_name(f".{self.path.name}.new")
        private.make_file(temporary)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, self.path)

    def remove(self) -> None:
        """Remove the file of a stack that has nothing any more."""
        with suppress(FileNotFoundError):
            self.path.unlink()

    # The kernel lets go of a lock when its holder dies, so that a dead holder's lock heals by itself.
    def lock(self, operation: str) -> "StateFile":
        """Lock the stack for this process.

        Raises:
            StateError: someone else holds it; the text says who and since when.
        """
        private.make_folder(self.path.parent)
        lock = self.path.with_name(f"{self.path.name}.lock")
        handle = open(lock, "a+", encoding="utf-8", opener=private.opener)  # noqa: SIM115
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            handle.close()
            raise StateError(
                f"stack {self.path.stem!r} is locked by {holder}. Wait until that run has ended; "
                "the lock ends with the process that holds it"
            ) from None
        handle.seek(0)
        handle.truncate()
        since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        handle.write(f"{getpass.getuser()}@{socket.gethostname()} (pid {os.getpid()}), {operation} since {since}\n")
        handle.flush()
        self._lock_file = handle
        return self

    def unlock(self) -> None:
        """Let go of the lock."""
        if self._lock_file:
            self._lock_file.seek(0)
            self._lock_file.truncate()
            self._lock_file.close()
            self._lock_file = None

    def __enter__(self) -> "StateFile":
        """Use the lock as a context."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the lock."""
        self.unlock()


def _salt_of(raw: Mapping[str, Any]) -> str | None:
    providers = (raw.get("deployment") or {}).get("secrets_providers") or {}
    if providers and providers.get("type") != "passphrase":
        raise StateError(
            f"the state's secrets are of {providers.get('type')!r}; this engine reads those of 'passphrase'"
        )
    return (providers.get("state") or {}).get("salt")


class Snapshot:
    """The resources of a run as they stand, written to the file after every change.

    It merges two lists as the official snapshot manager does
    (https://github.com/pulumi/pulumi/blob/master/pkg/backend/snapshot.go): what this run has made, then what the last
    run left and this one hasn't come to. Both are in the order of dependencies, so their sum is.
    """

    def __init__(self, base: Checkpoint, file: StateFile | None, crypter: Crypter) -> None:
        """Start from a base; without a file (a preview) nothing is written."""
        self._base = base.resources
        self._news: list[Resource] = []
        self._done: set[int] = set()
        self._operations: dict[int, Operation] = {}
        # A create whose answer was lost stays on record until it is settled.
        self._lost = [operation for operation in base.pending if operation.type == "creating"]
        self._file = file
        self._crypter = crypter
        self._writing: asyncio.Lock = asyncio.Lock()
        self._renamed: dict[str, str] = {}
        self._version = 0
        self._written = 0
        self.writes = 0

    @property
    def resources(self) -> list[Resource]:
        """The resources now, dependencies first."""
        merged = [resource for resource in self._news if id(resource) not in self._done]
        merged += [resource for resource in self._base if id(resource) not in self._done]
        return merged

    @property
    def pending(self) -> list[Operation]:
        """Operations whose end isn't known."""
        return [*self._operations.values(), *self._lost]

    @property
    def lost(self) -> list[Operation]:
        """Creates of an earlier run whose answers were lost."""
        return list(self._lost)

    def begin(self, resource: Resource, operation: str) -> None:
        """Record that an operation on a resource starts."""
        self._operations[id(resource)] = Operation(resource, operation)
        self._version += 1

    def end(self, resource: Resource) -> None:
        """Record that the operation on a resource has ended, well or not."""
        self._operations.pop(id(resource), None)
        self._version += 1

    def recover(self, lost: Operation, found: Resource | None) -> None:
        """Settle a create whose answer was lost: take up what it made, if anything, and forget the operation."""
        self._lost = [operation for operation in self._lost if operation is not lost]
        self._version += 1
        if found is None:
            return
        for index, old in enumerate(self._base):
            if old.urn == found.urn and not old.delete:
                # What depends on it comes after the old one, and what it depends on before.
                self._base.insert(index, found)
                if old.pending_replacement:
                    self._base.remove(old)
                else:
                    old.change(delete=True)
                return
        self._base.append(found)

    def add(self, resource: Resource) -> None:
        """Take up a new resource, or a new state of one."""
        self._news.append(resource)
        self._version += 1

    def drop(self, resource: Resource) -> None:
        """Let go of a resource, or of an old state of one."""
        self._done.add(id(resource))
        self._version += 1

    def touch(self) -> None:
        """Note that a resource in it was changed."""
        self._version += 1

    def replace(self, old: Resource, new: Resource) -> None:
        """Put another state of a resource in its place, which keeps the order."""
        for resources in (self._news, self._base):
            for index, resource in enumerate(resources):
                if resource is old:
                    resources[index] = new
        self._version += 1

    def rename(self, old: str, new: str) -> None:
        """Write a new URN wherever what the last run left has the one that the resource had before."""
        self._renamed[old] = new
        self._version += 1

    async def write(self) -> None:
        """Write what isn't written yet. Steps that end while a write is under way share the next one."""
        if self._file is None:
            return
        wanted = self._version
        async with self._writing:
            if self._written >= wanted:
                return
            version, text = self._version, self.text()
            await asyncio.to_thread(self._file.write, text)
            self._written = version
            self.writes += 1

    def text(self) -> str:
        """Return the JSON text of the deployment."""
        renamed = dict(self._renamed)
        lines = [_line(resource, self._crypter, renamed) for resource in self.resources]
        operations = [
            f'{{"resource":{operation.resource.to_json(self._crypter)},"type":{json.dumps(operation.type)}}}'
            for operation in self.pending
        ]
        return _deployment_text(lines, operations, self._crypter)


def _line(resource: Resource, crypter: Crypter, renamed: dict[str, str]) -> str:
    """Return the text of a resource with the new URNs of what was found by an alias, which come before it.

    A URN has the types of all above it, so that another type of a parent gives its children other URNs, too
    (NormalizeURNReferences of https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/snapshot.go).
    """
    text = resource.to_json(crypter)
    if not renamed:
        return text
    if resource.parent in renamed and (moved := under(resource.urn, renamed[resource.parent])) != resource.urn:
        renamed[resource.urn] = moved
    if renamed.keys().isdisjoint({resource.urn, *resource.all_dependencies()}):
        return text
    raw: dict[str, Any] = json.loads(text)

    def new(urn: str) -> str:
        return renamed.get(urn, urn)

    raw["urn"] = new(resource.urn)
    if resource.parent:
        raw["parent"] = new(resource.parent)
    if resource.provider:
        provider, identity = parse_reference(resource.provider)
        raw["provider"] = reference(new(provider), identity)
    if resource.dependencies:
        raw["dependencies"] = [new(urn) for urn in resource.dependencies]
    if resource.property_dependencies:
        raw["propertyDependencies"] = {
            key: [new(urn) for urn in urns] for key, urns in resource.property_dependencies.items()
        }
    return _compact(raw)


def _compact(raw: Mapping[str, Any]) -> str:
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))


def _deployment_text(resources: Iterable[str], operations: Iterable[str], crypter: Crypter) -> str:
    """Return a deployment as `pulumi stack export` shapes it, one line a resource."""
    manifest = {
        "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "magic": hashlib.sha256(ENGINE_VERSION.encode()).hexdigest(),
        "version": ENGINE_VERSION,
    }
    secrets = {"type": "passphrase", "state": {"salt": crypter.state}}
    lines, pending = ",\n".join(resources), ",\n".join(operations)
    return (
        f'{{"version":{FORMAT_VERSION},"deployment":{{\n"manifest":{json.dumps(manifest)},\n'
        f'"secrets_providers":{json.dumps(secrets)},\n"resources":[\n{lines}\n],\n'
        f'"pending_operations":[\n{pending}\n],\n"metadata":{{}}}}}}\n'
    )


def check_integrity(resources: Iterable[Resource]) -> None:
    """Check that every resource comes after all that it depends on.

    Raises:
        StateError: it doesn't, with both names.
    """
    seen: set[str] = set()
    for resource in resources:
        for urn in sorted(resource.all_dependencies()):
            if urn not in seen:
                raise StateError(f"the state is broken: {resource.urn} depends on {urn}, which doesn't come before it")
        seen.add(resource.urn)


def is_root(resource: Resource) -> bool:
    """Tell whether a resource is the stack itself."""
    return resource.type == ROOT_TYPE


def counts(resource: Resource) -> bool:
    """Tell whether a person counts the resource: everything but default providers."""
    return not (is_provider(resource.type) and resource.name.startswith("default"))
