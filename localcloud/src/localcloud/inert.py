"""Text from outside made harmless: what a container, a task or a provider says never controls who shows it.

`components.core.inert` is the same for the program and for `operations`, which know nothing of this package.
"""

import json
import re
import unicodedata
from typing import Any

#: What may stay of the characters without a form of their own: joiners, which scripts and emoji need.
_JOINERS = "\u200c\u200d"
#: Commands of a GitHub Actions runner. At the beginning of a line any name counts; elsewhere those that a broken line
#: could bring there: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
_COMMAND = re.compile(
    r"^(\s*)::|::(?=(?:add-mask|add-matcher|add-path|debug|echo|endgroup|error|group|notice|remove-matcher|save-state|"
    r"set-env|set-output|stop-commands|warning)\b)",
    re.MULTILINE | re.IGNORECASE,
)
#: The older form, which counts anywhere in a line, and that of Azure Pipelines.
_OLD_COMMAND = re.compile(r"##(?=\[|vso\[)", re.IGNORECASE)


def inert(text: str) -> str:
    r"""Return text that a terminal and a CI runner only show.

    Control characters, the escapes of terminals among them, and what turns the direction of writing are shown as
    Python writes them (`\x1b`); commands to the runner are broken by a backslash (`:\:add-mask::`).
    """
    shown = "".join(map(_visible, text.replace("\r\n", "\n")))
    broken = _COMMAND.sub(lambda found: f"{found[1] or ''}:\\:", shown)
    return _OLD_COMMAND.sub(r"#\\#", broken)


def inert_json(document: Any) -> str:  # noqa: ANN401 - JSON
    """Return a document as JSON of the same value, in which nothing controls a terminal or a runner."""
    text = json.dumps(document, indent=4, ensure_ascii=False)
    # A line of it begins with a quote or a bracket, never with a command; the older form counts anywhere.
    escaped = "".join(c if _visible(c) == c else json.dumps(c)[1:-1] for c in text)
    return _OLD_COMMAND.sub(r"#\\u0023", escaped)


def _visible(character: str) -> str:
    if character in "\n\t" or character in _JOINERS:
        return character
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode()
    return character
