"""What holds of every test, whatever it is about."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(file for folder in ("tests", "localcloud/tests") for file in (ROOT / folder).rglob("*.py"))


def _is_known(items: ast.expr) -> bool:
    """Tell whether a reader sees that there are items: by `every`, a literal, or a constant in capitals."""
    match items:
        case ast.Name(id=name):
            return name.isupper()
        case ast.Call(func=ast.Name(id="every")):
            return True
        case ast.Call(func=ast.Name(id="enumerate" | "range" | "reversed" | "sorted" | "zip"), args=inner):
            return all(map(_is_known, inner))
        case ast.Call(func=ast.Attribute(value=inner, attr="items" | "keys" | "values")):
            return _is_known(inner)
    return isinstance(items, (ast.Constant, ast.Dict, ast.List, ast.Set, ast.Tuple))


def _asserts(node: ast.AST) -> bool:
    """Tell whether something is asserted in a node."""
    return any(
        isinstance(part, ast.Assert) or (isinstance(part, ast.With) and "pytest.raises" in ast.unparse(part.items[0]))
        for part in ast.walk(node)
    )


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, context)}


def _may_see_nothing(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield loops whose assertions may never be made: over what may be empty, or under a condition on the item."""
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and _asserts(node):
            if not _is_known(node.iter):
                yield node
            branches = [part for part in ast.walk(node) if isinstance(part, ast.If) and not part.orelse]
            of_items = [part for part in branches if _names(part.test, ast.Load) & _names(node, ast.Store)]
            yield from filter(_asserts, of_items)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "all":
            loops = [part for part in ast.walk(node) if isinstance(part, ast.comprehension)]
            yield from (part for part in loops if not _is_known(part.iter))


def test_no_assertion_in_a_loop_holds_by_looking_at_nothing() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {ast.unparse(node).splitlines()[0]}"
        for file in FILES
        for node in _may_see_nothing(ast.parse(file.read_text()))
    ]
    assert not found, "loop over `every(…)`, which refuses to be empty, and choose the items there, not by an `if`"
