"""IAM: roles, policies and what ties them together."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import UNKNOWN, AutoName, Properties, resource
from localcloud.provider.echo import document
from localcloud.provider.session import Session
from localcloud.provider.shapes import added_and_removed, changed, found, ignoring

#: A managed policy keeps at most five versions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MAX_VERSIONS = 5


def _valid_document(inputs: Properties, key: str) -> Iterable[tuple[str, str]]:
    text = inputs.get(key)
    if isinstance(text, str):
        try:
            json.loads(text)
        except ValueError as error:
            yield key, f"is no JSON: {error}"


#: What the identities of IAM tell alike.
_IDENTITY = {"arn": "Arn", "createDate": "CreateDate", "path": "Path"}
_NOT_FOUND = ("NoSuchEntity",)


@resource("aws:iam/role:Role")
class Role(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/role/.

    `managedPolicyArns` and `inlinePolicies` are followed only where the program gives them; the official provider
    shows those that other resources attached, too.
    """

    replace = frozenset({"name", "namePrefix", "path"})
    defaults = {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"}
    autoname = AutoName(max_length=64)
    documents = frozenset({"assumeRolePolicy"})
    unordered = frozenset({"managedPolicyArns", "inlinePolicies"})

    service = "iam"
    creates, reads, deletes = "create_role", "get_role", "delete_role"
    keys = {"name": "RoleName"}
    described = "Role"
    not_found = _NOT_FOUND
    tagging = Tagging("RoleName", "tag_role", "untag_role", "list_role_tags", by="id")
    renames = {"assumeRolePolicy": "AssumeRolePolicyDocument"}
    outputs = {
        **_IDENTITY,
        "assumeRolePolicy": "to_string(AssumeRolePolicyDocument)",
        "description": "Description || ''",
        "maxSessionDuration": "MaxSessionDuration",
        "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
        "uniqueId": "RoleId",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from _valid_document(inputs, "assumeRolePolicy")
        seconds = inputs["maxSessionDuration"]
        if seconds is not UNKNOWN and not 3600 <= seconds <= 43200:
            yield "maxSessionDuration", f"{seconds} is out of range: 3600 to 43200 seconds"

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._policies(aws, id, {}, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        iam, id, properties = aws.client("iam"), live["RoleName"], super().properties(aws, live, state)
        if state.get("managedPolicyArns"):
            attached = iam.list_attached_role_policies(RoleName=id)["AttachedPolicies"]
            properties["managedPolicyArns"] = sorted(item["PolicyArn"] for item in attached)
        if state.get("inlinePolicies"):
            last = {item.get("name"): item.get("policy") for item in state["inlinePolicies"]}
            properties["inlinePolicies"] = [
                {"name": name, "policy": document(_inline(iam, id, name), last.get(name))}
                for name in iam.list_role_policies(RoleName=id)["PolicyNames"]
            ]
        return properties

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        iam = aws.client("iam")
        if changed(old, new, "assumeRolePolicy"):
            iam.update_assume_role_policy(RoleName=id, PolicyDocument=new["assumeRolePolicy"])
        if changed(old, new, "description", "maxSessionDuration"):
            iam.update_role(
                RoleName=id,
                Description=new.get("description") or "",
                MaxSessionDuration=new["maxSessionDuration"],
            )
        if changed(old, new, "permissionsBoundary"):
            if new.get("permissionsBoundary"):
                iam.put_role_permissions_boundary(RoleName=id, PermissionsBoundary=new["permissionsBoundary"])
            else:
                iam.delete_role_permissions_boundary(RoleName=id)
        self._policies(aws, id, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        iam = aws.client("iam")
        with ignoring(*_NOT_FOUND):
            for profile in iam.list_instance_profiles_for_role(RoleName=id)["InstanceProfiles"]:
                iam.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=id)
            if state.get("forceDetachPolicies") or state.get("managedPolicyArns"):
                for item in iam.list_attached_role_policies(RoleName=id)["AttachedPolicies"]:
                    iam.detach_role_policy(RoleName=id, PolicyArn=item["PolicyArn"])
            if state.get("forceDetachPolicies") or state.get("inlinePolicies"):
                for name in iam.list_role_policies(RoleName=id)["PolicyNames"]:
                    iam.delete_role_policy(RoleName=id, PolicyName=name)
            iam.delete_role(RoleName=id)

    @staticmethod
    def _policies(aws: Session, id: str, old: Properties, new: Properties) -> None:
        iam = aws.client("iam")
        before, after = set(old.get("managedPolicyArns") or ()), set(new.get("managedPolicyArns") or ())
        for arn in sorted(before - after):
            iam.detach_role_policy(RoleName=id, PolicyArn=arn)
        for arn in sorted(after - before):
            iam.attach_role_policy(RoleName=id, PolicyArn=arn)
        had, has = (
            {item["name"]: item["policy"] for item in side.get("inlinePolicies") or () if item.get("name")}
            for side in (old, new)
        )
        for name in sorted(had.keys() - has.keys()):
            iam.delete_role_policy(RoleName=id, PolicyName=name)
        for name, policy in has.items():
            if had.get(name) != policy:
                iam.put_role_policy(RoleName=id, PolicyName=name, PolicyDocument=policy)


@resource("aws:iam/rolePolicy:RolePolicy")
class RolePolicy(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/rolepolicy/."""

    replace = frozenset({"name", "namePrefix", "role"})
    autoname = AutoName(max_length=128)
    documents = frozenset({"policy"})
    service = "iam"
    creates = updates = "put_role_policy"
    updates_whole = True
    reads, deletes = "get_role_policy", "delete_role_policy"
    keys = {"role": "RoleName", "name": "PolicyName"}
    separator = ":"
    not_found = _NOT_FOUND
    renames = {"policy": "PolicyDocument"}
    outputs = {"policy": "to_string(PolicyDocument)"}

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        return _valid_document(inputs, "policy")


@resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
class RolePolicyAttachment(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/rolepolicyattachment/."""

    replace = frozenset({"policyArn", "role"})
    service = "iam"
    creates, reads, deletes = "attach_role_policy", "list_attached_role_policies", "detach_role_policy"
    keys = {"role": "RoleName", "policyArn": "PolicyArn"}
    not_found = _NOT_FOUND

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        role, arn = self.parts(id).values()
        pages = aws.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
        attached = found(lambda: [item for page in pages for item in page["AttachedPolicies"]], *self.not_found)
        return next((item for item in attached or () if item["PolicyArn"] == arn), None)


@resource("aws:iam/policy:Policy")
class Policy(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/policy/."""

    replace = frozenset({"description", "name", "namePrefix", "path"})
    defaults = {"path": "/"}
    autoname = AutoName(max_length=128)
    documents = frozenset({"policy"})
    service = "iam"
    creates, reads, deletes = "create_policy", "get_policy", "delete_policy"
    keys = {"arn": "PolicyArn"}
    new_id = "Policy.Arn"
    described = "Policy"
    not_found = _NOT_FOUND
    tagging = Tagging("PolicyArn", "tag_policy", "untag_policy", "list_policy_tags")
    renames = {"name": "PolicyName", "policy": "PolicyDocument"}
    outputs = {
        "attachmentCount": "AttachmentCount",
        "description": "Description || ''",
        "name": "PolicyName",
        "path": "Path",
        "policyId": "PolicyId",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        return _valid_document(inputs, "policy")

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        where = {"PolicyArn": live["Arn"], "VersionId": live["DefaultVersionId"]}
        text = json.dumps(aws.client("iam").get_policy_version(**where)["PolicyVersion"]["Document"])
        return {**super().properties(aws, live, state), "policy": document(text, state.get("policy"))}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        iam = aws.client("iam")
        if changed(old, new, "policy"):
            versions = sorted(iam.list_policy_versions(PolicyArn=id)["Versions"], key=lambda item: item["CreateDate"])
            if len(versions) >= _MAX_VERSIONS:
                oldest = next(item for item in versions if not item["IsDefaultVersion"])
                iam.delete_policy_version(PolicyArn=id, VersionId=oldest["VersionId"])
            iam.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        iam = aws.client("iam")
        with ignoring(*_NOT_FOUND):
            for version in iam.list_policy_versions(PolicyArn=id)["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
            iam.delete_policy(PolicyArn=id)


@resource("aws:iam/instanceProfile:InstanceProfile")
class InstanceProfile(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/instanceprofile/."""

    replace = frozenset({"name", "namePrefix", "path"})
    defaults = {"path": "/"}
    autoname = AutoName(max_length=128)
    service = "iam"
    creates, reads, deletes = "create_instance_profile", "get_instance_profile", "delete_instance_profile"
    keys = {"name": "InstanceProfileName"}
    described = "InstanceProfile"
    not_found = _NOT_FOUND
    tagging = Tagging("InstanceProfileName", "tag_instance_profile", "untag_instance_profile", reads="", by="id")
    outputs = {**_IDENTITY, "role": "Roles[0].RoleName", "uniqueId": "InstanceProfileId"}

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._role(aws, id, None, inputs.get("role"))

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if changed(old, new, "role"):
            self._role(aws, id, old.get("role"), new.get("role"))

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*self.not_found):
            self._role(aws, id, state.get("role"), None)
        super().delete(aws, id, state)

    @staticmethod
    def _role(aws: Session, id: str, old: str | None, new: str | None) -> None:
        iam = aws.client("iam")
        if old:
            iam.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=old)
        if new:
            iam.add_role_to_instance_profile(InstanceProfileName=id, RoleName=new)


@resource("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
class OpenIdConnectProvider(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/openidconnectprovider/."""

    replace = frozenset({"url"})
    unordered = frozenset({"clientIdLists"})
    service = "iam"
    creates, reads = "create_open_id_connect_provider", "get_open_id_connect_provider"
    updates, deletes = "update_open_id_connect_provider_thumbprint", "delete_open_id_connect_provider"
    keys = {"arn": "OpenIDConnectProviderArn"}
    new_id = "OpenIDConnectProviderArn"
    not_found = _NOT_FOUND
    tagging = Tagging(
        "OpenIDConnectProviderArn", "tag_open_id_connect_provider", "untag_open_id_connect_provider", reads=""
    )
    outputs = {"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"}

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        # AWS keeps the URL without its scheme.
        same = str(state.get("url", "")).removeprefix("https://") == live["Url"]
        return {**super().properties(aws, live, state), "url": state["url"] if same else live["Url"]}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        iam = aws.client("iam")
        added, removed = added_and_removed(old, new, "clientIdLists")
        for client in added:
            iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=client)
        for client in removed:
            iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=client)
        super().update(aws, id, old, new)


def _inline(iam: Any, role: str, name: str) -> str:  # noqa: ANN401 - boto3 clients are made at run time
    return json.dumps(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
