"""Repositories and their images."""

from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ecr.models import ECRBackend, Image, Repository

from localcloud.emulator import images
from localcloud.emulator.patching import patch

_DAY = 24 * 60 * 60


@patch(ECRBackend, "create_repository")
def create_repository(original: Any, self: ECRBackend, *args: Any, **kwargs: Any) -> Repository:
    """Put the images of `localcloud.emulator.images` into each new repository; moto's are empty."""
    repository: Repository = original(self, *args, **kwargs)
    for age, tag in enumerate(reversed(images.RELEASES)):
        manifest = images.manifest(repository.name, tag)
        image = Image(self.account_id, tag, manifest, repository.name, images.MANIFEST_TYPE)
        image.image_pushed_at -= age * _DAY
        repository.images.insert(0, image)
    return repository


@patch(ECRBackend, "put_image")
def put_image(
    original: Any, self: ECRBackend, repository_name: str, image_manifest: str, image_tag: str, *rest: Any
) -> Image:
    """Tell a tag that can't be overwritten from an image that was pushed before; moto tells the latter for both.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
    """
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
    image: Image = original(self, repository_name, image_manifest, image_tag, *rest)
    return image


@patch(Image, "_create_digest")
def create_digest(self: Image) -> None:
    """Take the SHA-256 of the manifest, as registries do; moto hashes the layers' digests, or draws one at random.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Image.html
    """
    self._image_digest = images.digest(self.image_manifest)
