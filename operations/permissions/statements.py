"""Statements of IAM policies, and the documents that they fit into.

Which action takes which resource and condition is in the Service Authorization Reference, one page a service:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: How long a managed policy may be, in characters without white space:
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
MANAGED_POLICY = 6144

Condition = Mapping[str, Mapping[str, str | list[str]]]
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement."""

    actions: tuple[str, ...]
    """What may, or may not, be done."""
    resources: tuple[str, ...]
    """With what."""
    condition: Condition = field(default_factory=dict)
    """Only when this holds, by operator and key."""
    effect: str = "Allow"
    """`Allow` or `Deny`."""
    sid: str = ""
    """What a reader is to know of it, as letters and digits; empty for nothing."""
    all_but: bool = False
    """Whether everything but the actions is meant."""

    @property
    def json(self) -> dict[str, Any]:
        """The statement as IAM takes it."""
        parts = {
            "Sid": self.sid,
            "Effect": self.effect,
            "NotAction" if self.all_but else "Action": sorted(self.actions),
            "Resource": sorted(self.resources),
            "Condition": self.condition,
        }
        return {name: part for name, part in parts.items() if part}


def allow(
    actions: str | Iterable[str],
    resources: str | Iterable[str] = "*",
    condition: Condition | None = None,
    sid: str = "",
) -> Statement:
    """Return a statement that allows actions; several stand in one text, with blanks between them."""
    return Statement(actions=_several(actions), resources=_several(resources), condition=condition or {}, sid=sid)


def deny(
    actions: str | Iterable[str],
    resources: str | Iterable[str] = "*",
    condition: Condition | None = None,
    *,
    sid: str = "",
    all_but: bool = False,
) -> Statement:
    """Return a statement that denies actions, or all but these."""
    return Statement(
        actions=_several(actions),
        resources=_several(resources),
        condition=condition or {},
        effect="Deny",
        sid=sid,
        all_but=all_but,
    )


def merged(statements: Iterable[Statement]) -> list[Statement]:
    """Put statements together that differ in their actions alone; what allows nothing is left out."""
    found: dict[str, Statement] = {}
    for one in statements:
        if not one.resources or not one.actions:
            continue
        key = json.dumps({**one.json, "Action": None, "NotAction": None, "all_but": one.all_but}, sort_keys=True)
        before = found.get(key, one)
        found[key] = Statement(**{**vars(one), "actions": tuple(sorted({*before.actions, *one.actions}))})
    return list(found.values())


def documents(statements: Sequence[Statement]) -> list[Document]:
    """Return few policy documents that hold the statements, none of them longer than IAM takes.

    Raises:
        ValueError: one statement alone is longer than a policy may be.
    """
    found: list[Document] = []
    for one in merged(statements):
        alone = _document([one.json])
        if length(alone) > MANAGED_POLICY:
            raise ValueError(f"a statement on {one.actions[0]} and others is longer than {MANAGED_POLICY} characters")
        for document in found:
            if length(_document([*document["Statement"], one.json])) <= MANAGED_POLICY:
                document["Statement"].append(one.json)
                break
        else:
            found.append(alone)
    return found


def length(document: Document) -> int:
    """Return the length of a document as IAM counts it, without white space."""
    return len(json.dumps(document, separators=(",", ":")))


def _document(statements: list[dict[str, Any]]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _several(given: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(given.split()) if isinstance(given, str) else tuple(given)
