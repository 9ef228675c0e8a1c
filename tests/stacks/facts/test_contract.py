"""Names, tags and outputs: what a stack is known by."""

import os
from typing import Any

import pytest

from stacks.systems import SYSTEMS
from tests.every import every
from tests.stacks.conftest import ROOT, Standing
from tests.stacks.reading import pages


def test_names_are_a_contract(standing: Standing) -> None:
    """A changed name or parent is a replaced resource: either ships with an alias, and with a changed golden file.

    A line is what Pulumi knows a resource by: the types of all its parents, its type and its name, as in its URN.
    `UPDATE_GOLDEN=1 make test` writes the files anew; read the difference before you commit it.
    """
    file = ROOT / "tests" / "stacks" / "golden" / f"{standing.name}.txt"
    names = sorted(resource.urn.split("::", 2)[2] for resource in standing.stack.resources())
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(names) + "\n")
    assert names == file.read_text().splitlines()


def test_everything_that_can_be_tagged_says_whose_it_is(standing: Standing) -> None:
    untagged = []
    for item in pages(standing.client("resourcegroupstaggingapi"), "get_resources", "ResourceTagMappingList"):
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        if tags.get("Environment") != standing.name or "Component" not in tags or tags.get("ManagedBy") != "pulumi":
            untagged.append((item["ResourceARN"], tags))
    assert not untagged


@pytest.mark.parametrize("name", ["prod", "staging"])
def test_outputs_are_what_a_person_looks_for(bring_up: Any, name: str) -> None:  # noqa: ANN401 - a fixture
    outputs = bring_up(name).stack.outputs()
    assert outputs["cluster"] == f"alicerce-{name}"
    assert outputs["loadBalancer"]["name"]
    for system in SYSTEMS:
        own = outputs[system.name]
        assert set(own["services"]) == set(system.services)
        assert set(own["repositories"]) == set(system.images)
        assert all(digest.startswith("sha256:") for digest in every(own["digests"].values()))
        assert own["database"].endswith(":5432")
        assert own["cache"].endswith(":6379")
        assert all(arn.startswith("arn:aws:secretsmanager:") for arn in every(own["secrets"].values()))
    assert outputs["aprendeai"]["broker"].endswith(":5671")
