"""What a person sees of a run: progress while it works, differences, and a summary at the end."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.text import Text

from localcloud.engine import planner
from localcloud.engine.paths import changed_paths, get_path
from localcloud.engine.planner import Step
from localcloud.engine.result import Result, op_of
from localcloud.engine.state import Resource, counts, is_root
from localcloud.engine.values import UNKNOWN, contains_secret, from_json, is_computed, to_json
from localcloud.engine.watcher import Diagnostic, Watcher
from localcloud.inert import inert

_LONGEST_VALUE = 120
_MOST_RUNNING = 8
_MOST_OUTPUTS = 24
_KEPT_OF_PREFIX = 20

_STYLES = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "replace": ("±", "magenta"),
    "delete": ("-", "red"),
    "read": (">", "cyan"),
    "same": (" ", "dim"),
    "discard": ("-", "dim"),
}
_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "read": "read",
    "same": "unchanged",
    "discard": "forgotten",
}
_TO_DO = {
    "create": "to create",
    "update": "to update",
    "replace": "to replace",
    "delete": "to delete",
    "read": "to read",
    "same": "unchanged",
    "discard": "to forget",
}
_DOING = {
    planner.CREATE: "creating",
    planner.CREATE_REPLACEMENT: "creating the replacement",
    planner.UPDATE: "updating",
    planner.DELETE: "deleting",
    planner.DELETE_REPLACED: "deleting the replaced one",
    planner.READ: "reading",
    planner.READ_REPLACEMENT: "reading",
    planner.REFRESH: "reading back",
}


class Display(Watcher):
    """Shows one run on a console; given to `Stack.up` and the others."""

    def __init__(self, console: Console, operation: str, stack: str, *, details: bool = False) -> None:
        """Take the console, what is done and to which stack.

        Args:
            console: where to show it.
            operation: `preview`, `up`, `refresh` or `destroy`.
            stack: the stack's name.
            details: show every property of what is created, not only what changes.
        """
        self._console = console
        self._operation = operation
        self._stack = stack
        self._details = details
        self._running: dict[int, tuple[Step, float]] = {}
        self._done = 0
        self._steps: list[Step] = []
        self._live: Live | None = None

    def __enter__(self) -> "Display":
        """Start to show what runs, on a terminal."""
        verb = {
            "preview": "Previewing",
            "up": "Bringing up",
            "refresh": "Refreshing",
            "destroy": "Destroying",
        }[self._operation]
        self._console.print(f"[bold]{verb} stack {escape(self._stack)}[/bold]")
        if self._console.is_terminal:
            self._live = Live(
                console=self._console, transient=True, get_renderable=self._progress, refresh_per_second=8
            )
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop to show what runs."""
        if self._live:
            self._live.stop()

    # --- while it runs -----------------------------------------------------------------------------------------------

    def started(self, step: Step) -> None:
        """Note that a step starts."""
        if step.op in _DOING:
            self._running[id(step)] = (step, time.monotonic())

    def finished(self, step: Step, error: str | None) -> None:
        """Show a step that has ended, when it changed something."""
        _, began = self._running.pop(id(step), (step, time.monotonic()))
        self._done += 1
        self._steps.append(step)
        if not counts(step.resource):
            return
        if error is not None:
            self._console.print(_text(f"  ✗ {_title(step.resource)}  failed", "red bold"))
            return
        shown = op_of(step).partition("-")[0]
        if step.replacing and (step.op != planner.DELETE_REPLACED or self._operation == "preview"):
            return
        if shown == "same":
            return
        sign, style = _STYLES[shown]
        words = _TO_DO if self._operation == "preview" else _DONE
        line = Text(f"  {sign} ", style=style)
        line.append(inert(_title(step.resource)), style=style)
        line.append(f"  {words[shown]}" if not step.replacing else "  the replaced one deleted", style="dim")
        if step.keys:
            line.append(inert(f"  because of {', '.join(step.keys)}"), style="magenta")
        seconds = time.monotonic() - began
        if seconds >= 1:
            line.append(f"  {seconds:.1f} s", style="dim")
        self._console.print(line, soft_wrap=True)
        for row in self._rows(step):
            self._console.print(row, soft_wrap=True)

    def reported(self, diagnostic: Diagnostic) -> None:
        """Show a message; errors come with the summary."""
        if diagnostic.severity == "error":
            return
        style = {"warning": "yellow", "info": "dim"}.get(diagnostic.severity, "")
        about = f"{diagnostic.urn.rpartition('::')[2]}: " if diagnostic.urn else ""
        self._console.print(_text(f"  {diagnostic.severity}: {about}{diagnostic.message}", style), soft_wrap=True)

    def _progress(self) -> RenderableType:
        now = time.monotonic()
        lines: list[RenderableType] = []
        for step, began in list(self._running.values())[:_MOST_RUNNING]:
            lines.append(_text(f"    {_title(step.resource)}  {_DOING[step.op]}  {now - began:.0f} s", "dim"))
        if len(self._running) > _MOST_RUNNING:
            lines.append(Text(f"    and {len(self._running) - _MOST_RUNNING} more", style="dim"))
        return Group(Spinner("dots", f" {self._done} done, {len(self._running)} under way"), *lines)

    # --- differences -------------------------------------------------------------------------------------------------

    def _rows(self, step: Step) -> list[Text]:
        """Return a line for each property that changes."""
        if step.op in (planner.UPDATE, planner.REPLACE, planner.REFRESH) and step.old and step.new:
            return [_row(kind, path, old, new) for kind, path, old, new in differences(step)]
        if self._details and step.op == planner.CREATE and step.new:
            return [_row("add", key, None, value) for key, value in sorted(step.new.inputs.items())]
        return []

    def _outputs(self, outputs: Mapping[str, Any]) -> list[Text]:
        """Return the outputs as lines; of many, only those that say what stands where."""
        lines = _tree(outputs, 1)
        if len(lines) <= _MOST_OUTPUTS:
            return [_text(line) for line in lines]
        short = {name: kept for name, value in outputs.items() if (kept := _brief(value)) not in ({}, [])}
        stack = "" if self._stack == "local" else f" --stack {self._stack}"
        rest = Text(f"  all {len(lines)} lines of them: {_python()} -m localcloud output{stack}", style="dim")
        return [*(_text(line) for line in _tree(short, 1)), rest]

    def _output_changes(self) -> list[Text]:
        """Return a line for each output that a preview would change."""
        for step in self._steps:
            if is_root(step.resource) and step.new is not None and self._operation == "preview":
                old, new = step.old.outputs if step.old else {}, step.new.outputs
                return [
                    _row(kind, path, get_path(old, path), get_path(new, path))
                    for path, kind in changed_paths(old, new).items()
                ]
        return []

    # --- the end -----------------------------------------------------------------------------------------------------

    def summary(self, result: Result) -> None:
        """Show what it came to."""
        console = self._console
        console.print()
        for message in result.errors:
            console.print(_text(f"error: {message}", "red"), soft_wrap=True)
        if result.errors:
            console.print()
        if result.placeholder_secrets and self._operation in ("up", "preview"):
            names = ", ".join(result.placeholder_secrets)
            console.print(_text(f"Placeholders for secrets that this stack lacks: {names}", "yellow"), soft_wrap=True)
        if result.real_secrets and self._operation in ("up", "preview"):
            names = ", ".join(result.real_secrets)
            console.print(_text(f"Real secrets, since they were asked for: {names}", "red"), soft_wrap=True)
        lines = self._outputs(result.outputs) if self._operation == "up" else self._output_changes()
        if lines:
            console.print("[bold]Outputs[/bold]" if self._operation == "up" else "[bold]Outputs that change[/bold]")
            for line in lines:
                console.print(line, soft_wrap=True)
            console.print()
        restarts = _restarts(self._steps)
        if restarts:
            will = "restart" if self._operation == "preview" else "restarted"
            console.print(_text(f"ECS services that {will}: {', '.join(restarts)}", "yellow"), soft_wrap=True)
        words = _TO_DO if self._operation == "preview" else _DONE
        parts = [
            f"[{_STYLES.get(op, ('', ''))[1] or 'default'}]{count} {words.get(op, op)}[/]"
            for op, count in result.change_summary.items()
        ]
        console.print(f"[bold]Resources[/bold]  {', '.join(parts) or 'none'}  [dim]in {result.seconds:.1f} s[/dim]")
        cluster = _cluster(self._steps)
        if result.ok and self._operation == "up" and cluster:
            command = f"{_python()} -m localcloud exec -- aws ecs list-services --cluster {cluster}"
            console.print(f"[bold]Look around[/bold]  {escape(command)}", soft_wrap=True)


def _text(text: str, style: str = "") -> Text:
    """Return text that may come from a program, a provider or a container, made inert."""
    return Text(inert(text), style=style)


def differences(step: Step) -> list[tuple[str, str, PropertyValue | None, PropertyValue | None]]:
    """Return (kind, path, old value, new value) of each property that a step changes."""
    assert step.old is not None
    assert step.new is not None
    if step.diff is not None and step.diff.detailed:
        found = [(kind, path) for path, (kind, _) in sorted(step.diff.detailed.items())]
    else:
        found = [(kind, path) for path, kind in changed_paths(step.old.inputs, step.new.inputs).items()]
    rows: list[tuple[str, str, PropertyValue | None, PropertyValue | None]] = []
    for kind, path in found:
        old = get_path(step.old.inputs, path)
        if old is None and not kind.startswith("add"):
            old = get_path(step.old.outputs, path)
        rows.append((kind, path, old, get_path(step.new.inputs, path)))
    return rows


def _row(kind: str, path: str, old: PropertyValue | None, new: PropertyValue | None) -> Text:
    sign, style = _STYLES[{"add": "create", "delete": "delete"}.get(kind.partition("-")[0], "update")]
    line = _text(f"      {sign} {path}: ", style)
    inner = _inside_json(old, new)
    if inner:
        for sub_path, a, b in inner:
            line.append(inert(f"\n          {sub_path}: "), style="default")
            line.append(inert(" => ".join(_pair(a, b))), style="default")
    elif old is None or kind.startswith("add"):
        line.append(inert(_value(new)), style="default")
    elif new is None or kind.startswith("delete"):
        line.append(inert(_value(old)), style="default")
    else:
        shown = " => ".join(_pair(_value(old, cut=False), _value(new, cut=False)))
        line.append(inert(shown), style="default")
    if kind.endswith("-replace"):
        line.append("  (forces the replacement)", style="magenta")
    return line


def _value(value: PropertyValue | None, *, cut: bool = True) -> str:
    if value is None:
        return "(none)"
    if value.is_secret:
        return "[secret]"
    if is_computed(value):
        return "(known after up)"
    text = json.dumps(_masked(to_json(value)), ensure_ascii=False)
    return _cut(text) if cut else text


def _masked(plain: Any) -> Any:  # noqa: ANN401 - JSON
    if plain == UNKNOWN:
        return "(known after up)"
    if isinstance(plain, list):
        return [_masked(item) for item in plain]
    if isinstance(plain, Mapping):
        return {key: _masked(item) for key, item in plain.items()}
    return plain


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _pair(old: str, new: str) -> tuple[str, str]:
    """Return two values, long ones without most of what they begin with in common, so that the difference is seen."""
    if max(len(old), len(new)) > _LONGEST_VALUE // 2:
        common = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
        if common > 2 * _KEPT_OF_PREFIX:
            old, new = f'"…{old[common - _KEPT_OF_PREFIX :]}', f'"…{new[common - _KEPT_OF_PREFIX :]}'
    return _cut(old), _cut(new)


def _inside_json(old: PropertyValue | None, new: PropertyValue | None) -> list[tuple[str, str, str]]:
    """Return what differs inside two JSON documents, such as policies and container definitions."""
    if old is None or new is None or contains_secret(old) or contains_secret(new):
        return []
    if not isinstance(old.value, str) or not isinstance(new.value, str):
        return []
    try:
        before, after = json.loads(old.value), json.loads(new.value)
    except ValueError:
        return []
    if not isinstance(before, (dict, list)) or not isinstance(after, type(before)):
        return []
    left, right = {"": from_json(before)}, {"": from_json(after)}
    rows = []
    for path in changed_paths(left, right):
        a, b = get_path(left, path), get_path(right, path)
        rows.append((path.removeprefix('[""]').removeprefix("."), _value(a, cut=False), _value(b, cut=False)))
    return rows


def _title(resource: Resource) -> str:
    """Return a resource as Pulumi's own display names it: `aws:ec2:Vpc main`."""
    package, _, rest = resource.type.partition(":")
    module, _, name = rest.rpartition(":")
    module = module.partition("/")[0]
    short = ":".join(part for part in (package, module, name) if part and part != "index")
    return f"{short}  {resource.name}"


def output_lines(outputs: Mapping[str, Any]) -> list[str]:
    """Return outputs as lines for a person."""
    return [inert(line) for line in _tree(outputs, 0)]


def _tree(value: Any, depth: int) -> list[str]:  # noqa: ANN401 - JSON
    """Return outputs as indented lines, grouped as they are."""
    indent = "  " * depth
    if isinstance(value, Mapping):
        lines = []
        width = max((len(str(k)) for k, v in value.items() if not isinstance(v, (Mapping, list))), default=0)
        for key, item in value.items():
            if isinstance(item, (Mapping, list)) and item:
                lines += [f"{indent}{key}", *_tree(item, depth + 1)]
            else:
                lines.append(f"{indent}{key!s:<{width}}  {_scalar(item)}")
        return lines
    if isinstance(value, list):
        return [line for item in value for line in ([f"{indent}{_scalar(item)}"])]
    return [f"{indent}{_scalar(value)}"]


def _brief(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return of an output what a person looks for first: its own texts, and every address further down."""
    if not isinstance(value, Mapping):
        return [] if isinstance(value, list) else value
    short = {}
    for key, item in value.items():
        if not isinstance(item, (Mapping, list)):
            short[key] = item
        elif isinstance(item, Mapping) and (found := {k: v for k, v in item.items() if str(v).startswith("http")}):
            short[key] = found
    return short


def _scalar(value: Any) -> str:  # noqa: ANN401 - JSON
    if value is None:
        return "(known after up)"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _restarts(steps: list[Step]) -> list[str]:
    """Return the ECS services whose tasks are replaced: those with another task definition."""
    return sorted(
        step.resource.name
        for step in steps
        if step.resource.type == "aws:ecs/service:Service"
        and step.op in (planner.UPDATE, planner.REPLACE)
        and (step.op == planner.REPLACE or any(row[1].startswith("taskDefinition") for row in differences(step)))
    )


def _python() -> str:
    """Return how a person in this folder calls the Python that runs this, such as `.venv/bin/python`."""
    path = Path(sys.executable)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else "python"


def _cluster(steps: list[Step]) -> str | None:
    """Return the name of the stack's first ECS cluster."""
    for step in steps:
        if step.new is not None and step.resource.type == "aws:ecs/cluster:Cluster":
            name = step.new.outputs.get("name")
            if name is not None and isinstance(name.value, str):
                return name.value
    return None
