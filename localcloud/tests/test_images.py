"""The images that stand in every repository."""

import hashlib

import pytest
from botocore.exceptions import ClientError

from localcloud.emulator import images
from localcloud.provider.session import Session


def _digests(aws: Session, repository: str) -> dict[str, str]:
    details = aws.client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    return {tag: image["imageDigest"] for image in details for tag in image["imageTags"]}


def test_every_repository_holds_an_image_under_each_release_tag(aws: Session) -> None:
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="a/web", imageTagMutability="IMMUTABLE")
    ecr.create_repository(repositoryName="a/api")
    web, api = _digests(aws, "a/web"), _digests(aws, "a/api")
    assert tuple(web) == images.RELEASES
    assert len({*web.values(), *api.values()}) == 2 * len(images.RELEASES), "each image has a digest of its own"
    ecr.delete_repository(repositoryName="a/web", force=True)
    ecr.create_repository(repositoryName="a/web")
    assert _digests(aws, "a/web") == web, "a digest that moved would look like a release"


def test_an_image_that_a_person_pushes_has_the_digest_of_its_manifest(aws: Session) -> None:
    ecr = aws.client("ecr")
    ecr.create_repository(repositoryName="web", imageTagMutability="IMMUTABLE")
    manifest = images.manifest("web", "mine")
    ecr.put_image(repositoryName="web", imageTag="v3.0.0", imageManifest=manifest)
    assert _digests(aws, "web")["v3.0.0"] == f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    with pytest.raises(ClientError, match="ImageTagAlreadyExistsException"):
        ecr.put_image(repositoryName="web", imageTag="v1.0.0", imageManifest=images.manifest("web", "other"))
