"""Elastic Container Registry: repositories, their policies, and the registry's scanning and replication."""

import base64
from typing import Any

from localcloud.provider.base import AutoName, Properties, ResourceType, function, resource
from localcloud.provider.echo import document, written
from localcloud.provider.session import ACCOUNT_ID, Session
from localcloud.provider.shapes import changed, found, ignoring, tag_changes, tag_list, tag_map


@resource("aws:ecr/repository:Repository")
class Repository(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecr/repository/."""

    replace = frozenset({"name", "encryptionConfigurations"})
    defaults = {"imageTagMutability": "MUTABLE"}
    autoname = AutoName(max_length=256, lower=True)

    def create(self, aws: Session, inputs: Properties) -> str:
        arguments: Properties = {
            "repositoryName": inputs["name"],
            "imageTagMutability": inputs["imageTagMutability"],
            "tags": tag_list(inputs.get("tags")),
        }
        if scanning := inputs.get("imageScanningConfiguration"):
            arguments["imageScanningConfiguration"] = {"scanOnPush": bool(scanning["scanOnPush"])}
        if filters := inputs.get("imageTagMutabilityExclusionFilters"):
            arguments["imageTagMutabilityExclusionFilters"] = filters
        if encryption := inputs.get("encryptionConfigurations"):
            arguments["encryptionConfiguration"] = _encryption(encryption[0])
        return str(aws.client("ecr").create_repository(**arguments)["repository"]["repositoryName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        repository = _find_repository(aws, id, state.get("registryId"))
        if repository is None:
            return None
        live = {**_live_repository(aws, repository), "forceDelete": state.get("forceDelete", False)}
        if "forceDelete" not in state:
            del live["forceDelete"]
        return written(live, state, "encryptionConfigurations", "imageScanningConfiguration")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        ecr = aws.client("ecr")
        if changed(old, new, "imageTagMutability", "imageTagMutabilityExclusionFilters"):
            filters = new.get("imageTagMutabilityExclusionFilters")
            ecr.put_image_tag_mutability(
                repositoryName=id,
                imageTagMutability=new["imageTagMutability"],
                **({"imageTagMutabilityExclusionFilters": filters} if filters else {}),
            )
        if changed(old, new, "imageScanningConfiguration"):
            scanning = new.get("imageScanningConfiguration") or {}
            ecr.put_image_scanning_configuration(
                repositoryName=id, imageScanningConfiguration={"scanOnPush": bool(scanning.get("scanOnPush", False))}
            )
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if put:
            ecr.tag_resource(resourceArn=old["arn"], tags=tag_list(put))
        if drop:
            ecr.untag_resource(resourceArn=old["arn"], tagKeys=drop)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        # Without force a repository that holds images refuses:
        # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepository.html
        with ignoring("RepositoryNotFoundException"):
            aws.client("ecr").delete_repository(repositoryName=id, force=bool(state.get("forceDelete")))


def _encryption(block: Properties) -> Properties:
    kind = block.get("encryptionType", "AES256")
    return {"encryptionType": kind, **({"kmsKey": block["kmsKey"]} if block.get("kmsKey") else {})}


def _find_repository(aws: Session, name: str, registry: Any = None) -> Properties | None:  # noqa: ANN401 - a property
    arguments: Properties = {"repositoryNames": [name], **({"registryId": registry} if registry else {})}
    answer = found(lambda: aws.client("ecr").describe_repositories(**arguments), "RepositoryNotFoundException")
    return dict(answer["repositories"][0]) if answer and answer["repositories"] else None


def _live_repository(aws: Session, repository: Properties) -> Properties:
    arn = repository["repositoryArn"]
    live: Properties = {
        "name": repository["repositoryName"],
        "arn": arn,
        "registryId": repository["registryId"],
        "repositoryUrl": repository["repositoryUri"],
        "imageTagMutability": repository.get("imageTagMutability", "MUTABLE"),
        "imageScanningConfiguration": {
            "scanOnPush": repository.get("imageScanningConfiguration", {}).get("scanOnPush", False)
        },
        "encryptionConfigurations": [
            {key: value for key, value in repository["encryptionConfiguration"].items() if value is not None}
        ]
        if repository.get("encryptionConfiguration")
        else [],
        "tags": tag_map(aws.client("ecr").list_tags_for_resource(resourceArn=arn).get("tags")),
    }
    if filters := repository.get("imageTagMutabilityExclusionFilters"):
        live["imageTagMutabilityExclusionFilters"] = filters
    return live


@resource("aws:ecr/lifecyclePolicy:LifecyclePolicy")
class LifecyclePolicy(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecr/lifecyclepolicy/."""

    # The official provider has no update: a changed document is a new policy in the place of the old one.
    replace = frozenset({"repository", "policy"})
    # Made first, it would be taken away again with the old one: https://github.com/pulumi/pulumi-aws/pull/2085
    delete_before_replace = True
    documents = frozenset({"policy"})
    tagged = False

    def create(self, aws: Session, inputs: Properties) -> str:
        aws.client("ecr").put_lifecycle_policy(
            repositoryName=inputs["repository"], lifecyclePolicyText=inputs["policy"]
        )
        return str(inputs["repository"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        live = found(
            lambda: aws.client("ecr").get_lifecycle_policy(repositoryName=id),
            "LifecyclePolicyNotFoundException",
            "RepositoryNotFoundException",
        )
        if live is None:
            return None
        return {
            "repository": live["repositoryName"],
            "registryId": live["registryId"],
            "policy": document(live["lifecyclePolicyText"], state.get("policy")),
        }

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("LifecyclePolicyNotFoundException", "RepositoryNotFoundException"):
            aws.client("ecr").delete_lifecycle_policy(repositoryName=id)


@resource("aws:ecr/replicationConfiguration:ReplicationConfiguration")
class ReplicationConfiguration(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ecr/replicationconfiguration/."""

    tagged = False

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, inputs)
        return ACCOUNT_ID

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        live = aws.client("ecr").describe_registry()
        rules = live.get("replicationConfiguration", {}).get("rules", [])
        if not rules:
            return None
        answer = {"registryId": live["registryId"], "replicationConfiguration": {"rules": rules}}
        return written(answer, state, "replicationConfiguration")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        self._put(aws, {})

    @staticmethod
    def _put(aws: Session, inputs: Properties) -> None:
        rules = (inputs.get("replicationConfiguration") or {}).get("rules") or []
        aws.client("ecr").put_replication_configuration(replicationConfiguration={"rules": rules})


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
    repository = _find_repository(aws, str(latest["repositoryName"]), args.get("registryId"))
    assert repository is not None
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
