"""From an image tag to the one image that it names."""

import pulumi
import pulumi_aws as aws


class UnknownRelease(pulumi.RunError):
    """A release was named whose image isn't in its repository."""

    def __init__(self, system: str, release: str, repository: str, reason: str) -> None:
        super().__init__(
            f"{system}:release is {release!r}, and the repository {repository} has no image with that tag ({reason}). "
            f"Allowed: a tag that every image of {system} was pushed under. Mend it: push the image, or name a release "
            f"that is there: pulumi config set {system}:release <tag>"
        )


def image_digest(system: str, release: str, repository_url: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return the digest of a release's image, `sha256:…`.

    The registry is asked as soon as the repository is there: in a preview of everything but the very first `up`, so
    that a tag that isn't there fails before anything is changed. Task definitions name the digest, since a tag says
    nothing about which image a task that starts tomorrow would get.

    Args:
        system: the system's name, for the error.
        release: the image tag.
        repository_url: the repository's URL, which, unlike its name, isn't known before the repository is there.

    Raises:
        UnknownRelease: (when the Output is resolved) when there is no such image.
    """

    def look_up(url: str) -> str:
        repository = url.partition("/")[2]
        try:
            return aws.ecr.get_image(repository_name=repository, image_tag=release).image_digest
        except Exception as error:  # the SDK raises a plain Exception for whatever the provider answers
            reason = str(error).strip().splitlines()[-1]
            raise UnknownRelease(system, release, repository, reason) from error

    return repository_url.apply(look_up)
