"""`python -m localcloud coverage`: resource types and invokes, the AWS calls that each makes, and who answers them.

Nothing of it is kept by hand. The calls are those that a type declares and those in its source, helpers included; who
answers is seen in moto's classes after our patches are installed: an answer is an addition's where any part of what
leads to it is code of ours, moto's where none is, and `nobody`'s where neither has any.
"""

import argparse
import ast
import functools
import importlib
import inspect
import json
import pkgutil
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

import botocore.session
from botocore import xform_name
from rich.console import Console
from rich.table import Table

from localcloud.provider import PACKAGES, base, load
from localcloud.provider.api import ApiResource

_OURS = "localcloud."

#: Services whose folder in moto has another name than their client, once dashes are left out.
_MOTO_NAMES = {"lambda": "awslambda"}

#: For a client's method of S3: what moto calls the part that answers it, where that is another name.
_S3_NAMES = {"get_bucket_lifecycle_configuration": "get_bucket_lifecycle"}


@dataclass(frozen=True, order=True)
class Call:
    """One call of AWS's API.

    Attributes:
        service: the name of its boto3 client.
        operation: AWS's name of it, such as `CreateTopic`.
        answered_by: `moto`, `addition` or `nobody`.
    """

    service: str
    operation: str
    answered_by: str


@dataclass(frozen=True)
class Row:
    """One resource type or invoke.

    Attributes:
        token: its Pulumi token.
        kind: `resource` or `invoke`.
        calls: what it calls, in order of their names.
    """

    token: str
    kind: str
    calls: list[Call]


def run(options: argparse.Namespace) -> int:
    """Print the table; return the exit code.

    Args:
        options: `match`, a part of the tokens to show, and `json`, whether to print JSON.
    """
    rows = [row for row in table() if options.match in row.token]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print(rows)
    return 0


def _print(rows: list[Row]) -> None:
    shown = Table("type or invoke", "calls answered by moto", "answered by our additions", show_lines=True)
    for row in rows:
        by = {
            who: ", ".join(f"{call.service} {call.operation}" for call in row.calls if call.answered_by == who)
            for who in ("moto", "addition", "nobody")
        }
        missing = f"\n[red]nobody: {by['nobody']}[/red]" if by["nobody"] else ""
        shown.add_row(row.token, by["moto"], by["addition"] + missing)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(shown)
    calls = {(call.service, call.operation): call.answered_by for row in rows for call in row.calls}
    count = Counter(calls.values())
    resources = sum(row.kind == "resource" for row in rows)
    console.print(
        f"{resources} resource types and {len(rows) - resources} invokes make {len(calls)} different calls: "
        f"{count['moto']} answered by moto, {count['addition']} by our additions, alone or around moto's answer, "
        f"{count['nobody']} by nobody, so that they fail"
    )


@functools.cache
def table() -> tuple[Row, ...]:
    """Return a row for every resource type and invoke of every package."""
    for package in PACKAGES:
        load(package)
    made: list[tuple[str, str, Iterable[Any], type | None]] = []
    for token, kind in base.types().items():
        methods = [member for owner in type(kind).__mro__ for member in vars(owner).values()]
        made.append((token, "resource", [_function(method) for method in methods], type(kind)))
    made += [(token, "invoke", [call], None) for token, call in base.functions().items()]
    _install_additions()
    rows = []
    for token, what, functions, cls in sorted(made, key=lambda item: item[:2]):
        calls = calls_of((function for function in functions if function is not None), cls)
        rows.append(
            Row(token, what, sorted(Call(service, name, answered_by(service, name)) for service, name in calls))
        )
    return tuple(rows)


# What a type calls


def calls_of(functions: Iterable[FunctionType], cls: type | None = None) -> set[tuple[str, str]]:
    """Return (service, operation) of every call in these functions and in ours that they use.

    A client is known by where it was made. One that is handed to a helper is any of the clients that are made on the
    way there and have such a call. A call whose name is put together, by `getattr(client, f"…")`, is any that fits.

    Args:
        functions: where to begin.
        cls: the type that they are methods of, whose attributes may be parts of such names.
    """
    reached = list(_reached(functions))
    declared = set(_declared(cls)) if cls is not None and issubclass(cls, ApiResource) else set()
    named = {service for function in reached for service in _clients_made(function)} | {one for one, _ in declared}
    return declared | {call for function in reached for call in _calls_in(function, named, cls)}


def _declared(cls: type[ApiResource]) -> Iterator[tuple[str, str]]:
    """Yield the calls that a type names in its declarations."""
    operations = _operations(cls.service)
    values = [value for owner in cls.__mro__ for value in vars(owner).values()]
    values += [item for value in values if isinstance(value, Mapping) for item in value.values()]
    tagging = cls.tagging
    values += [tagging.sets, tagging.removes, tagging.reads] if tagging is not None else []
    yield from ((cls.service, operations[value]) for value in values if isinstance(value, str) and value in operations)


def _reached(functions: Iterable[FunctionType]) -> Iterator[FunctionType]:
    """Yield functions and what they use of this project, each once."""
    waiting, seen = list(functions), set()
    while waiting:
        function = waiting.pop()
        if function in seen or not str(function.__module__).startswith("localcloud.provider."):
            continue
        seen.add(function)
        if function.__module__ in (
            "localcloud.provider.session",
            "localcloud.provider.base",
            "localcloud.provider.api",
        ):
            continue  # how clients are made and declared calls carried out, not what is called
        yield function
        for node in ast.walk(_tree(function)):
            waiting.extend(_used(function, node))


def _used(function: FunctionType, node: ast.AST) -> Iterator[FunctionType]:
    target: Any = None
    if isinstance(node, ast.Name):
        target = function.__globals__.get(node.id)
    elif isinstance(node, ast.Attribute):
        owner = function.__globals__.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if isinstance(owner, ModuleType):
            target = getattr(owner, node.attr, None)
        elif isinstance(owner, type):
            target = _function(inspect.getattr_static(owner, node.attr, None))
        elif isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            qualified = function.__qualname__.rpartition(".")[0]
            cls = function.__globals__.get(qualified)
            target = _function(inspect.getattr_static(cls, node.attr, None)) if isinstance(cls, type) else None
    if isinstance(target, FunctionType):
        yield target


def _function(member: Any) -> FunctionType | None:  # noqa: ANN401 - any member of a class
    """Return the function of a method, a static method, a class method or a property."""
    for attribute in ("__func__", "fget"):
        member = getattr(member, attribute, None) or member
    return member if isinstance(member, FunctionType) else None


@functools.cache
def _tree(function: FunctionType) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))


def _service_made(node: ast.AST) -> str | None:
    """Return the service of `….client("service", …)`."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "client"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ):
        return str(node.args[0].value)
    return None


def _clients_made(function: FunctionType) -> set[str]:
    return {service for node in ast.walk(_tree(function)) if (service := _service_made(node))}


def _calls_in(function: FunctionType, named: set[str], cls: type | None) -> Iterator[tuple[str, str]]:
    bound: dict[str, str] = {}
    for node in ast.walk(_tree(function)):
        if isinstance(node, ast.Assign):
            targets = node.targets[0]
            pairs = (
                zip(targets.elts, node.value.elts, strict=False)
                if isinstance(targets, ast.Tuple) and isinstance(node.value, ast.Tuple)
                else [(targets, node.value)]
            )
            for target, value in pairs:
                if isinstance(target, ast.Name) and (service := _service_made(value)):
                    bound[target.id] = service
    for node in ast.walk(_tree(function)):
        if not isinstance(node, ast.Attribute):
            continue
        methods, on = [node.attr], node.value
        if node.attr in ("get_paginator", "get_waiter"):
            continue
        service = _service_made(on) or (bound.get(on.id) if isinstance(on, ast.Name) else None)
        for candidate in [service] if service else sorted(named):
            for method in methods:
                if method in (operations := _operations(candidate)):
                    yield candidate, operations[method]
    for node in ast.walk(_tree(function)):
        # `client.get_paginator("list_topics")`, a method's name that is handed on as text, or one put together.
        text = _pattern(node, cls)
        for candidate in sorted({*named, *bound.values()}) if "_" in text else ():
            for method, operation in _operations(candidate).items():
                if re.fullmatch(text, method):
                    yield candidate, operation


def _pattern(node: ast.AST, cls: type | None) -> str:
    """Return a pattern of the names that a text may be, "" where it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    is_name = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr"
    if not is_name or not isinstance(name := node.args[1], ast.JoinedStr):  # type: ignore[attr-defined]
        return ""
    parts = []
    for part in name.values:
        if isinstance(part, ast.Constant):
            parts.append(re.escape(str(part.value)))
            continue
        of = part.value if isinstance(part, ast.FormattedValue) else None
        own = getattr(cls, of.attr, None) if isinstance(of, ast.Attribute) and cls is not None else None
        parts.append(re.escape(own) if isinstance(own, str) else r"\w+")
    return "".join(parts)


@functools.cache
def _operations(service: str) -> Mapping[str, str]:
    """Return a client's methods and AWS's names of them."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


# Who answers


@functools.cache
def _install_additions() -> None:
    """Change moto as in the emulator's process; this one answers no requests."""
    from localcloud.emulator.patches import install

    install()


@functools.cache
def answered_by(service: str, operation: str) -> str:
    """Return who answers a call: `moto`, `addition` or `nobody`."""
    _install_additions()
    classes = _classes(service)
    method = xform_name(operation)
    responses = [cls for cls in classes if cls.__name__.endswith("Response") or hasattr(cls, "dispatch")]
    by_name = _members(service)
    if service == "s3":  # its answers aren't one method each: those that the backend and the responses name tell
        method = _S3_NAMES.get(method, method)
        waiting = list(by_name.get(method, ()))
    else:
        waiting = []
    waiting += [found for cls in responses if (found := _own(cls, method)) is not None]
    if not waiting:
        return "nobody"
    seen = set()
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        if _ours(function):
            return "addition"
        for name in _names(function.__code__):
            waiting.extend(by_name.get(name, ()))
    return "moto"


def _names(code: CodeType) -> Iterator[str]:
    """Yield the names that code uses, in its inner functions too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _own(cls: type, name: str) -> FunctionType | None:
    return _function(inspect.getattr_static(cls, name, None))


def _ours(function: FunctionType) -> bool:
    """Tell whether a function's code is an addition's; what stands around moto's methods takes over their names."""
    return str(function.__globals__.get("__name__", "")).startswith(_OURS)


@functools.cache
def _classes(service: str) -> tuple[type, ...]:
    folder = "moto." + _MOTO_NAMES.get(service, service.replace("-", ""))
    package = importlib.import_module(folder)
    for part in pkgutil.walk_packages(package.__path__, f"{folder}."):
        importlib.import_module(part.name)
    modules = [module for name, module in list(sys.modules.items()) if name == folder or name.startswith(f"{folder}.")]
    found = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__.startswith(f"{folder}.")
    }
    return tuple(sorted(found, key=lambda cls: cls.__qualname__))


@functools.cache
def _members(service: str) -> Mapping[str, list[FunctionType]]:
    """Return what a service's classes can be asked to do, by name; a class itself stands for its constructor."""
    members: dict[str, list[FunctionType]] = {}
    for cls in _classes(service):
        response = cls.__name__.endswith("Response") or hasattr(cls, "dispatch")
        for name, member in vars(cls).items():
            # What a response asks by an action's name is its backend, not the action.
            inner = not name.startswith("__") and (not response or name.startswith("_"))
            if inner and (function := _function(member)) is not None:
                members.setdefault(name, []).append(function)
        if (constructor := _function(vars(cls).get("__init__"))) is not None:
            members.setdefault(cls.__name__, []).append(constructor)
    return members
