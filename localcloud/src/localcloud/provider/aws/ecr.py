"""Elastic Container Registry: repositories, their lifecycle policies, and replication."""

import base64

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import AutoName, Properties, function, resource
from localcloud.provider.session import ACCOUNT_ID, Session
from localcloud.provider.shapes import changed, ignoring


@resource("aws:ecr/repository:Repository")
class Repository(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecr/repository/."""

    replace = frozenset({"name", "encryptionConfigurations"})
    defaults = {"imageTagMutability": "MUTABLE"}
    autoname = AutoName(max_length=256, lower=True)
    service = "ecr"
    creates, reads, updates = "create_repository", "describe_repositories", "put_image_tag_mutability"
    deletes = "delete_repository"
    keys = {"name": "repositoryName"}
    described = "repositories[0]"
    not_found = ("RepositoryNotFoundException",)
    tagging = Tagging("resourceArn", answer="tags")
    outputs = {
        "arn": "repositoryArn",
        "encryptionConfigurations": "[encryptionConfiguration][?@]",
        "imageScanningConfiguration": "imageScanningConfiguration.{scanOnPush: scanOnPush}",
        "imageTagMutability": "imageTagMutability || 'MUTABLE'",
        "registryId": "registryId",
        "repositoryUrl": "repositoryUri",
    }

    def naming(self, call: str, id: str, state: Properties) -> Properties:
        return {"repositoryNames": [id]} if call == self.reads else super().naming(call, id, state)

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        super().update(aws, id, old, new)
        if changed(old, new, "imageScanningConfiguration"):
            scanning = new.get("imageScanningConfiguration") or {}
            aws.client("ecr").put_image_scanning_configuration(
                repositoryName=id, imageScanningConfiguration={"scanOnPush": bool(scanning.get("scanOnPush", False))}
            )

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        # Without force a repository that holds images refuses:
        # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepository.html
        with ignoring(*self.not_found):
            aws.client("ecr").delete_repository(repositoryName=id, force=bool(state.get("forceDelete")))


@resource("aws:ecr/lifecyclePolicy:LifecyclePolicy")
class LifecyclePolicy(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecr/lifecyclepolicy/."""

    # The official provider has no update: a changed document is a new policy in the place of the old one.
    replace = frozenset({"repository", "policy"})
    # Made first, it would be taken away again with the old one: https://github.com/pulumi/pulumi-aws/pull/2085
    delete_before_replace = True
    documents = frozenset({"policy"})
    service = "ecr"
    creates, reads, deletes = "put_lifecycle_policy", "get_lifecycle_policy", "delete_lifecycle_policy"
    keys = {"repository": "repositoryName"}
    not_found = ("LifecyclePolicyNotFoundException", "RepositoryNotFoundException")
    renames = {"policy": "lifecyclePolicyText"}
    outputs = {"policy": "lifecyclePolicyText", "registryId": "registryId"}


@resource("aws:ecr/replicationConfiguration:ReplicationConfiguration")
class ReplicationConfiguration(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecr/replicationconfiguration/."""

    service = "ecr"
    creates = updates = "put_replication_configuration"
    updates_whole = True
    reads = "describe_registry"
    described = "[@][?replicationConfiguration.rules] | [0]"
    outputs = {"registryId": "registryId"}

    def id_of(self, inputs: Properties) -> str:
        return ACCOUNT_ID

    def parts(self, id: str) -> Properties:
        return {}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        aws.client("ecr").put_replication_configuration(replicationConfiguration={"rules": []})


# Invokes


@function("aws:ecr/getImage:getImage")
def get_image(aws: Session, args: Properties) -> Properties:
    """Look an image up by tag, by digest or as the latest pushed."""
    given = [key for key in ("imageDigest", "imageTag", "mostRecent") if args.get(key)]
    if not given:
        raise ValueError("one of `imageDigest`, `imageTag` or `mostRecent` must be specified")
    image: Properties = {key: args[key] for key in ("imageDigest", "imageTag") if args.get(key)}
    arguments: Properties = {"repositoryName": args["repositoryName"]}
    if image:
        arguments["imageIds"] = [image]
    if args.get("registryId"):
        arguments["registryId"] = args["registryId"]
    # An image that isn't there is AWS's own ImageNotFoundException, as with the official provider.
    images = [
        item
        for page in aws.client("ecr").get_paginator("describe_images").paginate(**arguments)
        for item in page["imageDetails"]
    ]
    if not images:
        raise LookupError("Your query returned no results. Please change your search criteria and try again.")
    if len(images) > 1 and not args.get("mostRecent"):
        raise LookupError(
            "Your query returned more than one result. Please try a more specific search criteria, "
            "or set `most_recent` attribute to true."
        )
    latest = max(images, key=lambda item: item["imagePushedAt"])
    repository = aws.client("ecr").describe_repositories(repositoryNames=[latest["repositoryName"]])["repositories"][0]
    return {
        "id": latest["imageDigest"],
        "imageDigest": latest["imageDigest"],
        "imagePushedAt": int(latest["imagePushedAt"].timestamp()),
        "imageSizeInBytes": latest.get("imageSizeInBytes", 0),
        "imageTags": latest.get("imageTags", []),
        "imageUri": f"{repository['repositoryUri']}@{latest['imageDigest']}",
        "region": args.get("region", aws.region),
        "registryId": latest["registryId"],
        "repositoryName": latest["repositoryName"],
    }


@function("aws:ecr/getAuthorizationToken:getAuthorizationToken")
def get_authorization_token(aws: Session, args: Properties) -> Properties:
    """Return what `docker login` takes for the registry."""
    arguments = {"registryIds": [args["registryId"]]} if args.get("registryId") else {}
    data = aws.client("ecr").get_authorization_token(**arguments)["authorizationData"][0]
    token = data["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    return {
        "id": aws.region,
        "region": args.get("region", aws.region),
        "authorizationToken": token,
        "expiresAt": data["expiresAt"].isoformat(),
        "proxyEndpoint": data["proxyEndpoint"],
        "userName": user,
        "password": password,
        **({"registryId": args["registryId"]} if args.get("registryId") else {}),
    }
