"""The releases of a system, put together from what is kept of them.

Nothing keeps a list of releases. What is kept are task definition revisions (each names an image by its digest), the
registry's tags, the end of each service's deployments, and the migrations that the stack's state remembers. The order
in which revisions were registered, and the tags that their images share, tell where one release ends and another
begins.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from operations.account import deployments, images, revisions
from operations.account.account import Account
from operations.account.deployments import ServiceDeployment
from operations.account.images import Registry
from operations.account.revisions import Revision
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement
from operations.state.stack import MIGRATION, Stack, System


@dataclass(kw_only=True)
class Release:
    """A release that was registered, from the first of its revisions until the next release's first."""

    tags: frozenset[str] | None
    """The tags that all of its images have; None when the registry has none of them any more."""
    registered: dict[str, list[Revision]] = field(default_factory=dict)
    """The revisions that it registered, oldest first, by service; its migration is among them."""
    running: dict[str, Revision] = field(default_factory=dict)
    """The newest revision of each service in it, also where it was taken over from the release before."""
    deployments: dict[str, ServiceDeployment] = field(default_factory=dict)
    """The last deployment of its revisions, by service."""
    migrated: str | None = None
    """When its image was migrated; None when the stack's state doesn't remember that."""

    @property
    def name(self) -> str:
        """Its tag; where the registry knows none any more, the digest of one of its images."""
        if self.tags:
            return ", ".join(sorted(self.tags))
        return next(iter(self.running.values())).image.short

    @property
    def first(self) -> datetime:
        """When it was registered."""
        return min(revision.registered for found in self.registered.values() for revision in found)

    def problem(self, now: datetime | None = None) -> str | None:
        """Return why it never ran well, or None when it did."""
        known = sorted(self.deployments.items())
        if failed := [f"{name} {deployment.outcome_and_reason}" for name, deployment in known if deployment.failed]:
            return "; ".join(failed)
        if in_progress := [name for name, deployment in known if deployment.in_progress]:
            return f"{', '.join(in_progress)} in progress"
        if not known and (now or datetime.now(UTC)) - self.first > deployments.REMEMBERED:
            # ECS has forgotten its deployments; its migration is the last thing that is known of it.
            return None if self.migrated else "not known: ECS tells of deployments for 90 days"
        if missing := sorted(self.registered.keys() - {MIGRATION, *self.deployments}):
            return f"{', '.join(missing)} never deployed"
        return None


def permissions(scope: Scope) -> list[Statement]:
    """Return what `releases_of` needs."""
    return [*revisions.family_permissions(), *images.permissions(scope), *deployments.permissions(scope)]


def releases_of(account: Account, stack: Stack, system: System, registry: Registry) -> list[Release]:
    """Return a system's releases, oldest first.

    Args:
        account: the account that it runs in.
        stack: its stack.
        system: the system.
        registry: looks images up.
    """
    ecs = account.client("ecs")
    found = {
        name: revisions.of_family(ecs, revisions.family_of(arn)) for name, arn in system.all_task_definitions.items()
    }
    releases = grouped(
        ((name, revision) for name, family in found.items() for revision in family),
        {revision.image.digest: registry.tags(revision.image) for family in found.values() for revision in family},
    )
    deployed = {
        name: deployments.of_service(ecs, stack.cluster, physical) for name, physical in system.services.items()
    }
    finished = system.migrations.finished if system.migrations else {}
    for release in releases:
        for name, registered in release.registered.items():
            own = {revision.arn for revision in registered}
            last = next((one for one in deployed.get(name, ()) if one.task_definition in own), None)
            if last is not None:
                release.deployments[name] = last
        if MIGRATION in release.running:
            release.migrated = finished.get(release.running[MIGRATION].image.digest)
    return releases


def grouped(registered: Iterable[tuple[str, Revision]], tags: Mapping[str, tuple[str, ...] | None]) -> list[Release]:
    """Put revisions together to releases.

    A revision belongs to the release before it unless that already has another image of its service, or its image and
    the release's share no tag. So a rotated secret's revision stays in its release, going back to an older image
    begins another, and an image that is the same in two releases counts for both.

    Args:
        registered: the revisions with their service.
        tags: the tags of each image by digest; None or nothing for an image that has none.
    """
    releases: list[Release] = []
    for name, revision in sorted(registered, key=lambda pair: (pair[1].registered, pair[1].number)):
        digest = revision.image.digest
        own = frozenset(tags.get(digest) or ()) or None
        current = releases[-1] if releases else None
        if current is None or not _belongs(current, name, digest, own):
            inherited = dict(current.running) if current else {}
            current = Release(tags=own, running=inherited)
            releases.append(current)
        elif own is not None:
            current.tags = own if current.tags is None else current.tags & own
        current.registered.setdefault(name, []).append(revision)
        current.running[name] = revision
    return releases


def _belongs(release: Release, name: str, digest: str, tags: frozenset[str] | None) -> bool:
    if name in release.registered:
        return release.registered[name][-1].image.digest == digest
    return tags is None or release.tags is None or bool(release.tags & tags)


def position(releases: Sequence[Release], tag: str) -> int:
    """Return where a tag's release was registered first; behind the last one when it never was."""
    return next(
        (index for index, release in enumerate(releases) if release.tags and tag in release.tags), len(releases)
    )
