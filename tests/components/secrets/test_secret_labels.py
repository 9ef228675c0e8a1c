"""Which versions of a secret keep their label."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import botocore.exceptions
import pulumi

from components.secrets.secret_labels import KEPT, prune, surplus

REGION = "eu-west-1"
ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:jwt-abcdef"


def _version(number: int, *stages: str) -> dict[str, Any]:
    created = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return {"VersionId": f"v{number}", "CreatedDate": created, "VersionStages": list(stages)}


def test_the_newest_versions_keep_their_labels() -> None:
    versions = [_version(number, f"version-{number}") for number in (3, 1, 2)]

    assert surplus(versions, kept=2) == [("version-1", "v1")]


def test_labels_that_are_not_ours_are_never_touched() -> None:
    versions = [_version(1, "AWSPREVIOUS", "somebodys"), _version(2, "AWSCURRENT", "version-2"), _version(3)]

    assert surplus(versions, kept=0) == [("version-2", "v2")]


def test_all_labels_together_stay_within_what_aws_allows() -> None:
    assert KEPT + len(["AWSCURRENT", "AWSPREVIOUS", "the next one"]) <= 20


def _args(arn: str) -> pulumi.ResourceHookArgs:
    return pulumi.ResourceHookArgs(
        urn="urn:pulumi:test::alicerce::aws:secretsmanager/secretVersion:SecretVersion::jwt-version",
        id="version",
        name="jwt-version",
        type="aws:secretsmanager/secretVersion:SecretVersion",
        new_inputs={"secretId": arn},
    )


class _SecretsManager:
    """Secrets Manager's labels (moto takes an old version's own label away, and dates every version now).

    It answers two versions a page, and refuses a twenty-first label.
    """

    def __init__(self) -> None:
        self.stages: dict[str, str] = {}
        self.versions = 0

    def put_secret_value(self, label: str) -> None:
        new = f"v{self.versions}"
        self.versions += 1
        if "AWSCURRENT" in self.stages:
            self.stages["AWSPREVIOUS"] = self.stages["AWSCURRENT"]
        self.stages |= {"AWSCURRENT": new, label: new}
        assert len(self.stages) <= 20, "LimitExceededException: AWS allows 20 labels in all versions together"

    def list_secret_version_ids(self, SecretId: str, NextToken: str = "0") -> dict[str, Any]:
        labelled = sorted(set(self.stages.values()))
        first = int(NextToken)
        page = {
            "Versions": [
                _version(int(version[1:]), *(stage for stage, holder in self.stages.items() if holder == version))
                for version in labelled[first : first + 2]
            ]
        }
        return page | ({"NextToken": str(first + 2)} if first + 2 < len(labelled) else {})

    def update_secret_version_stage(self, SecretId: str, VersionStage: str, RemoveFromVersionId: str) -> None:
        assert self.stages.pop(VersionStage) == RemoveFromVersionId


def test_thirty_values_leave_the_newest_labelled_and_never_meet_the_quota() -> None:
    client = _SecretsManager()

    for number in range(30):
        client.put_secret_value(f"version-{number:02}")
        with patch("components.core.aws_clients.client", return_value=client) as made:
            prune(_args(ARN))
        made.assert_called_once_with("secretsmanager", REGION)

    ours = sorted(stage for stage in client.stages if stage.startswith("version-"))
    assert ours == [f"version-{number:02}" for number in range(30 - KEPT, 30)], (
        "the newest versions are those that a rollback goes to"
    )


def test_not_being_allowed_to_prune_is_a_warning_and_not_a_failed_update() -> None:
    denied = botocore.exceptions.ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListSecretVersionIds")

    with patch("components.core.aws_clients.client", side_effect=denied), patch("pulumi.log.warn") as warn:
        prune(_args(ARN))

    (message,) = warn.call_args.args
    assert message == (
        f"jwt-version: the labels of old versions of {ARN} couldn't be looked after (An error occurred "
        "(AccessDeniedException) when calling the ListSecretVersionIds operation: Unknown); AWS allows 20, so allow "
        "secretsmanager:ListSecretVersionIds and UpdateSecretVersionStage before there are more"
    )
