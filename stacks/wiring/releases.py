"""From an image tag to the one image that it names, and to the proof that it may run here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.compute.release_image import ReleaseImage
from components.core.iam import arn
from components.delivery.built_image import BuiltImage, BuiltImageArgs
from components.delivery.registry import Registry, RegistryArgs
from stacks.settings.models import PLATFORM
from stacks.settings.problems import ConfigProblem, ValueRefused, remove_command, set_command
from stacks.systems.spec import SystemSpec
from stacks.wiring.context import SystemContext
from stacks.wiring.other_stacks import OtherStacks


@dataclass(frozen=True, kw_only=True)
class Repository:
    """Where an image's releases are."""

    url: pulumi.Output[str]
    """What it is pulled from."""
    arn: pulumi.Output[str]
    """What a role that pulls from it names."""


def build_repositories(context: SystemContext) -> dict[str, Repository]:
    """Return each image's repository: one of this stack, or of the stack that config names."""
    config, others = context.system_settings.config, context.platform.others
    if config.registry.stack is not None:
        return {
            image: repository_of(others, config.registry.stack, context.system.name, image)
            for image in context.system.images
        }
    running_tags = (
        config.release,
        *(release_of(others, stack, context.system.name) for stack in config.registry.sharedWith),
    )
    registries = {
        image: Registry(
            context.name(f"{image}-images"),
            RegistryArgs(
                # Two stacks of one account need names of their own; people push to them, so they are fixed.
                repository_name=f"{context.settings.stack}/{context.name(image)}",
                keep_releases=context.settings.keep_releases,
                running_tags=running_tags,
                kms_key_arn=context.platform.key.arn,
                force_delete=not context.settings.protection,
                protect=context.settings.protection,
                tags=context.placement.tags,
            ),
        )
        for image in context.system.images
    }
    return {image: Repository(url=registry.repository_url, arn=registry.arn) for image, registry in registries.items()}


def release_images(
    context: SystemContext, release: str, repositories: Mapping[str, Repository]
) -> dict[str, ReleaseImage]:
    """Return each image of a release: looked up by the release's tag, or built here."""
    system, promotion = context.system, context.settings.config.promotion
    digests = {image: _digest(context, release, image, repository.url) for image, repository in repositories.items()}
    if promotion is not None:
        digests = promoted(context.platform.others, promotion.from_, system, release, digests)
    return {
        image: ReleaseImage(
            repository_url=repository.url,
            repository_arn=repository.arn,
            digest=digests[image],
            architecture=system.images[image].architecture,
        )
        for image, repository in repositories.items()
    }


def _digest(context: SystemContext, release: str, image: str, repository_url: pulumi.Output[str]) -> pulumi.Output[str]:
    source, built = context.system_settings.config.source, context.system.images[image]
    if source is None:
        return image_digest(context.system.name, release, repository_url)
    return BuiltImage(
        context.name(image),
        BuiltImageArgs(
            context=source,
            dockerfile=f"{source}/{built.dockerfile}",
            architecture=built.architecture,
            repository_url=repository_url,
            tag=release,
        ),
    ).digest


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
        ValueRefused: (when the Output is resolved) when there is no such image.
    """

    def look_up(url: str) -> str:
        repository = url.partition("/")[2]
        try:
            return aws.ecr.get_image(repository_name=repository, image_tag=release).image_digest
        except Exception as error:  # the SDK raises a plain Exception for whatever the provider answers
            reason = str(error).strip().splitlines()[-1]
            key = f"{system}:release"
            raise ValueRefused(
                ConfigProblem(
                    key=key,
                    problem=f"is {release!r}, and the repository {repository} has no image with that tag ({reason})",
                    allowed=f"a tag that every image of {system} was pushed under",
                    remedy=f"push the image, or name a release that is there: {set_command(key, '<tag>')}",
                )
            ) from error

    return repository_url.apply(look_up)


def repository_of(others: OtherStacks, stack: str, system: str, image: str) -> Repository:
    """Return the repository that another stack of the account has for an image.

    Raises:
        ValueRefused: (when the Output is resolved) when that stack has none.
    """

    def find(outputs: Mapping[str, Any] | None) -> str:
        repositories = (outputs or {}).get("repositories") or {}
        if image not in repositories:
            key = f"{system}:registry"
            raise ValueRefused(
                ConfigProblem(
                    key=key,
                    problem=f"names the stack {stack!r}, which has no repository for {system}'s image {image}",
                    allowed="a stack that is up and has repositories of its own",
                    remedy=f"bring {stack} up, or: {remove_command(key)}",
                )
            )
        return str(repositories[image])

    url = others.output(stack, system).apply(find)
    return Repository(url=url, arn=url.apply(_arn_of))


def release_of(others: OtherStacks, stack: str, system: str) -> pulumi.Output[str | None]:
    """Return the release of a system that another stack ran when it was last up; None when it ran none."""
    return others.output(stack, system).apply(lambda outputs: (outputs or {}).get("release"))


def _arn_of(url: str) -> str:
    """Return a repository's ARN from its URL, `<account>.dkr.ecr.<region>.amazonaws.com/<name>`."""
    host, _, name = url.partition("/")
    account, _, _, region, *_ = host.split(".")
    return arn("ecr", region, account, f"repository/{name}")


def promoted(
    others: OtherStacks, stack: str, system: SystemSpec, release: str, digests: Mapping[str, pulumi.Output[str]]
) -> dict[str, pulumi.Output[str]]:
    """Return the digests, once it is known that another stack has migrated and run each of them.

    Raises:
        ValueRefused: (when an Output is resolved) naming the image that hasn't been.
    """
    proven = others.output(stack, system.name).apply(lambda outputs: (outputs or {}).get("proven") or {})

    def refused(image: str, digest: str, missing: str) -> ValueRefused:
        key = f"{system.name}:release"
        return ValueRefused(
            ConfigProblem(
                key=key,
                problem=f"is {release!r}, whose image {image} ({digest[:19]}) {stack} has not {missing}",
                allowed=f"a release that {stack} has migrated and run, since {PLATFORM}:promotion asks for it",
                remedy=f"bring it up in {stack} first, or name a release that {stack} ran: {set_command(key, '<tag>')}",
            )
        )

    def proof(image: str) -> pulumi.Output[str]:
        def check(known: list[Any]) -> str:
            digest, ran = str(known[0]), known[1]
            if image == system.migration.image and digest not in (ran.get("migration") or ()):
                raise refused(image, digest, "migrated to")
            for name, service in system.services.items():
                if service.image == image and digest not in (ran.get(name) or ()):
                    raise refused(image, digest, f"run as {name}")
            return digest

        return pulumi.Output.all(digests[image], proven).apply(check)

    return {image: proof(image) for image in digests}
