"""What a repository keeps, and what it refuses first."""

import json
from typing import Any

import pulumi
import pytest

from components.delivery.registry import Registry, RegistryArgs, lifecycle_policy
from tests.components.recording import ACCOUNT, KEY, TAGS, Recording, record


def _args(**overrides: object) -> RegistryArgs:
    values: dict[str, Any] = {
        "repository_name": "alicerce-prod/aprendeai-api",
        "keep_releases": 20,
        "kms_key_arn": KEY,
        "force_delete": False,
        "tags": TAGS,
        **overrides,
    }
    return RegistryArgs(**values)


def _built(**overrides: object) -> Recording:
    return record(lambda: Registry("aprendeai-api", _args(**overrides)))


NAME_RULE = (
    '2 to 256 lower case letters, digits and single ._-/ between them; write it like "alicerce-prod/aprendeai-api"'
)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"repository_name": "Api"}, f"RegistryArgs.repository_name is 'Api'; allowed: {NAME_RULE}"),
        ({"repository_name": "a"}, f"RegistryArgs.repository_name is 'a'; allowed: {NAME_RULE}"),
        ({"repository_name": "a--b"}, f"RegistryArgs.repository_name is 'a--b'; allowed: {NAME_RULE}"),
        (
            {"keep_releases": 1},
            "RegistryArgs.keep_releases is 1; allowed: 2 to 1000; keep the running release and one to roll back to",
        ),
        (
            {"running_tags": [None, "v1", "-v2"]},
            "RegistryArgs.running_tags is '-v2'; allowed: image tags: 1 to 128 letters, digits and ._- not beginning "
            "with . or -; give the tag of the release that runs",
        ),
    ],
)
def test_a_value_that_ecr_refuses_is_refused_first(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_tags_never_move_and_images_are_scanned_and_encrypted() -> None:
    repository = _built().named("aprendeai-api-repository").inputs

    assert repository["imageTagMutability"] == "IMMUTABLE", "ECR.2: a release must be what it was when it was tested"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}, "ECR.1"
    assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}], "ECR.5"


@pytest.mark.parametrize("flag", [True, False])
def test_deletion_is_as_told(flag: bool) -> None:
    repository = _built(force_delete=flag, protect=not flag).named("aprendeai-api-repository")

    assert (repository.inputs["forceDelete"], repository.protect) == (flag, not flag)


def test_only_releases_beyond_the_last_expire() -> None:
    (rule,) = json.loads(lifecycle_policy(20, []))["rules"]

    assert rule["selection"] == {
        "tagStatus": "tagged",
        "tagPatternList": ["*"],
        "countType": "imageCountMoreThan",
        "countNumber": 20,
    }
    assert rule["action"] == {"type": "expire"}


def test_no_rule_can_take_an_untagged_image_or_counts_days() -> None:
    selections = [rule["selection"] for rule in json.loads(lifecycle_policy(2, ["v1", "v2"]))["rules"]]

    assert {selection["tagStatus"] for selection in selections} == {"tagged"}, (
        "the images of a multi-architecture index have no tag, and run"
    )
    assert {selection["countType"] for selection in selections} == {"imageCountMoreThan"}, "an old release may run"


def test_what_runs_is_matched_first_by_a_rule_that_it_cannot_exceed() -> None:
    rules = json.loads(lifecycle_policy(20, ["v9", "v1", "v9"]))["rules"]

    assert [
        (rule["rulePriority"], rule["selection"]["tagPatternList"], rule["selection"]["countNumber"]) for rule in rules
    ] == [(1, ["v1"], 1), (2, ["v9"], 1), (3, ["*"], 20)]


def test_what_other_stacks_run_is_kept_once_it_is_known() -> None:
    tags = ("v9", pulumi.Output.from_input("v1"), pulumi.Output.from_input(None))
    policy = _built(running_tags=tags).named("aprendeai-api-lifecycle").inputs["policy"]

    assert policy == lifecycle_policy(20, ["v1", "v9"]), "and a stack that runs nothing yet has nothing to keep"


def test_what_it_gives_out_is_what_a_push_and_a_role_need() -> None:
    assert _built().outputs_of("aprendeai-api") == {
        "repository_url": "registry.example/alicerce-prod/aprendeai-api",
        "arn": f"arn:aws:test:us-east-1:{ACCOUNT}:aprendeai-api-repository",
    }
