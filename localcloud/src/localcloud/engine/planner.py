"""Which steps bring a resource from what the stack has to what the program wants.

The rules are the official step generator's:
https://github.com/pulumi/pulumi/blob/master/pkg/resource/deploy/step_generator.go. A step says what is to be
done; doing it is the executor's job.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.engine import urns
from localcloud.engine.paths import reset_path
from localcloud.engine.providers import Diff, Handle, Registry, diff_of_inputs
from localcloud.engine.state import Checkpoint, Resource
from localcloud.engine.values import PropertyMap, computed, contains_secret, to_python

SAME = "same"
CREATE = "create"
UPDATE = "update"
DELETE = "delete"
REPLACE = "replace"
CREATE_REPLACEMENT = "create-replacement"
DELETE_REPLACED = "delete-replaced"
READ = "read"
READ_REPLACEMENT = "read-replacement"
READ_DISCARD = "discard"
DISCARD_REPLACED = "discard-replaced"
REMOVE_PENDING_REPLACE = "remove-pending-replace"
REFRESH = "refresh"


class PlanError(Exception):
    """A resource that can't be planned; the text says why, and what to do."""


@dataclass(kw_only=True)
class Alias:
    """Another name that a resource had: a whole URN, or what differs from its present one."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(kw_only=True)
class Goal:
    """A resource as the program wants it."""

    type: str
    name: str
    custom: bool
    inputs: PropertyMap = field(default_factory=dict)
    parent: str = ""
    provider: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    protect: bool | None = None
    retain_on_delete: bool | None = None
    delete_before_replace: bool | None = None
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    hooks: dict[str, list[str]] = field(default_factory=dict)


@dataclass(kw_only=True, eq=False)
class Step:
    """One thing to do to one resource.

    Attributes:
        op: what, in the official engine's words.
        old: the resource before, if there was one.
        new: the resource after, if there will be one.
        diff: what the provider said of the change.
        keys: the properties that force a replacement.
        replacing: whether it is a part of a replacement, of which the step `replace` tells a person.
        pending_delete: a create whose predecessor is deleted at the end of the run.
        pending_replacement: a delete whose successor is created later in the run.
    """

    op: str
    old: Resource | None = None
    new: Resource | None = None
    diff: Diff | None = None
    keys: list[str] = field(default_factory=list)
    replacing: bool = False
    pending_delete: bool = False
    pending_replacement: bool = False

    @property
    def resource(self) -> Resource:
        """The new resource, or the old one where there is no new one."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def urn(self) -> str:
        """The URN of the resource."""
        return self.resource.urn


class Planner:
    """Plans one run, resource by resource, in the order in which the program registers them."""

    def __init__(self, project: str, stack: str, base: Checkpoint, registry: Registry) -> None:
        """Start from what the stack has."""
        self._project = project
        self._stack = stack
        self._registry = registry
        self.rebase(base)
        self.urns: set[str] = set()
        #: The operation that each URN's steps amount to.
        self._operated: dict[str, str] = {}
        self._deletes: set[str] = set()
        self._pending_deletes: set[int] = set()
        self._dependent_keys: dict[str, list[str]] = {}
        self._aliased: dict[str, str] = {}  # old URN to new
        self._alias_of: dict[str, str] = {}  # new URN to old
        self._provider_inputs: dict[str, PropertyMap] = {}
        #: Messages to show beside the steps: (URN, text).
        self.notes: list[tuple[str, str]] = []

    def rebase(self, base: Checkpoint) -> None:
        """Start from another base than at first: what a refresh found."""
        self._base = base.resources
        self._olds = base.current()

    def alias_of(self, urn: str) -> str | None:
        """Return the URN that a resource had before, when it was found by an alias."""
        return self._alias_of.get(urn)

    # --- a registration ----------------------------------------------------------------------------------------------

    def _claim(self, goal_type: str, name: str, parent: str) -> str:
        if parent and parent not in self.urns:
            raise PlanError(f"the parent {parent} of {goal_type} {name!r} isn't registered")
        urn = urns.create(self._stack, self._project, parent, goal_type, name)
        if urn in self.urns:
            raise PlanError(
                f"Duplicate resource URN '{urn}': two resources of the type {goal_type} are named {name!r}. "
                "Give one of them another name"
            )
        self.urns.add(urn)
        return urn

    async def plan(self, goal: Goal) -> list[Step]:
        """Plan a registered resource.

        Raises:
            PlanError: the resource can't be what the program wants.
        """
        urn = self._claim(goal.type, goal.name, goal.parent)
        old = self._find_old(urn, goal)
        new = Resource(
            urn=urn,
            type=goal.type,
            custom=goal.custom,
            inputs=goal.inputs,
            parent=goal.parent,
            provider=goal.provider,
            dependencies=goal.dependencies,
            property_dependencies=goal.property_dependencies,
            protect=bool(goal.protect),
            retain_on_delete=bool(goal.retain_on_delete),
            additional_secret_outputs=goal.additional_secret_outputs,
            custom_timeouts=goal.custom_timeouts,
            ignore_changes=goal.ignore_changes,
            replace_on_changes=goal.replace_on_changes,
            hooks=goal.hooks,
            created=old.created if old else "",
            modified=old.modified if old else "",
        )
        kept = None if old is None or old.external or urn in self._deletes else old
        if kept is not None:
            new.inputs = self._ignore(urn, goal, kept.inputs)
        if goal.custom:
            new.inputs = await self._check(urn, goal, kept.inputs if kept else {}, new.inputs)
        if urns.is_provider(goal.type):
            self._provider_inputs[urn] = new.inputs

        if urn in self._deletes:
            return self._recreate(urn, old, new)
        if old is None:
            self._operated[urn] = CREATE
            return [Step(op=CREATE, new=new)]
        if old.external:
            # The program takes over what it only read so far: as a replacement, whose old part isn't deleted.
            self._operated[urn] = CREATE
            return [
                Step(op=CREATE_REPLACEMENT, old=old, new=new, replacing=True, pending_delete=True),
                Step(op=REPLACE, old=old, new=new, pending_delete=True),
            ]
        diff = await self._diff(urn, old, new, goal)
        if urn in self._deletes:  # another resource's replacement took this one away in the meantime
            return self._recreate(urn, old, new)
        return await self._steps_of(diff, urn, old, new, goal)

    def _ignore(self, urn: str, goal: Goal, old: PropertyMap) -> PropertyMap:
        inputs = goal.inputs
        impossible: list[str] = []
        for path in goal.ignore_changes:
            try:
                inputs, possible = reset_path(path, old, inputs)
            except ValueError as error:
                raise PlanError(f"{goal.type} {goal.name!r}: ignore_changes: {error}") from None
            if not possible:
                impossible.append(path)
        if impossible:
            paths = ", ".join(impossible)
            self.notes.append((urn, f'cannot ignore changes in added or removed elements of the path: "{paths}"'))
        return inputs

    async def _check(self, urn: str, goal: Goal, old: PropertyMap, new: PropertyMap) -> PropertyMap:
        seed = os.urandom(32)
        if urns.is_provider(goal.type):
            checked, failures = await self._registry.check(urn, old, new, seed)
        else:
            handle = await self._handle(goal.provider, urn)
            checked, failures = await handle.check(urn, old, new, seed)
        if failures:
            lines = [
                f"{goal.type} resource {goal.name!r}: property {failure.property} value "
                f"{_shown(new.get(failure.property.split('.')[0].split('[')[0]))} has a problem: {failure.reason}"
                if failure.property
                else f"{goal.type} resource {goal.name!r} has a problem: {failure.reason}"
                for failure in failures
            ]
            raise PlanError("\n".join(lines))
        return checked

    async def _handle(self, ref: str, urn: str) -> Handle:
        handle = self._registry.get(ref)
        if handle is None:
            try:
                handle = await self._registry.ensure(ref, self.provider_resource(ref))
            except LookupError as error:
                raise PlanError(f"{urn}: {error}") from None
        return handle

    def provider_resource(self, ref: str) -> Resource | None:
        """Return the provider resource that the last run left under a reference, or None."""
        urn, identity = urns.parse_reference(ref)
        matching = [r for r in self._base if r.urn == urn and r.id == identity]
        return matching[0] if matching else None

    def _recreate(self, urn: str, old: Resource | None, new: Resource) -> list[Step]:
        """Create anew what was deleted in this run because it depends on a resource that is deleted first."""
        assert old is not None
        self._deletes.discard(urn)
        self._operated[urn] = REPLACE
        keys = self._dependent_keys.get(urn, [])
        return [
            Step(op=REPLACE, old=old, new=new, keys=keys),
            Step(op=CREATE_REPLACEMENT, old=old, new=new, keys=keys, replacing=True),
        ]

    # --- aliases -----------------------------------------------------------------------------------------------------

    def _find_old(self, urn: str, goal: Goal) -> Resource | None:
        if urn in self._aliased:
            raise PlanError(
                f"Duplicate resource URN '{urn}' conflicting with alias on resource with URN '{self._aliased[urn]}'"
            )
        if urn in self._olds:
            return self._olds[urn]
        for candidate in self._aliases(goal):
            old = self._olds.get(candidate)
            if old is None:
                continue
            if candidate in self.urns or candidate in self._aliased:
                holder = self._aliased.get(candidate, candidate)
                raise PlanError(
                    f"Duplicate resource alias '{candidate}' applied to resource with URN '{urn}' "
                    f"conflicting with resource with URN '{holder}'"
                )
            self._aliased[candidate] = urn
            self._alias_of[urn] = candidate
            return old
        return None

    def _aliases(self, goal: Goal) -> list[str]:
        """Return the URNs that the resource may have had: its own aliases, and those that its parent's give it."""
        own = [self._alias_urn(goal, alias) for alias in goal.aliases]
        inherited = []
        if (parent_alias := self._alias_of.get(goal.parent)) is not None:
            names = [(goal.type, goal.name), *((urns.type_of(urn), urns.name_of(urn)) for urn in own)]
            inherited = [self._inherited(type_, name, urns.name_of(goal.parent), parent_alias) for type_, name in names]
        return list(dict.fromkeys([*own, *inherited]))

    def _alias_urn(self, goal: Goal, alias: Alias) -> str:
        if alias.urn:
            return alias.urn
        parent = alias.parent or goal.parent
        if alias.parent:
            parent = self._alias_of.get(alias.parent, alias.parent)
        if alias.no_parent:
            parent = ""
        return urns.create(
            alias.stack or self._stack,
            alias.project or self._project,
            parent,
            alias.type or goal.type,
            alias.name or goal.name,
        )

    def _inherited(self, type_: str, name: str, parent_name: str, parent_alias: str) -> str:
        """Return the URN of a child under its parent's old one; a name that starts with the parent's follows it."""
        if name.startswith(parent_name):
            name = urns.name_of(parent_alias) + name[len(parent_name) :]
        return urns.create(self._stack, self._project, parent_alias, type_, name)

    # --- the difference ----------------------------------------------------------------------------------------------

    async def _diff(self, urn: str, old: Resource, new: Resource, goal: Goal) -> Diff:
        if await self._provider_changed(old, new):
            return Diff(True, replace_keys=["provider"])
        if not goal.custom:
            return diff_of_inputs(old.inputs, new.inputs)
        if urns.is_provider(goal.type):
            diff = await self._registry.diff(old, urn, new.inputs)
        else:
            handle = await self._handle(goal.provider, urn)
            diff = await handle.diff(old, new.inputs, goal.ignore_changes)
        return diff.with_replace_on_changes(goal.replace_on_changes)

    async def _provider_changed(self, old: Resource, new: Resource) -> bool:
        """Tell whether the resource's provider is another one that can't manage what the old one made."""
        if old.provider == new.provider:
            return False
        if not old.provider or not new.provider:
            return True
        old_urn, _ = urns.parse_reference(old.provider)
        new_urn, _ = urns.parse_reference(new.provider)
        if self._aliased.get(old_urn) == new_urn:
            return False
        before = self.provider_resource(old.provider)
        handle = self._registry.get(new.provider)
        if before is None or handle is None:
            return True
        diff = await handle.diff_config(before.id, before, self._provider_inputs.get(new_urn, {}))
        return diff.replace

    async def _steps_of(self, diff: Diff, urn: str, old: Resource, new: Resource, goal: Goal) -> list[Step]:
        if not diff.changes and not old.pending_replacement:
            if old.init_errors:
                self._operated[urn] = UPDATE
                return [Step(op=UPDATE, old=old, new=new, diff=diff)]
            self._operated[urn] = SAME
            return [Step(op=SAME, old=old, new=new)]
        if not diff.replace and not old.pending_replacement:
            self._operated[urn] = UPDATE
            return [Step(op=UPDATE, old=old, new=new, diff=diff)]
        if new.protect and old.protect:
            reasons = ", ".join(diff.replace_reasons())
            raise PlanError(
                f"unable to replace resource {urn}: it is protected, and a change of {reasons or 'it'} needs a new "
                "one. To replace it, take `protect` off the resource in the program and run up again"
            )
        self._operated[urn] = REPLACE
        if goal.custom:
            # What the provider filled in came from the old resource; the new one gets its own.
            new.inputs = await self._check(urn, goal, {}, goal.inputs)
        keys = diff.replace_reasons()
        first = goal.delete_before_replace
        if not (diff.delete_before_replace if first is None else first):
            return [
                Step(
                    op=CREATE_REPLACEMENT, old=old, new=new, diff=diff, keys=keys, replacing=True, pending_delete=True
                ),
                Step(op=REPLACE, old=old, new=new, diff=diff, keys=keys, pending_delete=True),
            ]
        steps = await self._delete_dependents(urn, old)
        if not old.pending_replacement:
            steps.append(Step(op=DELETE_REPLACED, old=old, replacing=True, pending_replacement=True))
        steps.append(Step(op=REPLACE, old=old, new=new, diff=diff, keys=keys))
        steps.append(Step(op=CREATE_REPLACEMENT, old=old, new=new, diff=diff, keys=keys, replacing=True))
        return steps

    # --- delete before replace ---------------------------------------------------------------------------------------

    async def _delete_dependents(self, urn: str, old: Resource) -> list[Step]:
        """Plan the deletion, last dependent first, of what must go before a resource that is deleted first."""
        steps: list[Step] = []
        for dependent, keys in reversed(await self._dependent_replacements(old)):
            if id(dependent) in self._pending_deletes:
                continue
            self._dependent_keys[dependent.urn] = keys
            if dependent.delete:
                steps.append(Step(op=DELETE_REPLACED, old=dependent, replacing=True))
            else:
                if dependent.protect:
                    raise PlanError(
                        f"unable to replace resource {dependent.urn} as part of replacing {urn}: it is protected. "
                        "To replace it, take `protect` off the resource in the program and run up again"
                    )
                steps.append(Step(op=DELETE_REPLACED, old=dependent, replacing=True, pending_replacement=True))
            self._deletes.add(dependent.urn)
            self._pending_deletes.add(id(dependent))
        return steps

    async def _dependent_replacements(self, root: Resource) -> list[tuple[Resource, list[str]]]:
        """Return the resources that would be replaced if all that they take from the root were unknown."""
        found: list[tuple[Resource, list[str]]] = []
        replaced = {root.urn}
        touched = {root.urn}
        seen_root = False
        for resource in self._base:
            if resource is root:
                seen_root = True
                continue
            if not seen_root or resource.urn in self._operated or resource.urn in self._deletes:
                continue
            if not resource.dependencies_but_parent() & touched:
                continue
            touched.add(resource.urn)
            if not resource.custom or resource.external:
                continue
            keys = await self._replaced_with(resource, replaced)
            if keys is not None:
                found.append((resource, keys))
                replaced.add(resource.urn)
        return found

    async def _replaced_with(self, resource: Resource, replaced: set[str]) -> list[str] | None:
        """Return the properties that would force the resource's replacement, or None when it would stay."""
        if resource.provider and urns.parse_reference(resource.provider)[0] in replaced:
            await self._handle(resource.provider, resource.urn)
            return []
        inputs = {
            key: computed() if replaced & set(resource.property_dependencies.get(key, ())) else value
            for key, value in resource.inputs.items()
        }
        if not any(replaced & set(depends_on) for depends_on in resource.property_dependencies.values()):
            return None
        if urns.is_provider(resource.type):
            diff = await self._registry.diff(resource, resource.urn, inputs)
        else:
            handle = await self._handle(resource.provider, resource.urn)
            diff = await handle.diff(resource, inputs, resource.ignore_changes)
        diff = diff.with_replace_on_changes(resource.replace_on_changes)
        return diff.replace_keys if diff.replace else None

    # --- reading -----------------------------------------------------------------------------------------------------

    def plan_read(self, wanted: Resource) -> list[Step]:
        """Plan a `get`: the resource is read, and never changed or deleted by this stack.

        Raises:
            PlanError: another resource has its URN.
        """
        wanted.urn = self._claim(wanted.type, wanted.name, wanted.parent)
        old = self._olds.get(wanted.urn)
        self._operated[wanted.urn] = READ
        if old is not None and not old.external and old.id != wanted.id:
            self._operated[wanted.urn] = REPLACE
            return [
                Step(op=READ_REPLACEMENT, old=old, new=wanted, replacing=True, pending_delete=True),
                Step(op=REPLACE, old=old, new=wanted, pending_delete=True),
            ]
        return [Step(op=READ, old=old, new=wanted)]

    # --- the end -----------------------------------------------------------------------------------------------------

    def plan_deletes(self) -> list[Step]:
        """Plan the deletion of what the program no longer has, and of what was replaced."""
        steps: list[Step] = []
        for resource in self._base:
            if resource.delete:
                if id(resource) not in self._pending_deletes:
                    steps.append(Step(op=_deletion(resource, replaced=True), old=resource, replacing=True))
                continue
            if self._aliased.get(resource.urn, resource.urn) in self._operated:
                continue
            if resource.pending_replacement:
                steps.append(Step(op=REMOVE_PENDING_REPLACE, old=resource, replacing=True))
            else:
                steps.append(Step(op=_deletion(resource, replaced=False), old=resource))
        return steps


def _deletion(resource: Resource, *, replaced: bool) -> str:
    if resource.external:
        return DISCARD_REPLACED if replaced else READ_DISCARD
    return DELETE_REPLACED if replaced else DELETE


def dependents_among(steps: Iterable[Step], order: list[Resource]) -> dict[int, list[Step]]:
    """Return for each step (by the identity of its resource) the steps whose resources depend on its resource.

    Of two resources with one URN, the nearest that comes before counts, and a dependency on a component is one on all
    that it has, as far as that comes before (https://github.com/pulumi/pulumi/blob/master/pkg/resource/graph).
    """
    by_resource = {id(step.resource): step for step in steps}
    found: dict[int, list[Step]] = {key: [] for key in by_resource}
    at: dict[str, list[Resource]] = {}
    children: dict[str, list[Resource]] = {}
    for resource in order:
        step = by_resource.get(id(resource))
        if step is not None:
            for urn in resource.all_dependencies():
                for one in at.get(urn, []):
                    needed = [one]
                    if not one.custom and urn != resource.parent:
                        needed += children.get(urn, [])
                    for dependency in needed:
                        if id(dependency) in found and dependency is not resource:
                            found[id(dependency)].append(step)
        at.setdefault(resource.urn, []).append(resource)
        parent = resource.parent
        seen: set[str] = set()
        while parent and parent not in seen:
            seen.add(parent)
            children.setdefault(parent, []).append(resource)
            above = at.get(parent)
            parent = above[-1].parent if above else ""
    return found


def _shown(value: PropertyValue | None) -> str:
    if value is None:
        return "{<nil>}"
    return "[secret]" if contains_secret(value) else repr(to_python(value))
