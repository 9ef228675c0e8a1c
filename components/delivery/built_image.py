"""An image that the program builds from a checkout and pushes, for those who have no pipeline that does."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from components.compute.fargate import Architecture

#: What Docker calls the processors that Fargate has.
_PLATFORMS = {Architecture.ARM64: "linux/arm64", Architecture.X86_64: "linux/amd64"}


@dataclass(frozen=True, kw_only=True)
class BuiltImageArgs:
    """What to build, and where to push it."""

    context: str
    """Folder of the checkout: what the Dockerfile may copy from."""
    dockerfile: str
    """Path of the Dockerfile."""
    architecture: Architecture
    """What processor to build for."""
    repository_url: pulumi.Input[str]
    """The ECR repository to push to."""
    tag: str
    """The tag to push under: the release."""


class BuiltImage(pulumi.ComponentResource):
    """A Docker image, built and pushed during `up`, never in a preview.

    Guarantees: what it hands on is the digest that the registry has; an image that a newer one takes the place of stays
    in the registry, since an older revision may still name it. Needs a Docker engine on the machine that runs `up`.
    """

    digest: pulumi.Output[str]
    """`sha256:…`, as the registry knows the image."""

    def __init__(self, name: str, args: BuiltImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:BuiltImage", name, None, opts)
        url = pulumi.Output.from_input(args.repository_url)
        # The login is asked for with the repository, not before it is there, and lasts for twelve hours:
        # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
        login = aws.ecr.get_authorization_token_output(registry_id=url.apply(lambda text: text.partition(".")[0]))
        image = docker.Image(
            f"{name}-build",
            image_name=pulumi.Output.concat(url, ":", args.tag),
            build={
                "context": args.context,
                "dockerfile": args.dockerfile,
                "platform": _PLATFORMS[args.architecture],
            },
            registry={
                "server": url.apply(lambda text: text.partition("/")[0]),
                "username": login.user_name,
                "password": pulumi.Output.secret(login.password),
            },
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        self.digest = image.repo_digest.apply(lambda text: text.partition("@")[2])
        self.register_outputs({"digest": self.digest})
