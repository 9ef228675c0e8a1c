"""What a resource type of the local providers is: one short class over real API calls.

A type declares what replaces it, what AWS fills in and which property is named by the provider, and says in four
methods how it is created, read back, updated and deleted. Everything else (checking, autonaming, default tags,
diffs by property path, previews, secrets, refresh) is done here, once, as the official provider does it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from localcloud.provider.session import Session

#: Plain property values: None, bool, int, float, str, list and dict of the same, keyed as the Pulumi schema keys them
#: (camelCase). Numbers that are whole arrive as int, since botocore refuses 443.0 for a port.
Value = Any
Properties = dict[str, Value]


class Unknown:
    """A value that isn't known until resources are created; there is one, `UNKNOWN`."""

    _instance: ClassVar["Unknown | None"] = None

    def __new__(cls) -> "Unknown":
        """Return the only instance."""
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        """Return a word that a person reads as a value to come."""
        return "<unknown>"

    def __deepcopy__(self, memo: dict[int, Any]) -> "Unknown":
        """Stay the only instance."""
        return self


UNKNOWN = Unknown()


@dataclass(frozen=True)
class AutoName:
    """How pulumi-aws names a resource whose program gave no name: `<logical name>-<7 hexadecimal digits>`.

    Attributes:
        property: the input that takes the name, usually `name`.
        max_length: the most characters that AWS takes.
        unless: inputs that, when given, leave the name to AWS (such as `namePrefix`).
        lower: whether AWS takes only lower case here.
        prefix: text that must begin the name (KMS aliases).
        suffix: text that must end the name (FIFO topics and queues).
    """

    property: str = "name"
    max_length: int = 255
    unless: tuple[str, ...] = ("namePrefix",)
    lower: bool = False
    prefix: str = ""
    suffix: str = ""


class ResourceType:
    """One type of resource. Subclasses are registered with `@resource(token)` and hold no state.

    The four methods get plain values; a secret is unwrapped before and wrapped again after. They raise botocore's own
    errors; the provider turns them into one message that names the call.
    """

    token: ClassVar[str] = ""
    #: Inputs whose change makes a new resource ("forces replacement" in the official provider's documentation).
    replace: ClassVar[frozenset[str]] = frozenset()
    #: Values that the provider fills in for inputs that the program left out.
    defaults: ClassVar[Mapping[str, Value]] = {}
    #: Which input the provider names by itself.
    autoname: ClassVar[AutoName | None] = None
    #: Whether the type has `tags` and `tagsAll`.
    tagged: ClassVar[bool] = True
    #: Inputs (dotted paths, list indexes left out) whose lists have no order.
    unordered: ClassVar[frozenset[str]] = frozenset()
    #: Inputs that hold JSON documents: compared by meaning, not by letter.
    documents: ClassVar[frozenset[str]] = frozenset()
    #: For an input that is an asset or archive: the derived input that holds the hash of its content. Where that is
    #: known and the same, so is the content, wherever it lies.
    content: ClassVar[Mapping[str, str]] = {}
    #: Outputs that are always secret.
    secrets: ClassVar[frozenset[str]] = frozenset()
    #: For an input: the outputs that its change makes anew, hence unknown in a preview of an update.
    recomputes: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    #: Whether two of these can't stand side by side, so that a replacement deletes first.
    delete_before_replace: ClassVar[bool] = False

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Yield (property, reason) for each input that the official provider refuses before any call.

        Values may be `UNKNOWN`; those are skipped.
        """
        return ()

    def derived(self, inputs: Properties) -> Properties:
        """Return inputs that follow from others and from what lies outside the program, such as the hash of a folder.

        They are part of the checked inputs, so that a diff sees when they change. Values may be `UNKNOWN`.
        """
        return {}

    def replaces(self, old: Properties, new: Properties) -> Iterable[str]:
        """Yield the inputs that make a new resource only under a condition, such as one kind of source for another.

        Values may be `UNKNOWN`. What replaces always belongs in `replace`.
        """
        return ()

    def renews(self, old: Properties, new: Properties) -> Iterable[str]:
        """Yield the outputs that an update makes anew only under a condition, hence unknown in its preview.

        Values may be `UNKNOWN`. What an input always makes anew belongs in `recomputes`.
        """
        return ()

    def create(self, aws: Session, inputs: Properties) -> str | tuple[str, Properties]:
        """Create the resource by real calls and return its id (as the official provider's `id`).

        Where outputs arise that no later call tells, such as a generated value: `(id, those outputs)`. They are in the
        state that `read` gets.
        """
        raise NotImplementedError(f"{self.token} can't be created by the local provider")

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        """Read the resource back by real calls.

        Args:
            aws: the way to the account.
            id: what `create` returned.
            state: the last known properties (inputs just after `create`).

        Returns:
            The live properties under the schema's names: outputs, and inputs as far as AWS tells them (`tags` holds
            every live tag; the provider takes its default tags out). None when the resource is gone. What isn't
            returned keeps its last value.
        """
        raise NotImplementedError(f"{self.token} can't be read by the local provider")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> Properties | None:
        """Bring the live resource from the old state to the new inputs, by real calls.

        Where outputs arise that no later call tells, return those.
        """
        raise NotImplementedError(f"{self.token} can't be updated by the local provider: every change replaces it")

    def retag(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        """Bring the live tags from the old to the new ones; called after each update."""

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        """Delete the resource by real calls. A resource that isn't there any more is no error."""
        raise NotImplementedError(f"{self.token} can't be deleted by the local provider")


Function = Callable[[Session, Properties], Properties]

_TYPES: dict[str, ResourceType] = {}
_FUNCTIONS: dict[str, Function] = {}


_T = TypeVar("_T", bound=type[ResourceType])
_F = TypeVar("_F", bound=Function)


def resource(token: str) -> Callable[[_T], _T]:
    """Register a resource type under its Pulumi token, such as `aws:ec2/vpc:Vpc`."""

    def register(cls: _T) -> _T:
        if token in _TYPES:
            raise ValueError(f"{token} is registered twice: by {type(_TYPES[token]).__name__} and {cls.__name__}")
        cls.token = token
        _TYPES[token] = cls()
        return cls

    return register


def function(token: str) -> Callable[[_F], _F]:
    """Register an invoke under its Pulumi token, such as `aws:index/getCallerIdentity:getCallerIdentity`."""

    def register(call: _F) -> _F:
        if token in _FUNCTIONS:
            raise ValueError(f"{token} is registered twice")
        _FUNCTIONS[token] = call
        return call

    return register


def types() -> Mapping[str, ResourceType]:
    """Return every registered resource type by token."""
    return _TYPES


def functions() -> Mapping[str, Function]:
    """Return every registered invoke by token."""
    return _FUNCTIONS
