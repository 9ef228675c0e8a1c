"""The invoke `aws.iam.get_policy_document`: a policy's JSON, put together without any call.

The text is laid out as the official provider lays it out, so that a policy made here and one made there are the same
to the letter: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

import json
import zlib
from collections.abc import Sequence
from typing import Any

from localcloud.provider.base import Properties, function
from localcloud.provider.session import Session

_MEMBERS = (
    ("Action", "actions"),
    ("NotAction", "notActions"),
    ("Resource", "resources"),
    ("NotResource", "notResources"),
)
_ORDER = (
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
)


@function("aws:iam/getPolicyDocument:getPolicyDocument")
def get_policy_document(aws: Session, args: Properties) -> Properties:
    """Put a policy document together from statements and from other documents.

    Raises:
        ValueError: when two statements of one source have the same Sid, or a source is no JSON.
    """
    merged: dict[str, Any] = {"Version": "", "Id": "", "Statement": []}
    known: set[str] = set()
    for source in args.get("sourcePolicyDocuments") or ():
        _merge(merged, _parsed(source, "sourcePolicyDocuments", known))
    version = args.get("version") or "2012-10-17"
    own = [_statement(item, version) for item in args.get("statements") or ()]
    _refuse_twins(own, "statements", set())
    _merge(merged, {"Version": version, "Id": args.get("policyId") or "", "Statement": own})
    for source in args.get("overridePolicyDocuments") or ():
        _merge(merged, _parsed(source, "overridePolicyDocuments", None))
    document = {key: value for key, value in merged.items() if value}
    text = _escaped(json.dumps(document, indent=2, ensure_ascii=False))
    return {
        "id": str(zlib.crc32(text.encode())),
        "json": text,
        "minifiedJson": _escaped(json.dumps(document, separators=(",", ":"), ensure_ascii=False)),
        "version": version,
    }


def _statement(given: Properties, version: str) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": given.get("sid"), "Effect": given.get("effect") or "Allow"}
    for key, name in _MEMBERS:
        if given.get(name):
            statement[key] = _strings(given[name], version)
    for key, name in (("Principal", "principals"), ("NotPrincipal", "notPrincipals")):
        if given.get(name):
            statement[key] = _principals(given[name], version)
    if given.get("conditions"):
        statement["Condition"] = _conditions(given["conditions"], version)
    return {key: statement[key] for key in _ORDER if statement.get(key)}


def _strings(values: Sequence[str], version: str) -> str | list[str]:
    """Return one string as it is and more of them sorted backwards, each once."""
    replaced = sorted({_variables(value, version) for value in values}, reverse=True)
    return replaced[0] if len(replaced) == 1 else replaced


def _principals(given: Sequence[Properties], version: str) -> str | dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for item in given:
        found.setdefault(item["type"], []).extend(_variables(name, version) for name in item["identifiers"])
    # IAM takes {"AWS": "*"} in a trust policy but neither "*" nor {"*": "*"}; only the last is written as "*".
    if found == {"*": ["*"]}:
        return "*"
    return {kind: _strings(names, version) for kind, names in sorted(found.items())}


def _conditions(given: Sequence[Properties], version: str) -> dict[str, dict[str, str | list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for item in given:
        values = found.setdefault(item["test"], {}).setdefault(item["variable"], [])
        values.extend(_variables(str(value), version) for value in item["values"])  # their order is kept
    return {
        test: {key: values[0] if len(values) == 1 else values for key, values in sorted(variables.items())}
        for test, variables in sorted(found.items())
    }


def _variables(text: str, version: str) -> str:
    """Write IAM's own variables as IAM does: `&{aws:username}` stands for `${aws:username}` in a program."""
    if version == "2008-10-17" and "&{" in text:
        raise ValueError(f"{text!r} has a variable, which version 2008-10-17 doesn't know: use version 2012-10-17")
    return text.replace("&{", "${")


def _parsed(source: str, where: str, known: set[str] | None) -> dict[str, Any]:
    try:
        document = json.loads(source)
    except ValueError as error:
        raise ValueError(f"{where}: a document is no JSON: {error}") from error
    statements = document.get("Statement") or []
    statements = statements if isinstance(statements, list) else [statements]
    if known is not None:
        _refuse_twins(statements, where, known)
    ordered = [{key: item[key] for key in _ORDER if item.get(key)} for item in statements]
    return {"Version": document.get("Version", ""), "Id": document.get("Id", ""), "Statement": ordered}


def _refuse_twins(statements: Sequence[dict[str, Any]], where: str, known: set[str]) -> None:
    for statement in statements:
        sid = statement.get("Sid")
        if sid and sid in known:
            raise ValueError(f"{where}: the Sid {sid} is there twice: remove it or make it unique")
        if sid:
            known.add(sid)


def _merge(into: dict[str, Any], document: dict[str, Any]) -> None:
    """Add a document's statements; one with the Sid of an earlier one takes its place."""
    into["Id"] = document["Id"] or into["Id"]
    into["Version"] = max(into["Version"], document["Version"])
    places = {item["Sid"]: index for index, item in enumerate(into["Statement"]) if item.get("Sid")}
    for statement in document["Statement"]:
        if statement.get("Sid") in places:
            into["Statement"][places[statement["Sid"]]] = statement
        else:
            into["Statement"].append(statement)


def _escaped(text: str) -> str:
    """Escape what Go's JSON writer escapes."""
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
