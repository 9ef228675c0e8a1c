"""Property values: between the SDK's protobuf structs, the engine's memory and the JSON of a deployment.

In memory a value is the SDK's own `PropertyValue`, which is immutable: nothing is ever copied to be safe. The SDK's
converters check every element with abstract base classes; ours build the same objects without that, since they run
several times for each property of each resource.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pulumi
from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from pulumi.provider.experimental.property_value import Computed, PropertyValue, ResourceReference

PropertyMap = dict[str, PropertyValue]

#: Signatures of the wire and state format:
#: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
#: How an unknown value travels: https://github.com/pulumi/pulumi/blob/master/pkg/resource/plugin/rpc.go
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)

_COMPUTED = Computed()
_NO_DEPENDENCIES: frozenset[str] = frozenset()
_new = object.__new__


def make(value: Any, secret: bool = False) -> PropertyValue:  # noqa: ANN401 - any of PropertyValue's own values
    """Make a property value of parts that are already right: tuples, mapping proxies and floats."""
    made = _new(PropertyValue)
    fields = made.__dict__
    fields["value"] = value
    fields["is_secret"] = secret
    fields["dependencies"] = _NO_DEPENDENCIES
    return made


NULL = make(None)


def computed(secret: bool = False) -> PropertyValue:
    """Return a value that will be known only after the resource it comes from exists."""
    return make(_COMPUTED, secret)


def text(value: str, secret: bool = False) -> PropertyValue:
    """Return a string value."""
    return make(value, secret)


def mapping(value: Mapping[str, PropertyValue], secret: bool = False) -> PropertyValue:
    """Return an object value."""
    return make(MappingProxyType(dict(value)), secret)


def as_secret(value: PropertyValue) -> PropertyValue:
    """Return the value marked as secret."""
    return value if value.is_secret else make(value.value, True)


# --- assets ----------------------------------------------------------------------------------------------------------


class _Hashed:
    """An asset or archive that knows the SHA-256 of its content, and is equal to another with the same one."""

    hash: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)


class FileAsset(_Hashed, pulumi.FileAsset):
    """A file, with its hash."""


class StringAsset(_Hashed, pulumi.StringAsset):
    """A text, with its hash."""


class RemoteAsset(_Hashed, pulumi.RemoteAsset):
    """A URL, with the hash of the URL: the content isn't fetched."""


class AssetArchive(_Hashed, pulumi.AssetArchive):
    """Assets by name, with the hash of names and hashes; `elided` when it was sent by that hash alone."""

    elided = False


class FileArchive(_Hashed, pulumi.FileArchive):
    """A folder or archive file, with the hash of its content."""


class RemoteArchive(_Hashed, pulumi.RemoteArchive):
    """A URL, with the hash of the URL: the content isn't fetched."""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hash_path(path: Path) -> str:
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        return _digest(b"".join(f"{p.relative_to(path)}\0{_digest(p.read_bytes())}\n".encode() for p in files))
    return _digest(path.read_bytes()) if path.exists() else ""


def _asset(fields: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of the classes above
    known = fields.get("hash", "")
    made: Any
    if "text" in fields:
        made = StringAsset(fields["text"])
        made.hash = known or _digest(fields["text"].encode())
    elif "path" in fields:
        made = FileAsset(fields["path"])
        made.hash = known or _hash_path(Path(fields["path"]))
    elif "uri" in fields:
        made = RemoteAsset(fields["uri"])
        made.hash = known or _digest(fields["uri"].encode())
    else:
        # A provider that elides content sends the hash alone.
        made = StringAsset("")
        made.hash = known
    return made


def _archive(fields: Mapping[str, Any], inner: Callable[[Any], PropertyValue]) -> Any:  # noqa: ANN401
    known = fields.get("hash", "")
    made: Any
    if "path" in fields:
        made = FileArchive(fields["path"])
        made.hash = known or _hash_path(Path(fields["path"]))
    elif "uri" in fields:
        made = RemoteArchive(fields["uri"])
        made.hash = known or _digest(fields["uri"].encode())
    else:
        assets: dict[str, Any] = {name: inner(asset).value for name, asset in dict(fields.get("assets", {})).items()}
        made = AssetArchive(assets)
        made.elided = bool(known) and "assets" not in fields
        made.hash = known or _digest("".join(f"{name}\0{assets[name].hash}\n" for name in sorted(assets)).encode())
    return made


def _plain_asset(asset: Any, inner: Callable[[Any], Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return the fields of an asset or archive as state and wire have them, without conversion of the fields."""
    fields: dict[str, Any] = {SIGNATURE: ARCHIVE if isinstance(asset, pulumi.Archive) else ASSET}
    if known := getattr(asset, "hash", ""):
        fields["hash"] = known
    for name in ("path", "text", "uri"):
        if hasattr(asset, name):
            fields[name] = str(getattr(asset, name))
    if hasattr(asset, "assets") and not getattr(asset, "elided", False):
        fields["assets"] = {name: inner(value) for name, value in asset.assets.items()}
    return fields


# --- protobuf --------------------------------------------------------------------------------------------------------


def from_struct(struct: struct_pb2.Struct) -> PropertyMap:
    """Convert a protobuf struct; output values lose their dependencies (see `dependencies_in`)."""
    return {key: from_value(value) for key, value in struct.fields.items()}


def from_value(value: struct_pb2.Value) -> PropertyValue:
    """Convert one protobuf value, with the envelopes of secrets, outputs, assets and resource references."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        string = value.string_value
        return make(_COMPUTED) if len(string) == 36 and string in _UNKNOWNS else make(string)
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _from_envelope(fields)
        return make(MappingProxyType({key: from_value(item) for key, item in fields.items()}))
    if kind == "list_value":
        return make(tuple([from_value(item) for item in value.list_value.values]))
    if kind == "bool_value":
        return make(value.bool_value)
    if kind == "number_value":
        return make(value.number_value)
    return NULL


def _from_envelope(fields: Mapping[str, struct_pb2.Value]) -> PropertyValue:
    signature = fields[SIGNATURE].string_value
    if signature == SECRET:
        return as_secret(from_value(fields["value"]))
    if signature == OUTPUT:
        value = from_value(fields["value"]) if "value" in fields else computed()
        return as_secret(value) if "secret" in fields and fields["secret"].bool_value else value
    if signature == ASSET:
        return make(_asset({key: item.string_value for key, item in fields.items()}))
    if signature == ARCHIVE:
        plain: dict[str, Any] = {key: item.string_value for key, item in fields.items() if key != "assets"}
        if "assets" in fields:
            plain["assets"] = fields["assets"].struct_value.fields
        return make(_archive(plain, from_value))
    if signature == RESOURCE:
        version = fields["packageVersion"].string_value if "packageVersion" in fields else None
        identity = from_value(fields["id"]) if "id" in fields else None
        return make(ResourceReference(fields["urn"].string_value, identity, version))
    raise ValueError(f"a value has the signature {signature}, which this engine doesn't know")


def dependencies_in(value: struct_pb2.Value) -> set[str]:
    """Return the URNs that the output values inside a protobuf value depend on."""
    kind = value.WhichOneof("kind")
    found: set[str] = set()
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value == OUTPUT and "dependencies" in fields:
            found.update(item.string_value for item in fields["dependencies"].list_value.values)
        for item in fields.values():
            found |= dependencies_in(item)
    elif kind == "list_value":
        for item in value.list_value.values:
            found |= dependencies_in(item)
    return found


def to_struct(properties: Mapping[str, PropertyValue], *, secrets: bool = True) -> struct_pb2.Struct:
    """Convert to a protobuf struct; with `secrets=False` the secret envelopes are left out."""
    struct = struct_pb2.Struct()
    fields = struct.fields
    for key, value in properties.items():
        _fill(fields[key], value, secrets)
    return struct


def _fill(target: struct_pb2.Value, value: PropertyValue, secrets: bool) -> None:
    """Write a value into a protobuf value in place, which spares a copy at each level."""
    if value.is_secret and secrets:
        fields = target.struct_value.fields
        fields[SIGNATURE].string_value = SECRET
        target = fields["value"]
    raw = value.value
    if isinstance(raw, str):
        target.string_value = raw
    elif raw is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(raw, bool):
        target.bool_value = raw
    elif isinstance(raw, (float, int)):
        target.number_value = raw
    elif isinstance(raw, (tuple, list)):
        target.list_value.SetInParent()
        values = target.list_value.values
        for item in raw:
            _fill(values.add(), item, secrets)
    elif isinstance(raw, Mapping):
        target.struct_value.SetInParent()
        inner = target.struct_value.fields
        for key, item in raw.items():
            _fill(inner[key], item, secrets)
    elif isinstance(raw, Computed):
        target.string_value = UNKNOWN
    elif isinstance(raw, ResourceReference):
        inner = target.struct_value.fields
        inner[SIGNATURE].string_value = RESOURCE
        inner["urn"].string_value = raw.urn
        if raw.resource_id is not None:
            _fill(inner["id"], raw.resource_id, secrets)
        if raw.package_version:
            inner["packageVersion"].string_value = raw.package_version
    else:
        _fill_plain(target, _plain_asset(raw, lambda asset: _plain_asset(asset, lambda nested: nested)))


def _fill_plain(target: struct_pb2.Value, raw: Any) -> None:  # noqa: ANN401 - str or dict
    if isinstance(raw, str):
        target.string_value = raw
        return
    target.struct_value.SetInParent()
    for key, item in raw.items():
        _fill_plain(target.struct_value.fields[key], item)


# --- JSON ------------------------------------------------------------------------------------------------------------


def to_json(value: PropertyValue, seal: Callable[[str], str] | None = None) -> Any:  # noqa: ANN401
    """Convert to the JSON of a deployment.

    Args:
        value: what to convert.
        seal: encrypts the JSON text of a secret; None leaves a secret's place with the text `[secret]`, which is what
            `pulumi preview --json` shows.
    """
    if value.is_secret:
        if seal is None:
            return "[secret]"
        plain = json.dumps(to_json(make(value.value), _open_seal), separators=(",", ":"), ensure_ascii=False)
        return {SIGNATURE: SECRET, "ciphertext": seal(plain)}
    raw = value.value
    if raw is None or isinstance(raw, (str, bool)):
        return raw
    if isinstance(raw, (float, int)):
        # Go writes a whole number without a fraction, and both engines must write the same.
        return int(raw) if raw == raw and abs(raw) < 1e21 and raw == int(raw) else raw
    if isinstance(raw, (tuple, list)):
        return [to_json(item, seal) for item in raw]
    if isinstance(raw, Mapping):
        return {key: to_json(raw[key], seal) for key in sorted(raw)}
    if isinstance(raw, Computed):
        return UNKNOWN
    if isinstance(raw, ResourceReference):
        reference: dict[str, Any] = {SIGNATURE: RESOURCE, "urn": raw.urn, "packageVersion": raw.package_version or ""}
        if raw.resource_id is not None:
            reference["id"] = "" if is_computed(raw.resource_id) else raw.resource_id.value
        return reference
    return _plain_asset(raw, lambda asset: _plain_asset(asset, lambda nested: nested))


def _open_seal(plain: str) -> str:
    """Stand in for the encryption of a secret inside a secret, which is encrypted with it."""
    return plain


def map_to_json(properties: PropertyMap, seal: Callable[[str], str] | None = None) -> dict[str, Any]:
    """Convert properties to the JSON of a deployment, in the order of their names."""
    return {key: to_json(properties[key], seal) for key in sorted(properties)}


def from_json(raw: Any, unseal: Callable[[str], str] | None = None) -> PropertyValue:  # noqa: ANN401
    """Convert back from the JSON of a deployment; `unseal` decrypts a secret's text."""
    if isinstance(raw, str):
        return make(_COMPUTED) if raw == UNKNOWN else make(raw)
    if raw is None or isinstance(raw, bool):
        return make(raw)
    if isinstance(raw, (int, float)):
        return make(float(raw))
    if isinstance(raw, list):
        return make(tuple([from_json(item, unseal) for item in raw]))
    signature = raw.get(SIGNATURE)
    if signature is None:
        return make(MappingProxyType({key: from_json(item, unseal) for key, item in raw.items()}))
    if signature == SECRET:
        plain = raw.get("plaintext")
        if plain is None:
            plain = unseal(raw["ciphertext"]) if unseal else raw["ciphertext"]
        return as_secret(from_json(json.loads(plain), lambda inner: inner))
    if signature == ASSET:
        return make(_asset(raw))
    if signature == ARCHIVE:
        return make(_archive(raw, lambda item: from_json(item, unseal)))
    if signature == RESOURCE:
        identity = from_json(raw["id"], unseal) if "id" in raw else None
        return make(ResourceReference(raw["urn"], identity, raw.get("packageVersion") or None))
    raise ValueError(f"the state has a value with the signature {signature}, which this engine doesn't know")


def map_from_json(raw: Mapping[str, Any] | None, unseal: Callable[[str], str] | None = None) -> PropertyMap:
    """Convert properties back from the JSON of a deployment."""
    return {key: from_json(value, unseal) for key, value in (raw or {}).items()}


def to_python(value: PropertyValue) -> Any:  # noqa: ANN401
    """Return the plain Python value, secrets opened and unknown values as None."""
    raw = value.value
    if isinstance(raw, (tuple, list)):
        return [to_python(item) for item in raw]
    if isinstance(raw, Mapping):
        return {key: to_python(item) for key, item in raw.items()}
    if isinstance(raw, Computed):
        return None
    if isinstance(raw, float) and raw == raw and abs(raw) < 1e21 and raw == int(raw):
        return int(raw)
    if isinstance(raw, ResourceReference):
        return raw.urn
    return raw


# --- questions -------------------------------------------------------------------------------------------------------


def is_computed(value: PropertyValue) -> bool:
    """Tell whether the value itself is unknown."""
    return isinstance(value.value, Computed)


def contains_computed(value: PropertyValue) -> bool:
    """Tell whether the value or anything in it is unknown."""
    raw = value.value
    if isinstance(raw, (tuple, list)):
        return any(contains_computed(item) for item in raw)
    if isinstance(raw, Mapping):
        return any(contains_computed(item) for item in raw.values())
    if isinstance(raw, ResourceReference):
        return raw.resource_id is not None and contains_computed(raw.resource_id)
    return isinstance(raw, Computed)


def contains_secret(value: PropertyValue) -> bool:
    """Tell whether the value or anything in it is secret."""
    if value.is_secret:
        return True
    raw = value.value
    if isinstance(raw, (tuple, list)):
        return any(contains_secret(item) for item in raw)
    if isinstance(raw, Mapping):
        return any(contains_secret(item) for item in raw.values())
    return False


def same(a: PropertyValue | None, b: PropertyValue | None, *, secrets: bool = False) -> bool:
    """Compare two values; whether they are secret counts only when `secrets` says so."""
    if a is b:
        return True
    if a is None or b is None:
        return False
    if secrets and a.is_secret != b.is_secret:
        return False
    left, right = a.value, b.value
    if isinstance(left, (tuple, list)):
        return (
            isinstance(right, (tuple, list))
            and len(left) == len(right)
            and all(same(x, y, secrets=secrets) for x, y in zip(left, right, strict=True))
        )
    if isinstance(left, Mapping):
        return isinstance(right, Mapping) and same_map(left, right, secrets=secrets)
    if isinstance(left, Computed):  # the SDK's own comparison of these raises
        return isinstance(right, Computed)
    return type(left) is type(right) and bool(left == right)


def same_map(a: Mapping[str, PropertyValue], b: Mapping[str, PropertyValue], *, secrets: bool = False) -> bool:
    """Compare two sets of properties."""
    return len(a) == len(b) and all(same(value, b.get(key), secrets=secrets) for key, value in a.items())


def annotate_secrets(outputs: PropertyMap, inputs: Mapping[str, PropertyValue]) -> PropertyMap:
    """Mark as secret each output whose input of the same name holds a secret.

    This is how a provider that can't carry secrets keeps them:
    https://github.com/pulumi/pulumi/blob/master/pkg/resource/plugin/provider_plugin.go (annotateSecrets)
    """
    marked = dict(outputs)
    for key, given in inputs.items():
        value = marked.get(key)
        if value is None or value.is_secret:
            continue
        if isinstance(value.value, Mapping) and isinstance(given.value, Mapping) and not given.is_secret:
            marked[key] = mapping(annotate_secrets(dict(value.value), given.value))
        elif contains_secret(given):
            marked[key] = as_secret(value)
    return marked
