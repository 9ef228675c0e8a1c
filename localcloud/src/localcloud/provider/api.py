"""Resource types whose life is calls of one AWS service: what such a type declares, and the code that all of them use.

A type says which calls create, read, update and delete it, which argument names it, and what its properties are called
where the API has another name for them than the schema. How an argument is spelt and shaped is in botocore's own model
of the service (see `shapes`), so that it isn't declared again. Methods are overridden where a service is irregular.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jmespath  # type: ignore[import-untyped]

from localcloud.provider.base import Properties, ResourceType
from localcloud.provider.echo import as_written, document, same
from localcloud.provider.prefixes import prefixed
from localcloud.provider.session import Session
from localcloud.provider.shapes import (
    found,
    from_api,
    ignoring,
    input_shape,
    member_name,
    output_shape,
    tag_changes,
    tag_map,
    tags_as,
    to_api,
)

#: Inputs that are no arguments of a call: the first three are seen to apart, the last is part of the session.
#: Values that mean that an input isn't given.
_EMPTY: tuple[Any, ...] = (None, "", [], {})
_NO_ARGUMENTS = frozenset({"tags", "tagsAll", "region"})


@dataclass(frozen=True)
class Tagging:
    """How a service tags what it has.

    Attributes:
        resource: the argument of its calls that names what is tagged.
        sets: the call that sets tags.
        removes: the call that removes tags.
        reads: the call that lists tags; empty where they are told with the resource itself.
        answer: where the tags are in that answer, or in the described resource (JMESPath).
        by: the property that names what is tagged; `id` is the resource's id.
        fixed: further arguments that never change.
    """

    resource: str
    sets: str = "tag_resource"
    removes: str = "untag_resource"
    reads: str = "list_tags_for_resource"
    answer: str = "Tags"
    by: str = "arn"
    fixed: Mapping[str, str] | None = None


class ApiResource(ResourceType):
    """A type that is created, read, updated and deleted by calls of one service."""

    #: The name of the service's boto3 client, such as `elasticache`.
    service: ClassVar[str] = ""
    #: The client's methods, such as `create_user`. Without `updates` every change replaces, or is of tags alone.
    creates: ClassVar[str] = ""
    reads: ClassVar[str] = ""
    updates: ClassVar[str] = ""
    deletes: ClassVar[str] = ""
    #: How calls name the resource: the property and the argument that takes it. The id is the property's value; where
    #: there are several, their values with `separator` between them.
    keys: ClassVar[Mapping[str, str]] = {}
    separator: ClassVar[str] = "/"
    #: The argument of `creates` and `updates` that the inputs are members of, where they aren't arguments themselves.
    inside: ClassVar[str] = ""
    #: Further arguments of `reads`.
    reads_with: ClassVar[Mapping[str, Any]] = {}
    #: Where an id that AWS makes up is in the answer to `creates` (JMESPath, as for `aws --query`).
    new_id: ClassVar[str] = ""
    #: Where the resource is in the answer to `reads` (JMESPath).
    described: ClassVar[str] = "@"
    #: AWS's error codes for a resource that isn't there; `*` stands for anything.
    not_found: ClassVar[tuple[str, ...]] = ()
    #: Properties that the API calls otherwise, not only by the case of letters or the plural: at any depth.
    renames: ClassVar[Mapping[str, str]] = {}
    #: For a property that the account tells: where it is in the described resource (JMESPath). Inputs of the program
    #: that the API tells under the name of the argument are told without being here.
    outputs: ClassVar[Mapping[str, str]] = {}
    #: Whether `updates` takes everything again, not only what changed.
    updates_whole: ClassVar[bool] = False
    #: For an input: what `updates` is given when the program takes it away; others keep their live value.
    cleared: ClassVar[Mapping[str, Any]] = {}
    #: How it is tagged; None for a type without tags.
    tagging: ClassVar[Tagging | None] = None
    #: Inputs of the schema that the local cloud doesn't carry out: they are refused rather than ignored.
    missing: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        """A type is tagged when it says how."""
        if "tagged" not in vars(cls):
            cls.tagged = cls.tagging is not None

    # The life

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse what would be ignored."""
        return refused(inputs, self.missing)

    def create(self, aws: Session, inputs: Properties) -> str | tuple[str, Properties]:
        """Create it by `creates`."""
        inputs = self.with_name(inputs)
        tags = self.tags_argument(inputs)
        answer = self.call(aws, self.creates, **{**self.arguments(self.creates, inputs), **tags})
        id = str(jmespath.search(self.new_id, answer)) if self.new_id else self.id_of(inputs)
        self.after_create(aws, id, inputs)
        if not tags:
            self.retag(aws, id, {**self.parts(id), "tags": {}}, inputs)
        return id

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        """Do what creating needs beyond its call."""

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        """Read it by `reads`."""
        live = self.find(aws, id, state)
        if live is None:
            return None
        properties = {**self.parts(id), **self.properties(aws, live, state)}
        properties.pop("id", None)
        if self.tagging is not None:
            properties["tags"] = self.live_tags(aws, id, properties, live)
        blocks = {key: value for key, value in properties.items() if key in state and isinstance(value, dict | list)}
        return {**properties, **{key: as_written(value, state[key]) for key, value in blocks.items() if key != "tags"}}

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        """Return the resource as the API describes it, None where it isn't there."""
        where = self.naming(self.reads, id, state)
        answer = found(lambda: self.call(aws, self.reads, **where, **self.reads_with), *self.not_found)
        return jmespath.search(self.described, answer)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        """Return what a described resource says: inputs as the program wrote them where the API means the same."""
        found: Properties = {}
        for key in state.keys() - self.outputs.keys():
            member = self.member(self.creates, key)
            if state[key] is not None and member is not None and (value := live.get(member[0])) is not None:
                found[key] = self.echo(key, value, state)
        for key, path in self.outputs.items():
            if (value := jmespath.search(path, live)) is not None:
                found[key] = self.echo(key, value, state)
        return found

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> Properties | None:
        """Update it by `updates`."""
        keys = old.keys() | new.keys()
        changed = {key for key in keys if old.get(key) != new.get(key)} - _NO_ARGUMENTS
        arguments = self.changes(changed, old, new) if self.updates else {}
        if arguments:
            where = self.naming(self.updates, id, {**old, **new})
            self.call(aws, self.updates, **{**self.required(new), **arguments, **where})
        return None

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        """Return the arguments of `updates` for the inputs that changed, none where there is nothing to call for."""
        arguments = self.arguments(self.updates, {key: new[key] for key in changed if key in new})
        for key in changed & self.cleared.keys():
            member = self.member(self.updates, key)
            if new.get(key) in _EMPTY and old.get(key) not in _EMPTY and member is not None:
                arguments[member[0]] = self.cleared[key]
        if self.updates_whole and any(self.member(self.updates, key) for key in changed if key in new or key in old):
            return self.arguments(self.updates, new)
        return arguments

    def required(self, new: Properties) -> Properties:
        """Return what `updates` wants at each call."""
        needed = input_shape(self.service, self.updates).required_members
        return {name: value for name, value in self.arguments(self.updates, new).items() if name in needed}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        """Delete it by `deletes`, unless the program says to leave it."""
        if not state.get("skipDestroy"):
            with ignoring(*self.not_found):
                self.call(aws, self.deletes, **self.naming(self.deletes, id, state))

    # Tags

    def tags_argument(self, inputs: Properties) -> Properties:
        """Return the argument of `creates` that takes the tags; none where there are no tags, or no such argument."""
        members = input_shape(self.service, self.creates).members
        names = [name for name in members if name.lower().endswith("tags")]
        name = next((name for name in names if name.lower() == "tags"), next(iter(names), None))
        if name is None or not inputs.get("tags") or self.tagging is None:
            return {}
        return {name: tags_as(inputs["tags"], members[name])}

    def retag(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        """Bring the live tags from the old to the new ones."""
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if self.tagging is None:
            return
        named = id if self.tagging.by == "id" else old.get(self.tagging.by, "")
        for call, tags in ((self.tagging.removes, drop), (self.tagging.sets, put)):
            if tags:
                where = self._tagged(call, named)
                members = input_shape(self.service, call).members.items()
                name, shape = next(
                    one for one in members if one[0] not in where and one[1].type_name in ("list", "map")
                )
                self.call(aws, call, **where, **{name: tags_as(tags, shape)})

    def live_tags(self, aws: Session, id: str, properties: Properties, live: Any) -> dict[str, str]:  # noqa: ANN401
        """Return every tag of the resource."""
        assert self.tagging is not None
        if self.tagging.reads:
            named = id if self.tagging.by == "id" else properties[self.tagging.by]
            live = self.call(aws, self.tagging.reads, **self._tagged(self.tagging.reads, named))
        return tag_map(jmespath.search(self.tagging.answer, live))

    def _tagged(self, call: str, named: str) -> Properties:
        assert self.tagging is not None
        many = input_shape(self.service, call).members[self.tagging.resource].type_name == "list"
        return {**(self.tagging.fixed or {}), self.tagging.resource: [named] if many else named}

    # Parts

    def call(self, aws: Session, method: str, **arguments: Any) -> Any:  # noqa: ANN401 - botocore's
        """Make a call of the type's service."""
        return getattr(aws.client(self.service), method)(**arguments)

    def member(self, call: str, key: str) -> tuple[str, Any] | None:
        """Return (name, shape) of the argument of a call that takes a property, None where it takes no such thing."""
        names = {**self.renames, **self.keys}
        shape = input_shape(self.service, call)
        inner = shape.members.get(self.inside)
        for one in (shape, inner) if inner is not None else (shape,):
            if key not in _NO_ARGUMENTS and (name := member_name(key, one, names)) is not None:
                return name, one.members[name]
        return None

    def arguments(self, call: str, inputs: Properties) -> Properties:
        """Return inputs as the arguments of a call; what it doesn't take is left out."""
        outer = input_shape(self.service, call).members
        arguments: Properties = {self.inside: {}} if self.inside in outer else {}
        for key, value in inputs.items():
            if value is not None and (member := self.member(call, key)) is not None:
                name, shape = member
                into = arguments if name in outer else arguments[self.inside]
                into[name] = self.argument(key, value, shape)
        return arguments

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value, botocore's shape
        """Return a property's value as the API takes it."""
        return to_api(value, shape, self.renames)

    def echo(self, key: str, live: Any, state: Properties) -> Any:  # noqa: ANN401 - any API value
        """Return a live value as the program wrote it where both mean the same to the API."""
        last = state.get(key)
        if key in self.documents:
            return document(live, last)
        member = self.member(self.creates, key)
        if last is not None and member is not None:
            sent = self.argument(key, last, member[1])
            if same(as_written(live, sent), sent):
                return last
        path = self.outputs.get(key) or (member[0] if member else key)
        return from_api(live, output_shape(self.service, self.reads, f"{self.described}.{path}"))

    def id_of(self, inputs: Properties) -> str:
        """Return the id that the inputs give."""
        return self.separator.join(str(inputs[key]) for key in self.keys)

    def parts(self, id: str) -> Properties:
        """Return the properties that the id is made of."""
        return dict(zip(self.keys, id.split(self.separator, len(self.keys) - 1), strict=True))

    def where(self, id: str, state: Properties) -> Properties:
        """Return the arguments that name the resource."""
        return {self.keys[key]: value for key, value in self.parts(id).items()}

    def naming(self, call: str, id: str, state: Properties) -> Properties:
        """Return the arguments that name the resource in one call: `AlarmName`, or `AlarmNames` with it alone."""
        members = input_shape(self.service, call).members
        naming = {}
        for name, value in self.where(id, state).items():
            name = name if name in members else f"{name}s"
            naming[name] = [value] if members[name].type_name == "list" else value
        return naming

    def with_name(self, inputs: Properties) -> Properties:
        """Return inputs with a name made from its prefix, where that is what the program gave."""
        rule = self.autoname
        if rule is None or inputs.get(rule.property) or not inputs.get(f"{rule.property}Prefix"):
            return inputs
        return {**inputs, rule.property: prefixed(inputs[f"{rule.property}Prefix"])}


def refused(inputs: Properties, missing: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield a check failure for each input that the local cloud has no way to carry out."""
    for name in sorted(missing):
        if inputs.get(name) not in (None, False, "", [], {}):
            yield name, "the local cloud doesn't carry this input out; leave it out there"
