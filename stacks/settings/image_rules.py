"""What is wrong with where a system's images come from, when its single values are right."""

from collections.abc import Iterator
from pathlib import Path

from stacks.settings.models import SystemConfig
from stacks.settings.problems import ConfigProblem, remove_command, set_command
from stacks.systems.spec import SystemSpec


def image_problems(system: SystemSpec, config: SystemConfig) -> Iterator[ConfigProblem]:
    """Report a checkout that can't be built, and images that would come from two places."""
    if config.registry.stack is not None and config.registry.sharedWith:
        yield _one_of_two(
            f"{system.name}:registry.sharedWith",
            system,
            "the repositories are this stack's to share, or another stack's",
        )
    if config.source is None:
        return
    key = f"{system.name}:source"
    missing = [
        image.dockerfile for image in system.images.values() if not Path(config.source, image.dockerfile).is_file()
    ]
    if missing:
        yield ConfigProblem(
            key=key,
            problem=f"is {config.source!r}, where {', '.join(missing)} can't be found",
            allowed=f"the path of a checkout of {system.name}",
            remedy=f"{set_command(key, '../' + system.name)}, or {remove_command(key)} to take images that were pushed",
        )
    if config.release is None:
        yield ConfigProblem(
            key=f"{system.name}:release",
            problem="is missing, and images are built",
            allowed="the tag to push the images under",
            remedy=set_command(f"{system.name}:release", "v1.0.0"),
        )
    if config.registry.stack is not None:
        yield _one_of_two(key, system, "images are built here, or taken from another stack's repositories")


def _one_of_two(key: str, system: SystemSpec, which: str) -> ConfigProblem:
    return ConfigProblem(
        key=key,
        problem=f"is set, and so is {system.name}:registry.stack",
        allowed=f"one of the two: {which}",
        remedy=remove_command(key),
    )
