"""IAM."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider import ProviderError
from localcloud.provider.session import Session

ROLE = "aws:iam/role:Role"
TASKS = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
READ = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
WRITE = READ.replace("Get", "Put")
EXECUTION = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"


@pytest.fixture
def role(aws: Session) -> str:
    aws.client("iam").create_role(RoleName="tasks", AssumeRolePolicyDocument=TASKS)
    return "tasks"


def test_a_role_lives(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        role = aws.client("iam").get_role(RoleName=id)["Role"]
        assert role["Description"] == "two"
        assert role["MaxSessionDuration"] == 7200
        assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == {"A": "2", "Env": "x"}

    life = crud(
        ROLE,
        {"assumeRolePolicy": TASKS, "description": "one", "tags": {"A": "1"}},
        {
            "assumeRolePolicy": json.dumps(json.loads(TASKS), indent=1),
            "description": "two",
            "maxSessionDuration": 7200,
            "tags": {"A": "2"},
        },
        default_tags={"Env": "x"},
        look=look,
    )
    assert life.changed == {"description", "maxSessionDuration", "tags.A"}
    assert life.created["arn"] == f"arn:aws:iam::123456789012:role/{life.id}"
    assert life.created["uniqueId"].startswith("AROA")


def test_a_role_with_policies_of_its_own_keeps_exactly_those(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        assert aws.client("iam").list_role_policies(RoleName=id)["PolicyNames"] == ["b"]
        assert aws.client("iam").list_attached_role_policies(RoleName=id)["AttachedPolicies"] == []

    crud(
        ROLE,
        {
            "assumeRolePolicy": TASKS,
            "managedPolicyArns": [EXECUTION],
            "inlinePolicies": [{"name": "a", "policy": READ}],
        },
        {"managedPolicyArns": None, "inlinePolicies": [{"name": "b", "policy": WRITE}]},
        look=look,
    )


def test_a_role_that_still_has_a_policy_is_not_deleted(driver: Callable[..., Any], aws: Session, role: str) -> None:
    aws.client("iam").attach_role_policy(RoleName=role, PolicyArn=EXECUTION)
    with pytest.raises(ProviderError, match="DeleteRole: DeleteConflict"):
        driver().delete(ROLE, role, {}, {})
    driver().delete(ROLE, role, {"forceDetachPolicies": True}, {})


def test_an_inline_policy_lives(crud: Callable[..., Any], role: str) -> None:
    life = crud("aws:iam/rolePolicy:RolePolicy", {"role": role, "policy": READ}, {"policy": WRITE})
    assert life.id.startswith("tasks:thing-")
    assert life.changed == {"policy"}


def test_a_policy_of_aws_is_attached(crud: Callable[..., Any], role: str) -> None:
    life = crud("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": role, "policyArn": EXECUTION})
    assert life.id == f"tasks/{EXECUTION}"


def test_a_policy_that_is_not_there_is_refused(driver: Callable[..., Any], role: str) -> None:
    arn = "arn:aws:iam::aws:policy/NoSuchThing"
    with pytest.raises(ProviderError, match=r"AttachRolePolicy: NoSuchEntity: .*NoSuchThing"):
        driver().create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", {"role": role, "policyArn": arn})


def test_a_managed_policy_keeps_five_versions_at_most(driver: Callable[..., Any], aws: Session) -> None:
    drive, token = driver(), "aws:iam/policy:Policy"
    old = drive.check(token, {"policy": READ, "tags": {"A": "1"}})
    id, state = drive.create(token, old)
    for number in range(7):
        new = drive.check(token, {"policy": READ.replace("Get", f"Get{number}"), "tags": {"A": "1"}}, old)
        assert not drive.diff(token, id, state, old, new).replaces
        state, old = drive.update(token, id, state, old, new), new
    assert "Get6" in state["policy"]
    assert len(aws.client("iam").list_policy_versions(PolicyArn=id)["Versions"]) == 5
    drive.delete(token, id, state, old)
    assert drive.read(token, id, state, old)[0] == ""


def test_a_managed_policy_lives(crud: Callable[..., Any]) -> None:
    life = crud("aws:iam/policy:Policy", {"policy": READ}, {"policy": WRITE, "tags": {"A": "1"}})
    assert life.id == life.created["arn"]


def test_an_instance_profile_changes_its_role(crud: Callable[..., Any], aws: Session, role: str) -> None:
    aws.client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=TASKS)
    life = crud("aws:iam/instanceProfile:InstanceProfile", {"role": role}, {"role": "other", "tags": {"A": "1"}})
    assert life.updated["role"] == "other"


def test_an_open_id_connect_provider_lives(crud: Callable[..., Any]) -> None:
    life = crud(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        {
            "url": "https://token.actions.githubusercontent.com",
            "clientIdLists": ["sts.amazonaws.com"],
            "thumbprintLists": ["a" * 40],
        },
        {"clientIdLists": ["sts.amazonaws.com", "other"], "thumbprintLists": ["b" * 40]},
    )
    assert life.id == "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"


@pytest.mark.parametrize(
    ("inputs", "failure"),
    [
        ({"assumeRolePolicy": "{"}, "assumeRolePolicy"),
        ({"assumeRolePolicy": TASKS, "maxSessionDuration": 1}, "maxSessionDuration"),
    ],
)
def test_inputs_that_aws_refuses_fail_the_check(
    driver: Callable[..., Any], inputs: dict[str, Any], failure: str
) -> None:
    assert [item.property for item in driver().checked(ROLE, inputs).failures] == [failure]
