"""Container images by digest: which tags they have in their registry, and whether they are still there."""

import re
from dataclasses import dataclass, field

from operations.account.account import Account
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow

#: https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-pull-ecr-image.html
_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[^:@]+)(?::[^@]+)?(?:@(?P<digest>sha256:[0-9a-f]+))?"
)


@dataclass(frozen=True)
class Image:
    """An image as a task definition names it."""

    text: str
    """As it stands there."""
    registry: str = ""
    """The account whose registry it is in; empty when that isn't ECR."""
    region: str = ""
    """The registry's region."""
    repository: str = ""
    """The repository's name."""
    digest: str = ""
    """The digest, `sha256:…`; empty when the task definition names none."""

    @classmethod
    def parse(cls, text: str) -> "Image":
        """Take an image's name apart."""
        match = _ECR.fullmatch(text)
        return cls(text, **{key: value or "" for key, value in match.groupdict().items()}) if match else cls(text)

    @property
    def short(self) -> str:
        """The digest, as long as a person reads it."""
        return self.digest[:19] or self.text


@dataclass
class Registry:
    """Looks images up; each repository is read once."""

    account: Account
    _tags: dict[tuple[str, str, str], dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def tags(self, image: Image) -> tuple[str, ...] | None:
        """Return an image's tags in order, or None when it isn't in its repository any more."""
        if not image.repository:
            return ()
        return self._repository(image).get(image.digest)

    def _repository(self, image: Image) -> dict[str, tuple[str, ...]]:
        key = (image.registry, image.region, image.repository)
        if key not in self._tags:
            ecr = self.account.client("ecr", image.region)
            pages = ecr.get_paginator("describe_images")
            try:
                self._tags[key] = {
                    detail["imageDigest"]: tuple(sorted(detail.get("imageTags", ())))
                    for page in pages.paginate(registryId=image.registry, repositoryName=image.repository)
                    for detail in page["imageDetails"]
                }
            except ecr.exceptions.RepositoryNotFoundException:
                self._tags[key] = {}
        return self._tags[key]


def permissions(scope: Scope) -> list[Statement]:
    """Return what a registry needs."""
    return [allow("ecr:DescribeImages", scope.repositories)]
