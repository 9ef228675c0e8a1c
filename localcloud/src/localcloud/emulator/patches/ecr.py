"""ECR: an image under each release tag, digests as registries compute them, and tags that stay."""

from typing import Any

from moto.core.exceptions import JsonRESTError
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
    backend: Any = ECRBackend
    backend.put_image = _keeping_tags(backend.put_image)


def _keeping_tags(put: Any) -> Any:  # noqa: ANN401 - moto's method
    """Tell a tag that can't be overwritten from an image that was pushed before; moto tells the latter for both.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
    """

    def put_image(self: ECRBackend, repository_name: str, image_manifest: str, image_tag: str, *rest: Any) -> Image:  # noqa: ANN401
        repository = self.repositories.get(repository_name)
        holders = [item for item in repository.images if image_tag in item.image_tags] if repository else []
        if (
            repository
            and repository.image_tag_mutability == "IMMUTABLE"
            and any(item.image_manifest != image_manifest for item in holders)
        ):
            raise JsonRESTError(
                "ImageTagAlreadyExistsException",
                f"The image tag '{image_tag}' already exists in the '{repository_name}' repository and cannot be "
                "overwritten because the repository is immutable.",
            )
        image: Image = put(self, repository_name, image_manifest, image_tag, *rest)
        return image

    return put_image


def _create_digest(self: Image) -> None:
    self._image_digest = images.digest(self.image_manifest)
