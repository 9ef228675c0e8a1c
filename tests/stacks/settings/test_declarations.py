"""`Pulumi.yaml` declares the keys that the settings' models have."""

import pytest

from stacks.settings.declarations import FILE, config_section, whole
from stacks.systems import SYSTEMS


def test_the_project_file_declares_what_the_models_say() -> None:
    text = FILE.read_text()
    assert whole(text, SYSTEMS) == text, "Pulumi.yaml is stale: run `make config`"


def test_the_rest_of_the_project_file_is_kept() -> None:
    text = f"{FILE.read_text()}\n# Where plugins come from.\nplugins:\n  providers: []\n"
    assert whole(text.replace("description: The image tag", "description: A tag"), SYSTEMS) == text


def test_a_project_file_without_the_sections_comment_is_refused() -> None:
    with pytest.raises(SystemExit, match="lacks the comment"):
        whole("name: alicerce\n", SYSTEMS)


def test_every_system_has_its_keys_its_urls_and_its_supplied_secrets() -> None:
    section = config_section(SYSTEMS[:1])
    for key in ("release", "rotation", *SYSTEMS[0].urls, *SYSTEMS[0].supplied):
        assert f"  {SYSTEMS[0].name}:{key}:\n" in section
    assert f"{SYSTEMS[1].name}:" not in section
