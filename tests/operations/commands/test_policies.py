"""What each kind of person may do: the policies allow what commands call, and nothing that another role alone does."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from localcloud import coverage
from operations.account.account import Account
from operations.commands import (
    checklist,
    logs,
    policies,
    releases,
    retire,
    rollback,
    run,
    secrets,
    shell,
    status,
)
from operations.permissions.scope import Scope
from operations.permissions.statements import MANAGED_POLICY, Statement, documents, length
from operations.state import preview
from operations.state.stack import read_with_resources
from tests.every import every
from tests.operations import call_recorder
from tests.operations.authorization import Call, Request, World, allowed, requests, world
from tests.operations.place import CLUSTER, STACK, Place, project, release

BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
KEY = "arn:aws:kms:us-east-1:123456789012:key/state"
STATE = ("--state-bucket", "states/alicerce", "--state-key", KEY)


@dataclass(frozen=True)
class Released:
    """A stack of its own, which the commands here may change, and what the `up` of its second release called."""

    place: Place
    calls: list[Call]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Released]:
    """AprendeAI ran v1.0.0 and runs v1.1.0."""
    with project(tmp_path_factory) as made:
        made.up()
        release(made, "v1.1.0")
        with call_recorder.everywhere(tmp_path_factory.mktemp("recorder")) as calls:
            made.up()
        yield Released(made, [Call(*call) for call in calls])


@pytest.fixture(scope="module")
def place(released: Released) -> Place:
    return released.place


@pytest.fixture(name="scope", scope="module")
def scope_of_place(place: Place) -> Scope:
    return Scope(*read_with_resources(STACK, place.root))


@pytest.fixture(name="here", scope="module")
def world_of_place(place: Place) -> World:
    return world(place.client, place.state().read_text(), CLUSTER)


@contextmanager
def recorded() -> Iterator[list[Call]]:
    """Note every call that a command makes."""
    found: list[Call] = []

    def note(params: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's operation
        found.append(Call(model.service_model.service_name, model.name, dict(params)))

    client = Account.client

    def watched(self: Account, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401 - as the method has them
        made = client(self, *arguments, **more)
        made.meta.events.register("provide-client-params.*.*", note, unique_id="recorded")
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Account, "client", watched)
        patch.setattr(preview, "show", lambda *_: 0)
        yield found


def ran_and_interrupted(place: Place) -> None:
    assert place("run", "aprendeai-api", "--", "true").code == 0

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_follow", interrupt)
        place("run", "--env", "LOCALCLOUD_RUN_SECONDS=forever", "equivalence-worker", "--", "sleep", "9")


def rolled_back(place: Place) -> None:
    before = place.config.read_text()
    assert place("rollback", "aprendeai").code == 0
    place.config.write_text(before)


def retired(place: Place) -> None:
    """Retire where the cache still takes another password."""
    scope = Scope(*read_with_resources(STACK, place.root))
    system = scope.stack.system("aprendeai")
    url = place.client("secretsmanager").get_secret_value(SecretId=system.secrets["REDIS_URL"])["SecretString"]
    current = url.split("@")[0].rpartition(":")[2]
    place.client("elasticache").modify_user(
        UserId=system.rotation.cache_user, Passwords=[current, "another-password-of-before"]
    )
    ran = place("retire", "aprendeai")
    assert (ran.code, ran.err) == (0, "")
    assert "redis: end the password" in ran.out


#: Each command with how it is run so that every call of it is made, and who may.
COMMANDS: list[tuple[str, Callable[[Scope], list[Statement]], Callable[[Place], Any], set[str]]] = [
    ("status", status.permissions, lambda place: place("status"), set(policies.ROLES)),
    ("releases", releases.permissions, lambda place: place("releases"), set(policies.ROLES)),
    ("logs", logs.permissions, lambda place: place("logs", "aprendeai-api"), set(policies.ROLES)),
    ("secrets", secrets.permissions, lambda place: place("secrets"), set(policies.ROLES)),
    ("checklist", checklist.permissions, lambda place: place("checklist"), set(policies.ROLES)),
    ("rollback", rollback.permissions, rolled_back, set(policies.ROLES)),
    (
        "run",
        run.permissions,
        ran_and_interrupted,
        {"operator", "releaser", "deployer"},
    ),
    ("retire", retire.permissions, retired, {"operator", "deployer"}),
]


@pytest.mark.parametrize(("name", "permissions", "ran", "roles"), COMMANDS, ids=[one[0] for one in COMMANDS])
def test_a_command_is_allowed_what_it_calls_and_nothing_else(
    place: Place,
    scope: Scope,
    here: World,
    name: str,
    permissions: Callable[[Scope], list[Statement]],
    ran: Callable[[Place], Any],
    roles: set[str],
) -> None:
    with recorded() as calls:
        ran(place)
    asked = [request for call in calls for request in requests(here, call)]
    assert asked
    own = documents(permissions(scope))
    assert [str(request) for request in asked if not allowed(own, request)] == []
    listed = {action for statement in permissions(scope) for action in statement.actions}
    assert listed == {request.action for request in asked}, "an action that no call needs is a right too many"
    for role in every(policies.ROLES):
        granted = documents_of(place, role)
        refused = [str(request) for request in asked if not allowed(granted, request)]
        assert (not refused) is (role in roles), (role, refused)


def documents_of(place: Place, role: str) -> list[dict[str, Any]]:
    """Return a role's policies as the command prints them."""
    ran = place("policies", "--role", role, "--boundary", BOUNDARY, *STATE)
    assert ran.code == 0, ran.err
    return list(json.loads(ran.out).values())


def test_a_release_is_allowed_to_a_releaser_whole(released: Released, scope: Scope, here: World) -> None:
    assert {"RunTask", "UpdateService", "RegisterTaskDefinition"} <= {call.operation for call in released.calls}
    asked = [request for call in released.calls for request in requests(here, call)]
    for role in every(policies.ROLES):
        granted = documents_of(released.place, role)
        refused = sorted({str(request) for request in asked if not allowed(granted, request)})
        assert (not refused) is (role in ("releaser", "deployer")), (role, refused)


def test_a_shell_needs_the_cluster_the_task_and_the_key(place: Place, scope: Scope, here: World) -> None:
    task = here.arn("ecs", f"task/{CLUSTER}/1")
    region = {"aws:RequestedRegion": here.region}
    asked = [
        Request("ecs:ListTasks", "*", {**region, **here.in_cluster}),
        Request("ecs:ExecuteCommand", here.arn("ecs", f"cluster/{CLUSTER}"), {**region, **here.in_cluster}),
        Request("ecs:ExecuteCommand", task, {**region, **here.in_cluster}),
        Request("kms:GenerateDataKey", here.key, region),
    ]
    assert all(allowed(documents(shell.permissions(scope)), request) for request in every(asked))
    assert {
        role for role in policies.ROLES if all(allowed(documents_of(place, role), one) for one in every(asked))
    } == {"operator"}
    unlogged = Request("ssm:StartSession", task)
    assert not any(allowed(documents_of(place, role), unlogged) for role in policies.ROLES)


def who_may(scope: Scope, here: World) -> list[tuple[Request, set[str]]]:
    """Return what must be refused to all but some."""
    system = scope.stack.system("aprendeai")
    password, url = system.secrets["DB_PASSWORD"], system.secrets["REDIS_URL"]
    region = {"aws:RequestedRegion": here.region}
    others = {"aws:ResourceTag/Project": "alicerce", "aws:ResourceTag/Environment": "prod"}
    through = {"kms:ViaService": f"secretsmanager.{here.region}.amazonaws.com", **here.tagged(here.key)}
    secret = "kms:EncryptionContext:SecretARN"
    services, tasks = f"service/{CLUSTER}", {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    abroad = {"aws:RequestedRegion": "eu-west-1"}
    elsewhere = {"ecs:cluster": here.arn("ecs", "cluster/other")}
    definition = here.arn("ecs", "task-definition/local-aprendeai-api:1")
    role = scope.resources.task_roles[0]
    database = here.arn("rds", "db:aprendeai-database-1")
    function = f"function:{system.rotation.function}"
    key, bounded = "iam:PermissionsBoundary", "arn:aws:iam::123456789012:role/aprendeai-api-task-1"
    state = "arn:aws:s3:::states/alicerce/.pulumi"
    everybody, writers = set(policies.ROLES), {"releaser", "deployer"}
    return [
        # Values of secrets.
        (Request("secretsmanager:GetSecretValue", password, here.tagged(password)), {"deployer"}),
        (Request("secretsmanager:GetSecretValue", url, here.tagged(url)), {"operator", "deployer"}),
        (Request("secretsmanager:GetSecretValue", password, others), set()),
        (Request("secretsmanager:BatchGetSecretValue"), set()),
        (Request("secretsmanager:PutSecretValue", password, here.tagged(password)), {"deployer"}),
        (Request("secretsmanager:DescribeSecret", password, others), set()),
        (Request("kms:Decrypt", here.key, here.tagged(here.key)), set()),
        (
            Request("kms:Decrypt", here.key, {**through, secret: url}),
            {"operator", "deployer"},
        ),
        (Request("kms:Decrypt", here.key, {**through, secret: password}), {"deployer"}),
        # Tasks, which read them.
        (Request("ecs:RunTask", definition, here.in_cluster), {"operator", *writers}),
        (Request("ecs:RunTask", definition, elsewhere), set()),
        (Request("ecs:RunTask", here.arn("ecs", "task-definition/prod-aprendeai-api:1"), here.in_cluster), set()),
        (Request("iam:PassRole", role, tasks), {"operator", *writers}),
        (Request("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}), set()),
        (Request("iam:PassRole", "arn:aws:iam::123456789012:role/admin", tasks), set()),
        (Request("ecs:StopTask", here.arn("ecs", f"task/{CLUSTER}/1"), here.in_cluster), {"operator", *writers}),
        (Request("ecs:StopTask", here.arn("ecs", "task/other/1"), elsewhere), set()),
        (Request("ecs:ListTasks", "*", elsewhere), set()),
        # Releases.
        (Request("ecs:RegisterTaskDefinition", definition, region), writers),
        (Request("ecs:UpdateService", here.arn("ecs", f"{services}/aprendeai-api"), here.in_cluster), writers),
        (Request("ecs:UpdateService", here.arn("ecs", "service/other/aprendeai-api"), elsewhere), set()),
        (Request("ecs:DeleteService", here.arn("ecs", f"{services}/aprendeai-api"), here.in_cluster), {"deployer"}),
        (Request("ecr:PutLifecyclePolicy", here.arn("ecr", "repository/local/aprendeai-api"), region), writers),
        (Request("ecr:PutLifecyclePolicy", here.arn("ecr", "repository/prod/aprendeai-api"), region), set()),
        (Request("ecr:PutImage", here.arn("ecr", "repository/local/aprendeai-api"), region), set()),
        # Logins.
        (Request("lambda:InvokeFunction", here.arn("lambda", function)), {"operator", "deployer"}),
        (Request("lambda:InvokeFunction", here.arn("lambda", "function:other-credentials-1"), others), set()),
        (Request("elasticache:ModifyUser", here.arn("elasticache", "user:other-cache-app-1"), others), set()),
        # Stores, network, roles.
        (Request("rds:ModifyDBInstance", database, region), {"deployer"}),
        (Request("rds:DeleteDBInstance", database, region), {"deployer"}),
        (Request("rds:DeleteDBInstance", database, {**region, **others}), set()),
        (Request("ec2:AuthorizeSecurityGroupIngress", here.arn("ec2", "security-group/sg-1"), region), {"deployer"}),
        (
            Request("ec2:CreateVpc", "arn:aws:ec2:eu-west-1:123456789012:vpc/*", {"aws:RequestedRegion": "eu-west-1"}),
            set(),
        ),
        (Request("kms:CreateKey", "*", region), {"deployer"}),
        (Request("kms:CreateKey", "*", abroad), set()),
        (Request("iam:CreateRole", bounded, {key: BOUNDARY, **region}), {"deployer"}),
        (Request("iam:CreateRole", bounded, region), set()),
        (Request("iam:PutRolePolicy", bounded, {key: "arn:aws:iam::aws:policy/AdministratorAccess", **region}), set()),
        (Request("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/admin", {key: BOUNDARY, **region}), set()),
        (Request("iam:DeleteRolePermissionsBoundary", bounded, {key: BOUNDARY, **region}), set()),
        (Request("iam:CreatePolicyVersion", BOUNDARY, region), set()),
        (Request("iam:CreateUser", "arn:aws:iam::123456789012:user/me", region), set()),
        (Request("iam:CreateAccessKey", "arn:aws:iam::123456789012:user/me", region), set()),
        (Request("cloudtrail:StopLogging", here.arn("cloudtrail", "trail/all"), region), set()),
        # The state.
        (Request("s3:GetObject", f"{state}/stacks/alicerce/local.json"), everybody),
        (Request("s3:PutObject", f"{state}/stacks/alicerce/local.json"), writers),
        (Request("s3:PutObject", f"{state}/locks/organization/alicerce/local/1.json"), writers),
        (Request("s3:PutObject", f"{state}/stacks/alicerce/prod.json"), set()),
        (Request("s3:DeleteObject", f"{state}/history/alicerce/prod/1.json"), set()),
        (Request("kms:Decrypt", KEY, {"kms:ViaService": "s3.us-east-1.amazonaws.com"}), everybody),
        (Request("kms:Decrypt", KEY, {}), writers),
    ]


def test_nobody_does_what_another_role_alone_may(place: Place, scope: Scope, here: World) -> None:
    granted = {role: documents_of(place, role) for role in policies.ROLES}
    wrong = []
    for request, wanted in who_may(scope, here):
        context = {"aws:RequestedRegion": here.region, **request.context}
        asked = Request(request.action, request.resource, context)
        found = {role for role in policies.ROLES if allowed(granted[role], asked)}
        if found != wanted:
            wrong.append(f"{request}: {sorted(found)}, and not {sorted(wanted)}")
    assert wrong == []


#: Actions that take no resource, of those that change something:
#: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
WITHOUT_RESOURCE = {
    "acm:RequestCertificate",
    "ecs:DeregisterTaskDefinition",
    "elasticloadbalancing:SetWebAcl",
    "kms:CreateKey",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DeleteResourcePolicy",
    "logs:PutResourcePolicy",
    "mq:CreateBroker",
    "route53:CreateHostedZone",
    "servicediscovery:CreateHttpNamespace",
    "servicediscovery:TagResource",
    "servicediscovery:UntagResource",
}


@pytest.mark.parametrize("role", policies.ROLES)
def test_no_policy_is_wider_or_longer_than_it_may_be(place: Place, role: str) -> None:
    found = documents_of(place, role)
    statements = [one for document in found for one in document["Statement"] if one["Effect"] == "Allow"]
    assert len(statements) > 5
    assert not [action for one in statements for action in one["Action"] if "*" in action]
    on_anything = {action for one in statements if "*" in one["Resource"] for action in one["Action"]}
    reading = ("Describe", "List", "Get")
    assert {action for action in on_anything if not action.split(":")[1].startswith(reading)} <= WITHOUT_RESOURCE
    assert not [one for one in statements if one["Action"] == ["iam:PassRole"] and "Condition" not in one]
    assert max(map(length, found)) <= MANAGED_POLICY
    for document in every(found):
        ids = [one["Sid"] for one in document["Statement"] if "Sid" in one]
        assert len(ids) == len(set(ids))


#: What the reference calls otherwise than the API.
RENAMED = {
    "elbv2": "elasticloadbalancing",
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "s3:DeleteBucketOwnershipControls": "s3:PutBucketOwnershipControls",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:DeleteObjects": "s3:DeleteObject",
    "s3:DeletePublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "s3:PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "s3:PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}
#: Never needed: a certificate of the program's is asked for and not brought along, and a role keeps its boundary.
NOT_CALLED = {
    "acm:ImportCertificate",
    "iam:DeleteRolePermissionsBoundary",
    "iam:PutRolePermissionsBoundary",
    "route53:AssociateVPCWithHostedZone",
}


def test_a_deployer_may_whatever_the_resource_types_of_a_stack_call(place: Place) -> None:
    types = {resource["type"] for resource in json.loads(place.state().read_text())["deployment"]["resources"]}
    called = set()
    for row in coverage.table():
        if row.token in types:
            for call in row.calls:
                action = f"{RENAMED.get(call.service, call.service)}:{call.operation}"
                called.add(RENAMED.get(action, action))
    assert len(called) > 300
    listed = {
        action
        for document in documents_of(place, "deployer")
        for one in document["Statement"]
        if one["Effect"] == "Allow"
        for action in one["Action"]
    }
    assert called - listed - NOT_CALLED == set()


def test_without_a_boundary_a_deployer_makes_no_role_and_is_told(place: Place) -> None:
    ran = place("policies", "--role", "deployer")
    assert ran.err == (
        "deployer: May destroy the stack and read its secrets.\n"
        "deployer: without --boundary it makes and changes no roles\n"
        "without --state-bucket no policy reads the stack's state, which every command does\n"
    )
    role = "arn:aws:iam::123456789012:role/aprendeai-api-task-1"
    context = {"aws:RequestedRegion": "us-east-1", "iam:PermissionsBoundary": BOUNDARY}
    assert not allowed(json.loads(ran.out).values(), Request("iam:CreateRole", role, context))


def test_all_roles_are_printed_by_name_with_what_to_know_of_them(place: Place) -> None:
    ran = place("policies")
    assert (ran.code, set(json.loads(ran.out)) >= {f"{CLUSTER}-viewer", f"{CLUSTER}-operator"}) == (0, True)
    assert "operator: RunTask and ExecuteCommand read every secret of a task" in ran.err
    assert place("policies", "--state-key", KEY).err == (
        "error: --state-key is the key of a bucket: name the bucket with --state-bucket\n"
    )


def test_policies_ask_the_account_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert place("policies").code == 0
