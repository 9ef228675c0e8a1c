"""Providers as the engine sees them: loaded, configured, called, and kept one per provider resource.

What the official engine does between its core and a plugin happens here: secrets are hidden from providers that can't
carry them, previews fall back to the inputs, an undecided diff is decided by comparing inputs.
https://github.com/pulumi/pulumi/blob/master/pkg/resource/plugin/provider_plugin.go and
https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/providers/registry.go
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    ConfigureRequest,
    DiffResponse,
    InvokeRequest,
    InvokeResponse,
    Provider,
)

from localcloud.engine.paths import changed_paths, parse_path, path_contains, reset_path
from localcloud.engine.requests import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    ReadRequest,
    UpdateRequest,
)
from localcloud.engine.state import Resource
from localcloud.engine.urns import package_of, reference, type_of
from localcloud.engine.values import (
    UNKNOWN,
    PropertyMap,
    annotate_secrets,
    contains_computed,
    make,
    mapping,
    same_map,
    text,
    to_python,
)

#: Makes a fresh, unconfigured provider of a package.
Loader = Callable[[str], Provider]

_INTERNAL = "__internal"  # the engine's own notes among a provider resource's inputs


@dataclass
class Diff:
    """What a provider says of a change.

    Attributes:
        changes: whether anything changes.
        replace_keys: the properties that force a replacement.
        changed_keys: the properties that changed.
        detailed: for each property path its kind (`add`, `delete` or `update`, each also with `-replace`) and whether
            it is between inputs; None when the provider gives no detail.
        delete_before_replace: whether old and new can't stand side by side.
    """

    changes: bool
    replace_keys: list[str] = field(default_factory=list)
    changed_keys: list[str] = field(default_factory=list)
    detailed: dict[str, tuple[str, bool]] | None = None
    delete_before_replace: bool = False

    @property
    def replace(self) -> bool:
        """Whether the change needs a new resource."""
        return bool(self.replace_keys) or any(kind.endswith("-replace") for kind, _ in (self.detailed or {}).values())

    def replace_reasons(self) -> list[str]:
        """Return the properties that force a replacement."""
        forcing = [path for path, (kind, _) in (self.detailed or {}).items() if kind.endswith("-replace")]
        return self.replace_keys or forcing

    def with_replace_on_changes(self, paths: list[str]) -> "Diff":
        """Return the diff with every changed property under one of the paths forcing a replacement."""
        if not self.changes or not paths:
            return self
        outer = [parse_path(path) for path in paths]

        def forced(path: str) -> bool:
            return any(path_contains(one, parse_path(path)) for one in outer)

        detailed = None
        if self.detailed is not None:
            detailed = {
                path: (f"{kind.removesuffix('-replace')}-replace" if forced(path) else kind, inputs)
                for path, (kind, inputs) in self.detailed.items()
            }
        keys = [*self.replace_keys, *(key for key in self.changed_keys if forced(key) and key not in self.replace_keys)]
        return replace(self, detailed=detailed, replace_keys=keys)

    def inverted(self) -> "Diff":
        """Return the diff seen from the other side: what a refresh found, in terms of the state."""
        swap = {"add": "delete", "delete": "add", "update": "update"}
        detailed = None
        if self.detailed is not None:
            detailed = {
                path: (swap[kind.removesuffix("-replace")], inputs) for path, (kind, inputs) in self.detailed.items()
            }
        return replace(self, detailed=detailed)


def diff_of_inputs(old: Mapping[str, PropertyValue], new: Mapping[str, PropertyValue]) -> Diff:
    """Compare inputs, for a provider that leaves it to the engine."""
    paths = changed_paths(old, new)
    keys = list(dict.fromkeys(str(parse_path(path)[0]) for path in paths))
    return Diff(bool(paths), changed_keys=keys, detailed={path: (kind, True) for path, kind in paths.items()})


class Handle:
    """One provider of one provider resource, with what it can do."""

    def __init__(self, provider: Provider, urn: str) -> None:
        """Wrap a provider that isn't configured yet."""
        self.provider = provider
        self.urn = urn
        self.package = package_of(type_of(urn))
        self._known = True
        self._secrets = True
        self._previews = True

    async def check_config(
        self, old: PropertyMap, new: PropertyMap, seed: bytes
    ) -> tuple[PropertyMap, list[CheckFailure]]:
        """Check the inputs of the provider resource."""
        response = await self.provider.check_config(
            CheckRequest(self.urn, _without_internal(old), _without_internal(new), seed)
        )
        inputs = dict(response.inputs) if response.inputs is not None else dict(new)
        for kept in ("version", _INTERNAL):
            if kept in new:
                inputs[kept] = new[kept]
        return inputs, response.failures or []

    async def diff_config(self, identity: str, old: Resource, new: PropertyMap) -> Diff:
        """Compare the inputs of the provider resource."""
        plain = _without_internal(new)
        request = DiffRequest(self.urn, identity, old.outputs, plain, [])
        request.old_inputs = _without_internal(old.inputs)
        response = await self.provider.diff_config(request)
        if response.changes is None and not response.replaces and not response.detailed_diff:
            return diff_of_inputs(old.outputs, plain)
        return _diff(response, _without_internal(old.inputs), plain)

    async def configure(self, inputs: PropertyMap) -> None:
        """Configure the provider, unless something in its inputs is unknown: then previews know nothing."""
        plain = _without_internal(inputs)
        if any(contains_computed(value) for value in plain.values()):
            self._known = False
            return
        variables = {
            f"{self.package}:config:{key}": _config_text(value) for key, value in plain.items() if key != "version"
        }
        response = await self.provider.configure(ConfigureRequest(variables, plain, True, True))
        self._known = True
        self._secrets = response.accept_secrets
        self._previews = response.supports_preview

    def _outward(self, properties: PropertyMap) -> PropertyMap:
        return properties if self._secrets else {key: _opened(value) for key, value in properties.items()}

    def _inward(self, properties: PropertyMap | None, inputs: PropertyMap) -> PropertyMap:
        found = dict(properties or {})
        return found if self._secrets else annotate_secrets(found, inputs)

    async def check(
        self, urn: str, old: PropertyMap, new: PropertyMap, seed: bytes
    ) -> tuple[PropertyMap, list[CheckFailure]]:
        """Check a resource's inputs and fill in what the provider gives by itself."""
        if not self._known:
            return dict(new), []
        response = await self.provider.check(CheckRequest(urn, self._outward(old), self._outward(new), seed))
        inputs = new if response.inputs is None else response.inputs
        return self._inward(inputs, new), response.failures or []

    async def diff(self, old: Resource, new: PropertyMap, ignore_changes: list[str]) -> Diff:
        """Compare a resource with new inputs."""
        if not self._known:
            # As the official engine: what can't be known is shown as a change.
            return Diff(True)
        request = DiffRequest(old.urn, old.id, self._outward(old.outputs), self._outward(new), ignore_changes)
        request.old_inputs = self._outward(old.inputs)
        response = await self.provider.diff(request)
        if response.changes is None:
            decided = dict(new)
            for path in ignore_changes:
                decided, _ = reset_path(path, old.inputs, decided)
            own = diff_of_inputs(old.inputs, decided)
            return replace(
                own,
                replace_keys=list(response.replaces),
                delete_before_replace=bool(response.delete_before_replace),
            )
        return _diff(response, old.inputs, new)

    async def create(self, new: Resource, preview: bool) -> tuple[str, PropertyMap]:
        """Create a resource; return its id and outputs."""
        if preview and not self._known:
            return "", {}
        if preview and not self._previews:
            return "", dict(new.inputs)
        timeout = new.custom_timeouts.get("create", 0)
        request = CreateRequest(new.urn, self._outward(new.inputs), timeout, preview)
        request.token = _token(new)
        response = await self.provider.create(request)
        if not preview and not response.resource_id:
            raise RuntimeError(f"the provider {self.package!r} returned no id for {new.urn}")
        return response.resource_id or "", self._inward(response.properties, new.inputs)

    async def update(self, old: Resource, new: Resource, preview: bool) -> PropertyMap:
        """Update a resource; return its outputs."""
        if preview and not self._known:
            return {}
        if preview and not self._previews:
            return dict(new.inputs)
        request = UpdateRequest(
            new.urn,
            old.id,
            self._outward(old.outputs),
            self._outward(new.inputs),
            new.custom_timeouts.get("update", 0),
            new.ignore_changes,
            preview,
        )
        request.old_inputs = self._outward(old.inputs)
        response = await self.provider.update(request)
        return self._inward(response.properties, new.inputs)

    async def delete(self, old: Resource) -> None:
        """Delete a resource."""
        timeout = old.custom_timeouts.get("delete", 0)
        request = DeleteRequest(old.urn, old.id, self._outward(old.outputs), timeout)
        request.old_inputs = self._outward(old.inputs)
        await self.provider.delete(request)

    async def read(
        self, urn: str, identity: str, state: PropertyMap, inputs: PropertyMap
    ) -> tuple[str, PropertyMap, PropertyMap | None]:
        """Read a resource back; an empty id means that it is gone."""
        response = await self.provider.read(ReadRequest(urn, identity, self._outward(state), self._outward(inputs)))
        if not response.resource_id:
            return "", {}, None
        outputs = self._inward(response.properties, state)
        return response.resource_id, outputs, self._inward(response.inputs, inputs) if response.inputs else None

    async def find(self, lost: Resource) -> tuple[str, PropertyMap] | None:
        """Look for a resource whose create had no answer, where the provider can: its method `find`, or None."""
        finder: Callable[[CreateRequest], Awaitable[Any]] | None = getattr(self.provider, "find", None)
        if finder is None or not self._known:
            return None
        request = CreateRequest(lost.urn, self._outward(lost.inputs), 0, False)
        request.token = _token(lost)
        response = await finder(request)
        if response is None or not response.resource_id:
            return None
        return response.resource_id, self._inward(response.properties, lost.inputs)

    async def invoke(self, token: str, arguments: PropertyMap) -> InvokeResponse:
        """Call a function; nothing is known of its answer while the provider's configuration isn't."""
        if not self._known:
            return InvokeResponse({}, [])
        return await self.provider.invoke(InvokeRequest(token, self._outward(arguments)))


def _token(new: Resource) -> str:
    """Return what stands for the create of a resource: its URN and when it began, as the state has them."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{new.urn} {new.created}").hex


def _diff(response: DiffResponse, old: Mapping[str, PropertyValue], new: Mapping[str, PropertyValue]) -> Diff:
    detailed: dict[str, tuple[str, bool]] | None = None
    if response.detailed_diff:
        detailed = {
            path: (one.kind.name.lower().replace("_", "-"), one.input_diff)
            for path, one in response.detailed_diff.items()
        }
    replaces = list(response.replaces or [])
    changed = list(response.diffs or [])
    if not changed and detailed:
        changed = list(dict.fromkeys(str(parse_path(path)[0]) for path in detailed))
    changes = response.changes
    if changes is None:
        changes = bool(detailed or replaces) or not same_map(old, new)
    return Diff(changes, replaces, changed, detailed, bool(response.delete_before_replace))


def _opened(value: PropertyValue) -> PropertyValue:
    """Return the value without secret marks, for a provider that can't carry them."""
    raw = value.value
    if isinstance(raw, tuple):
        return make(tuple([_opened(item) for item in raw]))
    if isinstance(raw, Mapping):
        return mapping({key: _opened(item) for key, item in raw.items()})
    return make(raw) if value.is_secret else value


def with_version(inputs: PropertyMap, version: str) -> PropertyMap:
    """Return a provider resource's inputs with its version, if any, in the official engine's form."""
    return {**inputs, "version": text(version), _INTERNAL: mapping({})} if version else inputs


def _without_internal(inputs: PropertyMap) -> PropertyMap:
    return {key: value for key, value in inputs.items() if key != _INTERNAL}


def _config_text(value: PropertyValue) -> str:
    plain = to_python(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


class Registry:
    """The providers of a run, by reference, and the life of provider resources."""

    def __init__(self, load: Loader, preview: bool) -> None:
        """Start without any provider."""
        self._load = load
        self._preview = preview
        self._configured: dict[str, Handle] = {}
        self._checked: dict[str, Handle] = {}
        self._ensuring: dict[str, asyncio.Lock] = {}

    def get(self, ref: str) -> Handle | None:
        """Return the configured provider of a reference, or None."""
        return self._configured.get(ref)

    def handles(self) -> list[Handle]:
        """Return every provider that was made."""
        return list({id(h): h for h in [*self._configured.values(), *self._checked.values()]}.values())

    def _make(self, urn: str) -> Handle:
        return Handle(self._load(package_of(type_of(urn))), urn)

    async def check(
        self, urn: str, old: PropertyMap, new: PropertyMap, seed: bytes
    ) -> tuple[PropertyMap, list[CheckFailure]]:
        """Check a provider resource's inputs; the provider made for it is kept for what follows."""
        handle = self._make(urn)
        inputs, failures = await handle.check_config(old, new, seed)
        if not failures:
            self._checked[urn] = handle
        return inputs, failures

    async def diff(self, old: Resource, urn: str, new: PropertyMap) -> Diff:
        """Compare a provider resource with new inputs."""
        handle = self._checked.get(urn) or self._configured.get(reference(old.urn, old.id)) or self._make(urn)
        return await handle.diff_config(old.id, old, new)

    async def create(self, new: Resource) -> tuple[str, PropertyMap]:
        """Configure a new provider resource's provider; return the resource's id and outputs."""
        handle = self._checked.pop(new.urn, None) or self._make(new.urn)
        identity = UNKNOWN if self._preview else str(uuid.uuid4())
        await handle.configure(new.inputs)
        self._configured[reference(new.urn, identity)] = handle
        return identity, _without_internal(new.inputs)

    async def update(self, old: Resource, new: Resource) -> PropertyMap:
        """Configure a changed provider resource's provider anew; return the resource's outputs."""
        handle = self._checked.pop(new.urn, None) or self._make(new.urn)
        await handle.configure(new.inputs)
        self._configured[reference(new.urn, old.id)] = handle
        return _without_internal(new.inputs)

    async def same(self, old: Resource, urn: str) -> None:
        """Configure an unchanged provider resource's provider, under its URN and the old one's."""
        ref = reference(urn, old.id)
        if ref in self._configured:
            return
        handle = self._checked.pop(urn, None) or self._make(urn)
        await handle.configure(old.inputs)
        self._configured[ref] = handle
        self._configured.setdefault(reference(old.urn, old.id), handle)

    async def ensure(self, ref: str, old: Resource | None) -> Handle:
        """Return the provider of a reference, made from the old state when this run hasn't registered it.

        Raises:
            LookupError: no such provider resource is known.
        """
        async with self._ensuring.setdefault(ref, asyncio.Lock()):
            handle = self._configured.get(ref)
            if handle is None:
                if old is None:
                    raise LookupError(f"there is no provider resource {ref}")
                handle = self._make(old.urn)
                await handle.configure(old.inputs)
                self._configured.setdefault(ref, handle)
            return handle
