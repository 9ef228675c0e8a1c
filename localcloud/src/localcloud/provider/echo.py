"""How live values are told back: as the program wrote them where they mean the same.

AWS fills blocks in with defaults and answers lists without order in any order. A refresh that took those as they come
would show drift where nothing was changed, so that a resource type compares what it reads with what was written.
"""

import json
from typing import Any


def as_written(live: Any, written: Any) -> Any:  # noqa: ANN401 - any plain value
    """Return a live value in the shape of the written one.

    Members that the program left out are AWS's defaults and are dropped; list items that mean the same stand where
    the program put them. What really differs comes out as AWS tells it.
    """
    if isinstance(live, dict) and isinstance(written, dict):
        return {key: as_written(live[key], value) if key in live else None for key, value in written.items()}
    if isinstance(live, list) and isinstance(written, list):
        left = list(live)
        for item in written:
            match = next((index for index, other in enumerate(left) if same(as_written(other, item), item)), None)
            if match is None:
                break
            left.pop(match)
        else:
            return written + left
        if len(live) == len(written):
            return [as_written(one, other) for one, other in zip(live, written, strict=True)]
        return live
    if same(live, written):
        return written
    return live


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any plain value
    """Tell whether two plain values mean the same: 443 and "443" do, an absent member and an empty one do."""
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(key), other.get(key)) for key in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if one in (None, "", [], {}) and other in (None, "", [], {}):
        return True
    if isinstance(one, bool) or isinstance(other, bool):
        return str(one).lower() == str(other).lower()
    if isinstance(one, str) != isinstance(other, str):
        return str(one) == str(other)
    return bool(one == other)


def document(live: str | None, last: str | None) -> str | None:
    """Return the last text of a JSON document when the live one means the same, else the live one."""
    if live is None or last is None:
        return live
    try:
        return last if json.loads(live) == json.loads(last) else live
    except ValueError:
        return live
