"""A repository for the images of one built service."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue, check_between
from components.core.naming import REPOSITORY_NAME, Tags, component_tags

#: What a repository may be called.
#: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_REPOSITORY = re.compile(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*")
#: What an image tag may be. https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def lifecycle_policy(keep_releases: int, running_tags: Sequence[str]) -> str:
    """Write the lifecycle policy of a repository as JSON.

    ECR evaluates all rules at once and then applies them by priority: an image that matches the tags of a rule can't
    be expired by a rule of lower priority. So a rule that matches the running release, and whose count it can't
    exceed, protects it from the rule that counts. Several patterns in one rule must all match; hence a rule each.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html#lp_evaluation_rules

    No rule counts days, and none selects untagged images: an old release may well be the one that runs, and the images
    that a multi-architecture index refers to have no tag of their own. ECR keeps those for as long as an index refers
    to them; afterwards they stay too, which costs little and loses nothing.

    Args:
        keep_releases: how many of the newest tagged images stay.
        running_tags: tags whose images stay whatever their age.
    """
    selections = [
        *(
            (f"keep {tag}, which runs", {"tagStatus": "tagged", "tagPatternList": [tag]}, 1)
            for tag in sorted(set(running_tags))
        ),
        (f"keep the last {keep_releases} releases", {"tagStatus": "tagged", "tagPatternList": ["*"]}, keep_releases),
    ]
    rules = [
        {
            "rulePriority": priority,
            "description": description,
            "selection": {**selection, "countType": "imageCountMoreThan", "countNumber": count},
            "action": {"type": "expire"},
        }
        for priority, (description, selection, count) in enumerate(selections, start=1)
    ]
    return json.dumps({"rules": rules})


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """What is kept, and how long."""

    repository_name: str
    """The physical name: people push to it, so it is fixed. Unique in an account and region."""
    keep_releases: int
    """How many of the newest releases stay: at least the running one and those to roll back to."""
    kms_key_arn: pulumi.Input[str]
    """The key that encrypts the images. Another key replaces the repository."""
    force_delete: bool
    """Whether a destroy takes the images along; False refuses while there are any."""
    running_tags: Sequence[pulumi.Input[str | None]] = ()
    """Tags that the lifecycle policy never expires: the releases that stacks run. None is one that runs nothing yet."""
    protect: bool = False
    """Whether Pulumi refuses to delete the repository."""
    tags: Tags
    """Tags of the repository."""

    def __post_init__(self) -> None:
        """Refuse what ECR would refuse, and what would leave nothing to roll back to."""
        if not 2 <= len(self.repository_name) <= REPOSITORY_NAME or not _REPOSITORY.fullmatch(self.repository_name):
            raise InvalidValue(
                "RegistryArgs.repository_name",
                self.repository_name,
                f"2 to {REPOSITORY_NAME} lower case letters, digits and single ._-/ between them",
                'write it like "alicerce-prod/aprendeai-api"',
            )
        check_between(
            "RegistryArgs.keep_releases",
            self.keep_releases,
            2,
            1000,
            "keep the running release and one to roll back to",
        )
        for tag in self.running_tags:
            if isinstance(tag, str) and not _TAG.fullmatch(tag):
                raise InvalidValue(
                    "RegistryArgs.running_tags",
                    tag,
                    "image tags: 1 to 128 letters, digits and ._- not beginning with . or -",
                    "give the tag of the release that runs",
                )


class Registry(pulumi.ComponentResource):
    """An ECR repository.

    Creates the repository and its lifecycle policy.

    Guarantees: a tag never moves to another image (FSBP ECR.2), each pushed image is scanned (ECR.1), images are
    encrypted with the stack's key (ECR.5), and of old images only releases beyond the newest `keep_releases` expire,
    never one of `running_tags` (ECR.3).
    """

    repository_url: pulumi.Output[str]
    """Where to push and pull, without a tag: `<account>.dkr.ecr.<region>.amazonaws.com/<name>`."""
    arn: pulumi.Output[str]
    """The repository's ARN: what an execution role may pull."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Registry", name, None, opts)
        repository = aws.ecr.Repository(
            f"{name}-repository",
            name=args.repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.kms_key_arn)
            ],
            force_delete=args.force_delete,
            tags=component_tags(args.tags, "registry", Name=args.repository_name),
            # The name is fixed, so a replacement can't be created beside the old repository.
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect, delete_before_replace=True),
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle",
            repository=repository.name,
            policy=pulumi.Output.all(*args.running_tags).apply(
                lambda tags: lifecycle_policy(args.keep_releases, [tag for tag in tags if tag is not None])
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.repository_url = repository.repository_url
        self.arn = repository.arn
        self.register_outputs({"repository_url": self.repository_url, "arn": self.arn})
