"""What the pages show is what there is."""

import re
from pathlib import Path

from support.every import every

_ROOT = Path(__file__).parents[1]
_SOURCE = _ROOT / "src" / "localcloud"


def test_the_page_shows_a_resource_type_as_it_is() -> None:
    page = (_ROOT / "docs" / "add-a-resource-type.md").read_text()
    shown = re.search(r"^```python\n(@resource.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert shown is not None
    assert shown[1] in (_SOURCE / "provider" / "aws" / "cloudwatch.py").read_text()


def test_the_page_names_every_command() -> None:
    page = (_ROOT / "docs" / "local-cloud.md").read_text()
    commands = re.findall(r'(?:command\(|^        \()"([a-z]+)",', (_SOURCE / "cli.py").read_text(), re.M)
    assert {"up", "exec", "coverage"} < set(commands)
    for name in every(commands):
        assert re.search(rf"`[^`]*\b{name}\b", page), f"docs/local-cloud.md doesn't name {name}"
