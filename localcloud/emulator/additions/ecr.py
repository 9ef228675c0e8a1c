"""ECR: an image under each release tag, and digests as registries compute them."""

from typing import Any

from moto.ecr.models import ECRBackend, Image, Repository

from localcloud.emulator import images

_DAY = 24 * 60 * 60


def install() -> None:
    """Install the additions."""
    # moto makes a digest from the layers' digests, or picks one of a hundred at random where there are none; in a
    # registry it is the SHA-256 of the manifest:
    # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Image.html
    Image._create_digest = _create_digest  # type: ignore[method-assign]

    # moto's repositories are born empty.
    create = ECRBackend.create_repository

    def create_repository(self: ECRBackend, *args: Any, **kwargs: Any) -> Repository:  # noqa: ANN401 - passed through
        repository = create(self, *args, **kwargs)
        for age, tag in enumerate(reversed(images.RELEASES)):
            manifest = images.manifest(repository.name, tag)
            image = Image(self.account_id, tag, manifest, repository.name, images.MANIFEST_TYPE)
            image.image_pushed_at -= age * _DAY
            repository.images.insert(0, image)
        return repository

    ECRBackend.create_repository = create_repository  # type: ignore[method-assign]


def _create_digest(self: Image) -> None:
    self._image_digest = images.digest(self.image_manifest)
