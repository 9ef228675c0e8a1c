"""Names of resources: `urn:pulumi:<stack>::<project>::<parent types$type>::<name>`.

https://www.pulumi.com/docs/iac/concepts/resources/names/#urns
"""

ROOT_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


def create(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Return the URN of a resource under a parent's URN (empty, or the stack's, for none)."""
    parent_types = qualified_type(parent) if parent else ""
    prefix = "" if parent_types in ("", ROOT_TYPE) else f"{parent_types}$"
    return f"urn:pulumi:{stack}::{project}::{prefix}{type_}::{name}"


def qualified_type(urn: str) -> str:
    """Return a URN's type with its parents' types."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    """Return a URN's own type."""
    return qualified_type(urn).rpartition("$")[2]


def name_of(urn: str) -> str:
    """Return a URN's name."""
    return urn.split("::", 3)[3]


def under(urn: str, parent: str) -> str:
    """Return a URN as it reads under another parent."""
    stack, project, _, name = urn.removeprefix("urn:pulumi:").split("::", 3)
    return create(stack, project, parent, type_of(urn), name)


def package_of(type_: str) -> str:
    """Return the package of a type or function token (for a provider's type: the package that it provides)."""
    if is_provider(type_):
        return type_.removeprefix(PROVIDER_PREFIX)
    return type_.partition(":")[0]


def is_provider(type_: str) -> bool:
    """Tell whether a type is a provider's."""
    return type_.startswith(PROVIDER_PREFIX)


def reference(urn: str, identity: str) -> str:
    """Return the reference to a provider resource that other resources carry."""
    return f"{urn}::{identity}"


def parse_reference(ref: str) -> tuple[str, str]:
    """Return the URN and id of a provider reference.

    Raises:
        ValueError: the text is no provider reference.
    """
    urn, separator, identity = ref.rpartition("::")
    if not separator or not urn.startswith("urn:pulumi:") or urn.count("::") < 3:
        raise ValueError(f"{ref!r} isn't a provider reference")
    return urn, identity
