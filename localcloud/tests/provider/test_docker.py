"""Images, as far as the emulated registry goes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

IMAGE = "docker:index/image:Image"
REPOSITORY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/app"


@pytest.fixture
def context(tmp_path: Path, aws: Session) -> Path:
    aws.client("ecr").create_repository(repositoryName="app", imageTagMutability="MUTABLE")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    return tmp_path


def _digest(aws: Session, tag: str) -> str:
    images = aws.client("ecr").describe_images(repositoryName="app", imageIds=[{"imageTag": tag}])["imageDetails"]
    return str(images[0]["imageDigest"])


def test_an_image_is_pushed_and_follows_its_sources(driver: Callable[..., Any], aws: Session, context: Path) -> None:
    drive = driver("docker")
    program = {"imageName": f"{REPOSITORY}:v9", "build": {"context": str(context)}}
    asked = drive.check(IMAGE, program)
    id, state = drive.create(IMAGE, asked)
    assert state["repoDigest"] == f"{REPOSITORY}@{_digest(aws, 'v9')}"
    assert state["registryServer"] == "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    assert not drive.diff(IMAGE, id, state, asked, drive.check(IMAGE, program, asked)).changes
    assert drive.read(IMAGE, id, state, asked) == (id, state, asked)

    (context / "main.py").write_text("print()\n")
    new = drive.check(IMAGE, program, asked)
    difference = drive.diff(IMAGE, id, state, asked, new)
    assert set(difference.detailed_diff) == {"contextDigest"}
    assert difference.replaces == []
    updated = drive.update(IMAGE, id, state, asked, new)
    assert updated["repoDigest"] != state["repoDigest"]
    assert updated["repoDigest"] == f"{REPOSITORY}@{_digest(aws, 'v9')}"
    drive.delete(IMAGE, id, updated, new)
    assert _digest(aws, "v9"), "images stay in their registry"


def test_a_tag_that_is_taken_and_immutable_is_refused(driver: Callable[..., Any], aws: Session, context: Path) -> None:
    aws.client("ecr").put_image_tag_mutability(repositoryName="app", imageTagMutability="IMMUTABLE")
    drive = driver("docker")
    asked = drive.check(IMAGE, {"imageName": f"{REPOSITORY}:v1.0.0", "build": {"context": str(context)}})
    with pytest.raises(
        ProviderError, match=r"creating thing .*the tag v1\.0\.0 of app is taken by another image \(sha256:"
    ):
        drive.create(IMAGE, asked)
    asked = drive.check(IMAGE, {"imageName": f"{REPOSITORY}:v9", "build": {"context": str(context)}})
    assert drive.create(IMAGE, asked)[1]["repoDigest"] == drive.create(IMAGE, asked)[1]["repoDigest"]


@pytest.mark.parametrize(
    ("inputs", "failure"),
    [
        (
            {"imageName": "nginx:1"},
            (
                "imageName",
                '"nginx:1" is in no registry of the local cloud: name a repository of the emulated account, '
                "123456789012.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>",
            ),
        ),
        ({}, ("imageName", "is missing: give the image's name, with its registry and its tag")),
        (
            {"imageName": f"{REPOSITORY}:v1", "build": {"context": "/no/such"}},
            ("build", 'its context "/no/such" is no folder: give the path of one, from where the program runs'),
        ),
    ],
)
def test_images_that_cannot_be_pushed_fail_the_check(
    driver: Callable[..., Any], inputs: dict[str, Any], failure: tuple[str, str]
) -> None:
    failures = driver("docker").checked(IMAGE, inputs).failures
    assert [(item.property, item.reason) for item in failures] == [failure]
