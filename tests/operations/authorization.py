"""Whether IAM would allow a call: what a call asks for, and what policies answer to that."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from operations.permissions.statements import Document

Context = Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """What IAM is asked for."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict, hash=False)

    def __str__(self) -> str:  # noqa: D105
        return f"{self.action} on {self.resource} with {dict(self.context)}"


def allowed(documents: Iterable[Document], request: Request) -> bool:
    """Tell whether policies allow a request: one statement does, and none denies it.

    moto's own evaluator takes a statement whose condition doesn't hold for a denial. IAM doesn't:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    effects = {one["Effect"] for document in documents for one in document["Statement"] if _applies(one, request)}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], request: Request) -> bool:
    actions = statement.get("Action", statement.get("NotAction"))
    named = any(_like(pattern.lower(), request.action.lower()) for pattern in actions)
    held = {
        _holds(operator, request.context.get(key), [values] if isinstance(values, str) else values)
        for operator, tests in statement.get("Condition", {}).items()
        for key, values in tests.items()
    }
    return (
        named is ("Action" in statement)
        and any(_like(pattern, request.resource) for pattern in statement["Resource"])
        and False not in held
    )


def _holds(operator: str, found: str | None, wanted: Sequence[str]) -> bool:
    """Tell whether a condition holds.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    if operator == "Null":
        return (found is None) == (wanted == ["true"])
    plain = operator.removesuffix("IfExists")
    if found is None:
        return plain != operator or plain.startswith("StringNot")
    if plain == "StringNotEquals":
        return found not in wanted
    if plain in ("StringEquals", "Bool"):
        return found in wanted
    assert plain in ("StringLike", "ArnEquals", "ArnLike"), operator
    return any(_like(pattern, found) for pattern in wanted)


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


@dataclass(frozen=True)
class Call:
    """A call as a client made it."""

    service: str
    operation: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class World:
    """The account that calls are about."""

    client: Callable[[str], Any]
    cluster: str
    key: str
    tags: Mapping[str, Mapping[str, str]]
    """The tags of what a state has, by ARN."""
    region: str = "us-east-1"
    account: str = "123456789012"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def tagged(self, arn: str) -> dict[str, str]:
        """Return what IAM knows of a resource's tags."""
        return {f"aws:ResourceTag/{key}": value for key, value in self.tags.get(arn, {}).items()}

    @property
    def in_cluster(self) -> Context:
        return {"ecs:cluster": self.arn("ecs", f"cluster/{self.cluster}")}


def world(client: Callable[[str], Any], state: str, cluster: str) -> World:
    """Take the account of a state."""
    tags, key = {}, ""
    for resource in json.loads(state)["deployment"]["resources"]:
        outputs = resource.get("outputs") or {}
        if outputs.get("arn") and outputs.get("tags"):
            tags[outputs["arn"]] = outputs["tags"]
        if resource["type"] == "aws:kms/key:Key":
            key = outputs["arn"]
    return World(client, cluster, key, tags)


def requests(world: World, call: Call) -> list[Request]:
    """Return what IAM is asked for when a call is made.

    By the pages of the Service Authorization Reference, one a service:
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    asked = _ASKED[call.service, call.operation](world, call.params)
    return [replace(one, context={"aws:RequestedRegion": world.region, **one.context}) for one in asked]


_Params = Mapping[str, Any]


def _on_anything(action: str) -> Callable[[World, _Params], Iterator[Request]]:
    def asked(world: World, params: _Params) -> Iterator[Request]:
        yield Request(action)

    return asked


def _on_services(action: str) -> Callable[[World, _Params], Iterator[Request]]:
    def asked(world: World, params: _Params) -> Iterator[Request]:
        for name in params.get("services") or [params["service"]]:
            service = name.rsplit("/", 1)[-1]
            yield Request(action, world.arn("ecs", f"service/{world.cluster}/{service}"), world.in_cluster)

    return asked


def _on_parts_of_services(action: str, key: str) -> Callable[[World, _Params], Iterator[Request]]:
    """Service deployments and revisions: each is asked for, and the service that it is of."""

    def asked(world: World, params: _Params) -> Iterator[Request]:
        for arn in params[key]:
            yield Request(action, arn, world.in_cluster)
            service = arn.split("/")[2]
            yield Request(action, world.arn("ecs", f"service/{world.cluster}/{service}"), world.in_cluster)

    return asked


def _on_tasks(action: str) -> Callable[[World, _Params], Iterator[Request]]:
    def asked(world: World, params: _Params) -> Iterator[Request]:
        for task in params.get("tasks") or [params["task"]]:
            id = task.rsplit("/", 1)[-1]
            yield Request(action, world.arn("ecs", f"task/{world.cluster}/{id}"), world.in_cluster)

    return asked


def _list_tasks(world: World, params: _Params) -> Iterator[Request]:
    yield Request("ecs:ListTasks", "*", world.in_cluster)


def _run_task(world: World, params: _Params) -> Iterator[Request]:
    given = params["taskDefinition"]
    found = world.client("ecs").describe_task_definition(taskDefinition=given)["taskDefinition"]
    yield Request("ecs:RunTask", found["taskDefinitionArn"], world.in_cluster)
    yield from _pass(found["taskRoleArn"], found["executionRoleArn"])
    yield Request("ecs:TagResource", world.arn("ecs", f"task/{world.cluster}/1"), {"ecs:CreateAction": "RunTask"})


def _register(world: World, params: _Params) -> Iterator[Request]:
    arn = world.arn("ecs", f"task-definition/{params['family']}:9")
    yield Request("ecs:RegisterTaskDefinition", arn)
    yield Request("ecs:TagResource", arn, {"ecs:CreateAction": "RegisterTaskDefinition"})
    yield from _pass(params["taskRoleArn"], params["executionRoleArn"])


def _update_service(world: World, params: _Params) -> Iterator[Request]:
    yield from _on_services("ecs:UpdateService")(world, params)
    for balancer in params.get("loadBalancers") or ():
        if role := (balancer.get("advancedConfiguration") or {}).get("roleArn"):
            yield from _pass(role, to="ecs")


def _pass(*roles: str, to: str = "ecs-tasks") -> Iterator[Request]:
    for role in roles:
        yield Request("iam:PassRole", role, {"iam:PassedToService": f"{to}.amazonaws.com"})


def _on_repository(action: str) -> Callable[[World, _Params], Iterator[Request]]:
    def asked(world: World, params: _Params) -> Iterator[Request]:
        for name in params.get("repositoryNames") or [params["repositoryName"]]:
            yield Request(action, world.arn("ecr", f"repository/{name}"))

    return asked


def _filter_log_events(world: World, params: _Params) -> Iterator[Request]:
    yield Request("logs:FilterLogEvents", world.arn("logs", f"log-group:{params['logGroupName']}:*"))


def _get_log_events(world: World, params: _Params) -> Iterator[Request]:
    stream = f"log-group:{params['logGroupName']}:log-stream:{params['logStreamName']}"
    yield Request("logs:GetLogEvents", world.arn("logs", stream))


def _describe_databases(world: World, params: _Params) -> Iterator[Request]:
    yield Request("rds:DescribeDBInstances", world.arn("rds", f"db:{params.get('DBInstanceIdentifier', '*')}"))


def _describe_snapshots(world: World, params: _Params) -> Iterator[Request]:
    if database := params.get("DBInstanceIdentifier"):
        yield Request("rds:DescribeDBSnapshots", world.arn("rds", f"db:{database}"))
    yield Request("rds:DescribeDBSnapshots", world.arn("rds", f"snapshot:{params.get('DBSnapshotIdentifier', '*')}"))


def _create_snapshot(world: World, params: _Params) -> Iterator[Request]:
    snapshot = world.arn("rds", f"snapshot:{params['DBSnapshotIdentifier']}")
    yield Request("rds:CreateDBSnapshot", world.arn("rds", f"db:{params['DBInstanceIdentifier']}"))
    yield Request("rds:CreateDBSnapshot", snapshot)
    yield Request("rds:AddTagsToResource", snapshot)


def _on_secret(action: str) -> Callable[[World, _Params], Iterator[Request]]:
    def asked(world: World, params: _Params) -> Iterator[Request]:
        arn = params["SecretId"]
        yield Request(action, arn, world.tagged(arn))
        if action == "secretsmanager:GetSecretValue":
            through = f"secretsmanager.{world.region}.amazonaws.com"
            context = {"kms:ViaService": through, "kms:EncryptionContext:SecretARN": arn}
            yield Request("kms:Decrypt", world.key, {**context, **world.tagged(world.key)})

    return asked


def _on_function(action: str) -> Callable[[World, _Params], Iterator[Request]]:
    def asked(world: World, params: _Params) -> Iterator[Request]:
        arn = world.arn("lambda", f"function:{params['FunctionName']}")
        yield Request(action, arn, world.tagged(arn))

    return asked


def _on_cache_user(action: str) -> Callable[[World, _Params], Iterator[Request]]:
    def asked(world: World, params: _Params) -> Iterator[Request]:
        arn = world.arn("elasticache", f"user:{params['UserId']}")
        yield Request(action, arn, world.tagged(arn))

    return asked


def _on_zone(action: str) -> Callable[[World, _Params], Iterator[Request]]:
    def asked(world: World, params: _Params) -> Iterator[Request]:
        yield Request(action, f"arn:aws:route53:::hostedzone/{params.get('Id') or params['ResourceId']}")

    return asked


_ASKED: dict[tuple[str, str], Callable[[World, _Params], Iterator[Request]]] = {
    ("cloudwatch", "DescribeAlarms"): _on_anything("cloudwatch:DescribeAlarms"),
    ("ec2", "DescribeAvailabilityZones"): _on_anything("ec2:DescribeAvailabilityZones"),
    ("ecr", "DeleteLifecyclePolicy"): _on_repository("ecr:DeleteLifecyclePolicy"),
    ("ecr", "DescribeImages"): _on_repository("ecr:DescribeImages"),
    ("ecr", "DescribeRepositories"): _on_repository("ecr:DescribeRepositories"),
    ("ecr", "GetLifecyclePolicy"): _on_repository("ecr:GetLifecyclePolicy"),
    ("ecr", "PutLifecyclePolicy"): _on_repository("ecr:PutLifecyclePolicy"),
    ("ecs", "DescribeServiceDeployments"): _on_parts_of_services(
        "ecs:DescribeServiceDeployments", "serviceDeploymentArns"
    ),
    ("ecs", "DescribeServiceRevisions"): _on_parts_of_services("ecs:DescribeServiceRevisions", "serviceRevisionArns"),
    ("ecs", "DescribeServices"): _on_services("ecs:DescribeServices"),
    ("ecs", "DescribeTaskDefinition"): _on_anything("ecs:DescribeTaskDefinition"),
    ("ecs", "DescribeTasks"): _on_tasks("ecs:DescribeTasks"),
    ("ecs", "ListServiceDeployments"): _on_services("ecs:ListServiceDeployments"),
    ("ecs", "ListTaskDefinitions"): _on_anything("ecs:ListTaskDefinitions"),
    ("ecs", "ListTasks"): _list_tasks,
    ("ecs", "RegisterTaskDefinition"): _register,
    ("ecs", "RunTask"): _run_task,
    ("ecs", "StopTask"): _on_tasks("ecs:StopTask"),
    ("ecs", "UpdateService"): _update_service,
    ("elasticache", "DescribeUsers"): _on_cache_user("elasticache:DescribeUsers"),
    ("elasticache", "ModifyUser"): _on_cache_user("elasticache:ModifyUser"),
    ("elbv2", "DescribeTargetHealth"): _on_anything("elasticloadbalancing:DescribeTargetHealth"),
    ("lambda", "GetFunctionConfiguration"): _on_function("lambda:GetFunctionConfiguration"),
    ("lambda", "Invoke"): _on_function("lambda:InvokeFunction"),
    ("logs", "FilterLogEvents"): _filter_log_events,
    ("logs", "GetLogEvents"): _get_log_events,
    ("rds", "CreateDBSnapshot"): _create_snapshot,
    ("rds", "DescribeDBInstances"): _describe_databases,
    ("rds", "DescribeDBSnapshots"): _describe_snapshots,
    ("route53", "GetHostedZone"): _on_zone("route53:GetHostedZone"),
    ("route53", "ListHostedZones"): _on_anything("route53:ListHostedZones"),
    ("route53", "ListTagsForResource"): _on_zone("route53:ListTagsForResource"),
    ("secretsmanager", "DescribeSecret"): _on_secret("secretsmanager:DescribeSecret"),
    ("secretsmanager", "GetSecretValue"): _on_secret("secretsmanager:GetSecretValue"),
    ("secretsmanager", "ListSecretVersionIds"): _on_secret("secretsmanager:ListSecretVersionIds"),
    ("sts", "GetCallerIdentity"): _on_anything("sts:GetCallerIdentity"),
}
