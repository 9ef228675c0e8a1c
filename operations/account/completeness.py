"""Whether a release that ran before could run again: its images and the versions of its secrets are still there."""

from collections.abc import Iterable

from operations.account import images, secret_versions
from operations.account.account import Account
from operations.account.history import Release
from operations.account.images import Registry
from operations.account.revisions import SecretReference
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement
from operations.state.stack import MIGRATION


def permissions(scope: Scope) -> list[Statement]:
    """Return what `missing_parts` needs."""
    return [*images.permissions(scope), *secret_versions.permissions(scope)]


def missing_parts(
    account: Account, registry: Registry, release: Release, tag: str | None, *, migrates: bool
) -> list[str]:
    """Return what a release lacks, one line each; nothing when it is complete.

    Args:
        account: the account that it ran in.
        registry: looks images up.
        release: the release.
        tag: the tag that config would name; None when its images share none any more.
        migrates: whether `up` would run a migration that the stack's state doesn't remember.
    """
    found = []
    for name, revision in sorted(release.running.items()):
        tags = registry.tags(revision.image)
        if tags is None:
            found.append(f"{name}: the image {revision.image.short} isn't in {revision.image.repository} any more")
        elif tag is None and revision.image.repository:
            found.append(f"{name}: the image {revision.image.short} has no tag that the others have too")
        elif revision.image.repository and tag not in tags:
            found.append(
                f"{name}: {tag} isn't a tag of the image {revision.image.short} in {revision.image.repository} any more"
            )
    for name, revision in sorted(release.running.items()):
        found += [f"{name}: {problem}" for problem in missing_versions(account, revision.secrets)]
    if migrates and MIGRATION in release.running and release.migrated is None:
        found.append(
            f"{MIGRATION}: the stack's state doesn't remember it, so that `up` would run this older release's "
            "migration on what a newer one left; `up` leaves it out where migrate is false"
        )
    return found


def missing_versions(account: Account, secrets: Iterable[SecretReference]) -> list[str]:
    """Return which versions of secrets aren't there any more. No value is read."""
    found = []
    for secret in sorted(secrets, key=lambda one: one.variable):
        known = secret_versions.of_secret(account, secret.arn)
        if known is None:
            found.append(f"the secret of {secret.variable} isn't there any more")
        elif secret.version and secret.version not in {version.id for version in known}:
            found.append(f"version {secret.version} of {secret.variable} isn't there any more")
    return found
