"""What a run did, or would do: steps, counts, outputs and messages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.engine import planner, urns
from localcloud.engine.config import Config
from localcloud.engine.planner import Step
from localcloud.engine.state import Resource, counts, is_root
from localcloud.engine.values import UNKNOWN, PropertyMap, map_to_json, to_python
from localcloud.engine.watcher import Diagnostic

#: Operations in the order in which a summary counts them.
OPERATIONS = ("create", "update", "replace", "delete", "read", "discard", "same")


@dataclass(frozen=True)
class ResultStep:
    """One step of a run, as `pulumi preview --json` shows it.

    Attributes:
        op: `create`, `update`, `replace`, `delete`, `same`, `read`, … A replacement is one step.
        urn: the resource's URN; `type` and `name` are its parts.
        detailed_diff: kind (`add`, `update-replace`, …) by property path.
        keys: the properties that force a replacement.
        old_inputs: plain inputs before, with secrets as `[secret]`.
        new_inputs: plain inputs after, likewise; unknown values are None.
        error: why it failed, or None.
    """

    op: str
    urn: str
    detailed_diff: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    old_inputs: Mapping[str, Any] = field(default_factory=dict)
    new_inputs: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    @property
    def type(self) -> str:
        """The type of the resource, such as `aws:ec2/vpc:Vpc`."""
        return urns.type_of(self.urn)

    @property
    def name(self) -> str:
        """The logical name of the resource."""
        return urns.name_of(self.urn)


@dataclass(frozen=True)
class Result:
    """What a run did, or would do.

    Attributes:
        operation: `preview`, `up`, `refresh` or `destroy`.
        steps: in the order in which they were done; unchanged resources and default providers included.
        change_summary: resources by operation, without default providers.
        outputs: the stack's outputs; secrets are `[secret]`, unknown ones None.
        diagnostics: all messages.
        seconds: how long it took.
        placeholder_secrets: configuration keys that got a placeholder, for a secret that isn't there or wasn't asked
            for.
        real_secrets: configuration keys whose real values were used, as was asked for.
    """

    operation: str
    steps: tuple[ResultStep, ...]
    change_summary: Mapping[str, int]
    outputs: Mapping[str, Any]
    diagnostics: tuple[Diagnostic, ...]
    seconds: float
    ok: bool
    placeholder_secrets: tuple[str, ...] = ()
    real_secrets: tuple[str, ...] = ()
    _raw: tuple[Step, ...] = field(default=(), repr=False)
    _config: Config = field(default_factory=Config, repr=False)

    @property
    def exit_code(self) -> int:
        """What a shell gets."""
        return 0 if self.ok else 1

    @property
    def errors(self) -> tuple[str, ...]:
        """The messages of errors."""
        return tuple(d.message for d in self.diagnostics if d.severity == "error")

    @property
    def changes(self) -> tuple[ResultStep, ...]:
        """The steps that change something, without the stack's own outputs."""
        return tuple(s for s in self.steps if s.op not in ("same", "read") and s.type != urns.ROOT_TYPE)

    def by_op(self, op: str) -> tuple[ResultStep, ...]:
        """Return the steps of one operation."""
        return tuple(step for step in self.steps if step.op == op)

    def to_json(self) -> dict[str, Any]:
        """Return the run in the shape of `pulumi preview --json`.

        https://github.com/pulumi/pulumi/blob/master/pkg/display/json.go (PreviewDigest)
        """
        config = {k: "[secret]" if k in self._config.secrets else v for k, v in sorted(self._config.values.items())}
        made: dict[str, Any] = {"config": config} if config else {}
        made["steps"] = [_step_json(step) for step in self._raw if _shown_in_json(step)]
        if self.diagnostics:
            made["diagnostics"] = [
                {**({"urn": d.urn} if d.urn else {}), "message": d.message, "severity": d.severity}
                for d in self.diagnostics
            ]
        made["duration"] = int(self.seconds * 1e9)
        made["changeSummary"] = dict(self.change_summary)
        return made


def _shown_in_json(step: Step) -> bool:
    if step.replacing or not counts(step.resource):
        return False
    if step.op != planner.SAME or is_root(step.resource):
        return True
    return step.old is not None and step.new is not None and step.old.protect != step.new.protect


def _step_json(step: Step) -> dict[str, Any]:
    made: dict[str, Any] = {"op": step.op, "urn": step.urn}
    if step.resource.provider:
        made["provider"] = step.resource.provider
    if step.old is not None:
        made["oldState"] = step.old.to_dict(None)
    if step.new is not None:
        made["newState"] = step.new.to_dict(None)
    if step.diff is not None and step.diff.changed_keys:
        made["diffReasons"] = step.diff.changed_keys
    # The official engine gives none for what goes with another resource, nor for a part of a property.
    if step.op == planner.REPLACE and step.diff is not None and step.diff.replace_keys:
        made["replaceReasons"] = step.diff.replace_keys
    detailed = step.diff.detailed if step.diff else None
    made["detailedDiff"] = (
        {path: {"kind": kind, "inputDiff": inputs} for path, (kind, inputs) in detailed.items()} if detailed else None
    )
    return made


def op_of(step: Step) -> str:
    """Return the word that a step is counted under: a refresh counts as what it found."""
    if step.op == planner.REFRESH:
        return "delete" if step.new is None else "update" if step.diff and step.diff.changes else "same"
    return step.op


def result_step(step: Step, error: str | None) -> ResultStep:
    """Return what a person is told of a step."""
    op = op_of(step)
    return ResultStep(
        op=op,
        urn=step.urn,
        detailed_diff={path: kind for path, (kind, _) in ((step.diff and step.diff.detailed) or {}).items()},
        keys=tuple(step.keys),
        old_inputs=map_to_json(step.old.inputs) if step.old and op != "same" else {},
        new_inputs=map_to_json(step.new.inputs) if step.new and op != "same" else {},
        error=error,
    )


def root_outputs(resources: Iterable[Resource]) -> PropertyMap:
    """Return the outputs of the stack itself."""
    return next((resource.outputs for resource in resources if is_root(resource)), {})


def plain_outputs(outputs: PropertyMap, show_secrets: bool) -> dict[str, Any]:
    """Return outputs as plain values, with `[secret]` for secrets unless they are to be shown."""
    if show_secrets:
        return {key: to_python(value) for key, value in sorted(outputs.items())}
    found: dict[str, Any] = _known(map_to_json(outputs))
    return found


def _known(plain: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON with None where a value isn't known yet."""
    if isinstance(plain, list):
        return [_known(item) for item in plain]
    if isinstance(plain, dict):
        return {key: _known(item) for key, item in plain.items()}
    return None if plain == UNKNOWN else plain
