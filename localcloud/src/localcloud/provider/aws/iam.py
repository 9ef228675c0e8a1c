"""IAM: roles, policies and what ties them together."""

import json
from collections.abc import Iterable
from typing import Any

from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import document
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, ignoring, pick, tag_changes, tag_list, tag_map

#: A managed policy keeps at most five versions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_MAX_VERSIONS = 5


def _valid_document(inputs: Properties, key: str) -> Iterable[tuple[str, str]]:
    text = inputs.get(key)
    if isinstance(text, str):
        try:
            json.loads(text)
        except ValueError as error:
            yield key, f"is no JSON: {error}"


@resource("aws:iam/role:Role")
class Role(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/role/.

    `managedPolicyArns` and `inlinePolicies` are followed only where the program gives them; the official provider
    shows those that other resources attached, too.
    """

    replace = frozenset({"name", "namePrefix", "path"})
    defaults = {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"}
    autoname = AutoName(max_length=64)
    documents = frozenset({"assumeRolePolicy"})
    unordered = frozenset({"managedPolicyArns", "inlinePolicies"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from _valid_document(inputs, "assumeRolePolicy")
        seconds = inputs["maxSessionDuration"]
        if seconds is not UNKNOWN and not 3600 <= seconds <= 43200:
            yield "maxSessionDuration", f"{seconds} is out of range: 3600 to 43200 seconds"

    def create(self, aws: Session, inputs: Properties) -> str:
        iam, name = aws.client("iam"), str(inputs["name"])
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
            Tags=tag_list(inputs["tags"]),
            **pick(inputs, "description", "maxSessionDuration", "path", "permissionsBoundary"),
        )
        self._policies(aws, name, {}, inputs)
        return name

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        iam = aws.client("iam")
        answer = found(lambda: iam.get_role(RoleName=id), "NoSuchEntity")
        if answer is None:
            return None
        role = answer["Role"]
        live: Properties = {
            **_identity(role, "RoleName", "RoleId"),
            "description": role.get("Description", ""),
            "maxSessionDuration": role["MaxSessionDuration"],
            "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "assumeRolePolicy": document(json.dumps(role["AssumeRolePolicyDocument"]), state.get("assumeRolePolicy")),
            "tags": tag_map(iam.list_role_tags(RoleName=id)["Tags"]),
        }
        if state.get("managedPolicyArns"):
            attached = iam.list_attached_role_policies(RoleName=id)["AttachedPolicies"]
            live["managedPolicyArns"] = sorted(item["PolicyArn"] for item in attached)
        if state.get("inlinePolicies"):
            last = {item.get("name"): item.get("policy") for item in state["inlinePolicies"]}
            live["inlinePolicies"] = [
                {"name": name, "policy": document(_inline(iam, id, name), last.get(name))}
                for name in iam.list_role_policies(RoleName=id)["PolicyNames"]
            ]
        return live

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
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if drop:
            iam.untag_role(RoleName=id, TagKeys=drop)
        if put:
            iam.tag_role(RoleName=id, Tags=tag_list(put))

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        iam = aws.client("iam")
        with ignoring("NoSuchEntity"):
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
class RolePolicy(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/rolepolicy/."""

    tagged = False
    replace = frozenset({"name", "namePrefix", "role"})
    autoname = AutoName(max_length=128)
    documents = frozenset({"policy"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        return _valid_document(inputs, "policy")

    def create(self, aws: Session, inputs: Properties) -> str:
        self.update(aws, f"{inputs['role']}:{inputs['name']}", {}, inputs)
        return f"{inputs['role']}:{inputs['name']}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        role, _, name = id.partition(":")
        policy = found(lambda: _inline(aws.client("iam"), role, name), "NoSuchEntity")
        if policy is None:
            return None
        return {"name": name, "role": role, "policy": document(policy, state.get("policy"))}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        role, _, name = id.partition(":")
        aws.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=new["policy"])

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        role, _, name = id.partition(":")
        with ignoring("NoSuchEntity"):
            aws.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


@resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
class RolePolicyAttachment(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/rolepolicyattachment/."""

    tagged = False
    replace = frozenset({"policyArn", "role"})

    def create(self, aws: Session, inputs: Properties) -> str:
        aws.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        role, _, arn = id.partition("/")
        pages = aws.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
        attached = found(lambda: [item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]], *_GONE)
        return {"role": role, "policyArn": arn} if arn in (attached or ()) else None

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        role, _, arn = id.partition("/")
        with ignoring(*_GONE):
            aws.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


_GONE = ("NoSuchEntity",)


@resource("aws:iam/policy:Policy")
class Policy(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/policy/."""

    replace = frozenset({"description", "name", "namePrefix", "path"})
    defaults = {"path": "/"}
    autoname = AutoName(max_length=128)
    documents = frozenset({"policy"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        return _valid_document(inputs, "policy")

    def create(self, aws: Session, inputs: Properties) -> str:
        policy = aws.client("iam").create_policy(
            PolicyName=inputs["name"],
            PolicyDocument=inputs["policy"],
            Tags=tag_list(inputs["tags"]),
            **pick(inputs, "description", "path"),
        )["Policy"]
        return str(policy["Arn"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        iam = aws.client("iam")
        answer = found(lambda: iam.get_policy(PolicyArn=id), *_GONE)
        if answer is None:
            return None
        policy = answer["Policy"]
        version = iam.get_policy_version(PolicyArn=id, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        return {
            "arn": policy["Arn"],
            "name": policy["PolicyName"],
            "path": policy["Path"],
            "policyId": policy["PolicyId"],
            "description": policy.get("Description", ""),
            "attachmentCount": policy["AttachmentCount"],
            "policy": document(json.dumps(version["Document"]), state.get("policy")),
            "tags": tag_map(iam.list_policy_tags(PolicyArn=id)["Tags"]),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        iam = aws.client("iam")
        if changed(old, new, "policy"):
            versions = sorted(iam.list_policy_versions(PolicyArn=id)["Versions"], key=lambda item: item["CreateDate"])
            if len(versions) >= _MAX_VERSIONS:
                oldest = next(item for item in versions if not item["IsDefaultVersion"])
                iam.delete_policy_version(PolicyArn=id, VersionId=oldest["VersionId"])
            iam.create_policy_version(PolicyArn=id, PolicyDocument=new["policy"], SetAsDefault=True)
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if drop:
            iam.untag_policy(PolicyArn=id, TagKeys=drop)
        if put:
            iam.tag_policy(PolicyArn=id, Tags=tag_list(put))

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        iam = aws.client("iam")
        with ignoring(*_GONE):
            for version in iam.list_policy_versions(PolicyArn=id)["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=id, VersionId=version["VersionId"])
            iam.delete_policy(PolicyArn=id)


@resource("aws:iam/instanceProfile:InstanceProfile")
class InstanceProfile(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/instanceprofile/."""

    replace = frozenset({"name", "namePrefix", "path"})
    defaults = {"path": "/"}
    autoname = AutoName(max_length=128)

    def create(self, aws: Session, inputs: Properties) -> str:
        iam, name = aws.client("iam"), str(inputs["name"])
        iam.create_instance_profile(InstanceProfileName=name, Path=inputs["path"], Tags=tag_list(inputs["tags"]))
        self._role(aws, name, None, inputs.get("role"))
        return name

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("iam").get_instance_profile(InstanceProfileName=id), *_GONE)
        if answer is None:
            return None
        profile = answer["InstanceProfile"]
        return {
            **_identity(profile, "InstanceProfileName", "InstanceProfileId"),
            "role": next((role["RoleName"] for role in profile["Roles"]), None),
            "tags": tag_map(profile.get("Tags")),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        iam = aws.client("iam")
        if changed(old, new, "role"):
            self._role(aws, id, old.get("role"), new.get("role"))
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if drop:
            iam.untag_instance_profile(InstanceProfileName=id, TagKeys=drop)
        if put:
            iam.tag_instance_profile(InstanceProfileName=id, Tags=tag_list(put))

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*_GONE):
            self._role(aws, id, state.get("role"), None)
        with ignoring(*_GONE):
            aws.client("iam").delete_instance_profile(InstanceProfileName=id)

    @staticmethod
    def _role(aws: Session, id: str, old: str | None, new: str | None) -> None:
        iam = aws.client("iam")
        if old:
            iam.remove_role_from_instance_profile(InstanceProfileName=id, RoleName=old)
        if new:
            iam.add_role_to_instance_profile(InstanceProfileName=id, RoleName=new)


@resource("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
class OpenIdConnectProvider(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/iam/openidconnectprovider/."""

    replace = frozenset({"url"})
    unordered = frozenset({"clientIdLists"})

    def create(self, aws: Session, inputs: Properties) -> str:
        answer = aws.client("iam").create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            ThumbprintList=inputs.get("thumbprintLists") or [],
            Tags=tag_list(inputs["tags"]),
        )
        return str(answer["OpenIDConnectProviderArn"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=id), *_GONE)
        if answer is None:
            return None
        # AWS keeps the URL without its scheme.
        same = str(state.get("url", "")).removeprefix("https://") == answer["Url"]
        return {
            "arn": id,
            "url": state["url"] if same else answer["Url"],
            "clientIdLists": answer["ClientIDList"],
            "thumbprintLists": answer["ThumbprintList"],
            "tags": tag_map(answer.get("Tags")),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        iam = aws.client("iam")
        before, after = set(old.get("clientIdLists") or ()), set(new.get("clientIdLists") or ())
        for client in sorted(after - before):
            iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=client)
        for client in sorted(before - after):
            iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=id, ClientID=client)
        if changed(old, new, "thumbprintLists") and new.get("thumbprintLists"):
            iam.update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=id, ThumbprintList=new["thumbprintLists"]
            )
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if drop:
            iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=id, TagKeys=drop)
        if put:
            iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=id, Tags=tag_list(put))

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*_GONE):
            aws.client("iam").delete_open_id_connect_provider(OpenIDConnectProviderArn=id)


def _identity(entity: dict[str, Any], name: str, id: str) -> Properties:
    return {
        "arn": entity["Arn"],
        "name": entity[name],
        "uniqueId": entity[id],
        "path": entity["Path"],
        "createDate": entity["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _inline(iam: Any, role: str, name: str) -> str:  # noqa: ANN401 - boto3 clients are made at run time
    return json.dumps(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
