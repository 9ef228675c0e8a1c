"""Ways to write a private path, and how the firewall reads them. Add a spelling here whenever one is found."""

import posixpath
import re
from typing import Any
from urllib.parse import unquote

from tests.every import every

#: Each leads some framework to `/admin` or `/metrics`, or to what is below.
SPELLINGS = (
    "/admin",
    "/admin/",
    "/admin/users",
    "/metrics",
    "/Admin",
    "/ADMIN/users",
    "//admin",
    "///admin//users",
    "/./admin",
    "/x/../admin",
    "/x/y/../../admin",
    "/%61dmin",
    "/%2561dmin",
    "/%2e/admin",
    "/x/%2e%2e/admin",
    "/%2Fadmin",
    "/admin%2fusers",
    "/admin%252fusers",
    "/admin;x",
    "/admin;jsessionid=1/users",
    "/;/admin",
    "/;v=1/admin",
    "/x/..;/admin",
    "/..;/admin",
    "/admin%20",
    "/admin%09",
    "/admin%0a",
    "/admin%0d%0a",
    "/admin%00",
    "/admin%3f",
    "/admin%23",
    "/admin+",
    "/admin,x",
    "/admin\\users",
    "\\admin",
    "/\\admin",
    "/x\\..\\admin",
    "/admin/..",
    "/admin/../",
    "/admin/./..",
    "/admin/%2e%2e",
    "/admin/..;/",
    "/admin:80",
    "/admin@x",
    "/admin!",
    "/admin'",
    "/admin(1)",
    "/admin%c0%af",
    "/admin%e2%80%8b",
)


def matches(statement: Any, path: str, host: str) -> bool:  # noqa: ANN401 - a statement of WAF's
    """Evaluate a statement of a web ACL's rule for a request's path and Host header.

    https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-transformation.html
    """
    ((kind, body),) = statement.items()
    if kind == "and_statement":
        return all(matches(one, path, host) for one in every(body["statements"]))
    if kind == "or_statement":
        return any(matches(one, path, host) for one in every(body["statements"]))
    if kind == "not_statement":
        return not matches(body["statement"], path, host)
    assert kind == "regex_match_statement"
    assert len(body["regex_string"]) <= 512, "the longest that WAF takes"
    text = path if "uri_path" in body["field_to_match"] else host
    for transformation in sorted(body["text_transformations"], key=lambda one: int(one["priority"])):
        text = _TRANSFORMATIONS[transformation["type"]](text)
    return re.search(body["regex_string"], text, re.DOTALL) is not None


def _normalised(path: str) -> str:
    """Resolve dot segments, and take a backslash for a slash."""
    return re.sub("^/+", "/", posixpath.normpath("/" + path.replace("\\", "/")))


_TRANSFORMATIONS = {
    "LOWERCASE": str.lower,
    "URL_DECODE": lambda text: unquote(text, errors="replace"),
    "NORMALIZE_PATH_WIN": _normalised,
}
