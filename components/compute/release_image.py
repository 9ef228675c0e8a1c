"""The image that a release runs, by its digest."""

from dataclasses import dataclass

import pulumi

from components.compute.fargate import Architecture


@dataclass(frozen=True, kw_only=True)
class ReleaseImage:
    """One image of a release, in the repository that it is pulled from."""

    repository_url: pulumi.Input[str]
    """`<account>.dkr.ecr.<region>.amazonaws.com/<name>`."""
    repository_arn: pulumi.Input[str]
    """The same repository, for the roles that may pull from it."""
    digest: pulumi.Input[str]
    """`sha256:…`."""
    architecture: Architecture
    """What processor it is built for."""

    @property
    def url(self) -> pulumi.Output[str]:
        """What a container definition names: `<repository>@<digest>`."""
        return pulumi.Output.concat(self.repository_url, "@", self.digest)
