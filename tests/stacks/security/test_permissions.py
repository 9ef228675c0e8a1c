"""Controls of roles and policies: who may do what, and to what."""

import json
from collections.abc import Iterator
from typing import Any

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import allowed_to, own_key, pages, services_of, several, statements_of

#: Actions that take no resource, so that a policy can't name one. None of them writes but PutMetricData, which a policy
#: binds to a namespace.
#: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ecr:GetAuthorizationToken",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def _is_everyone(principal: Any) -> bool:  # noqa: ANN401 - "*", or principals by their kind
    return principal == "*" or "*" in several(principal.get("AWS", []))


def _allowed_on(standing: Standing) -> list[tuple[str, dict[str, Any]]]:
    """Return each statement of resources' policies, with the resource. The network's endpoints: docs/security.md."""
    return [(name, statement) for name, policy in _resource_policies(standing) for statement in statements_of(policy)]


def _resource_policies(standing: Standing) -> Iterator[tuple[str, Any]]:
    s3, sns, kms = standing.client("s3"), standing.client("sns"), standing.client("kms")
    manager, ecr, logs = standing.client("secretsmanager"), standing.client("ecr"), standing.client("logs")
    for bucket in s3.list_buckets()["Buckets"]:
        yield bucket["Name"], s3.get_bucket_policy(Bucket=bucket["Name"])["Policy"]
    for topic in pages(sns, "list_topics", "Topics"):
        policy = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["Policy"]
        yield topic["TopicArn"], policy
    yield "the key", kms.get_key_policy(KeyId=own_key(standing), PolicyName="default")["Policy"]
    for secret in pages(manager, "list_secrets", "SecretList"):
        if policy := manager.get_resource_policy(SecretId=secret["ARN"]).get("ResourcePolicy"):
            yield secret["ARN"], policy
    for repository in pages(ecr, "describe_repositories", "repositories"):
        try:
            policy = ecr.get_repository_policy(repositoryName=repository["repositoryName"])["policyText"]
        except ecr.exceptions.RepositoryPolicyNotFoundException:
            continue
        yield repository["repositoryArn"], policy
    for group in logs.describe_resource_policies()["resourcePolicies"]:
        yield group["policyName"], group["policyDocument"]


def test_no_policy_allows_everything_or_all_of_a_service(standing: Standing) -> None:
    statements = list(allowed_to(standing))
    assert len(statements) > 30
    for owner, statement in every(one for one in statements if one[1]["Effect"] == "Allow"):
        assert "NotAction" not in statement and "NotResource" not in statement, f"{owner}: all but a few is most"
        wide = [action for action in several(statement["Action"]) if action == "*" or action.endswith(":*")]
        assert not wide, f"IAM.1, IAM.21: {owner} may do what nobody has thought of yet"


def test_what_a_policy_allows_names_its_resource(standing: Standing) -> None:
    allowed = [one for one in allowed_to(standing) if one[1]["Effect"] == "Allow"]
    for owner, statement in every(one for one in allowed if "*" in several(one[1]["Resource"])):
        wide = set(several(statement["Action"])) - _WITHOUT_RESOURCE
        assert not wide, f"{owner} may do it to everything in the account"
    for owner, statement in every(one for one in allowed if "cloudwatch:PutMetricData" in several(one[1]["Action"])):
        assert "cloudwatch:namespace" in statement["Condition"]["StringEquals"], f"{owner} may forge any metric"


def test_the_one_policy_of_aws_is_that_of_enhanced_monitoring(standing: Standing) -> None:
    iam = standing.client("iam")
    attached = {
        policy["PolicyArn"]
        for role in pages(iam, "list_roles", "Roles")
        for policy in iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    }
    assert attached == {"arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"}, (
        "AWS widens its policies without asking; this one writes to RDS's own log group"
    )


def test_there_are_no_users_and_no_access_keys(standing: Standing) -> None:
    assert not standing.client("iam").list_users()["Users"], "a key that doesn't end is one that leaks"


def test_each_role_trusts_one_service_and_only_for_this_account(standing: Standing) -> None:
    iam = standing.client("iam")
    account = standing.client("sts").get_caller_identity()["Account"]
    trusted = set()
    for role in every(pages(iam, "list_roles", "Roles")):
        (statement,) = statements_of(role["AssumeRolePolicyDocument"])
        assert statement["Action"] == "sts:AssumeRole"
        assert set(statement["Principal"]) == {"Service"}, f"{role['RoleName']}: no person and no account takes it"
        if statement["Principal"]["Service"] == "ecs.amazonaws.com":
            continue  # See docs/security.md.
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == account, (
            f"another account could have the service take {role['RoleName']} for it"
        )
        sources = [s for operator in ("ArnLike", "ArnEquals") for s in statement["Condition"].get(operator, {}).items()]
        assert [key for key, _ in sources] == ["aws:SourceArn"]
        trusted.update(several(statement["Principal"]["Service"]))
    assert trusted == {
        "ecs-tasks.amazonaws.com",
        "lambda.amazonaws.com",
        "monitoring.rds.amazonaws.com",
        "scheduler.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
    }


def test_ecs_moves_the_traffic_of_each_service_with_a_role_for_nothing_else(standing: Standing) -> None:
    iam, services = standing.client("iam"), services_of(standing)
    roles = {role["Arn"]: role["RoleName"] for role in pages(iam, "list_roles", "Roles")}
    balanced = [(name, balancer) for name, service in services.items() for balancer in service["loadBalancers"]]
    assert len(balanced) == 3
    for name, balancer in every(balanced):
        advanced = balancer["advancedConfiguration"]
        role = roles[advanced["roleArn"]]
        (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        allowed = {s["Sid"]: set(several(s["Resource"])) for s in statements_of(document) if s["Sid"] != "Describe"}
        rule = advanced["productionListenerRule"]
        listener = rule.rpartition("/")[0].replace(":listener-rule/", ":listener/")
        assert allowed == {
            "RegisterTargets": {balancer["targetGroupArn"], advanced["alternateTargetGroupArn"]},
            "ModifyRules": {rule},
            "ModifyListeners": {listener},
        }, f"{name}: AWS's own policy allows it for every load balancer of the account"


def test_no_resource_is_anyones_without_a_condition(standing: Standing) -> None:
    statements = _allowed_on(standing)
    assert len(statements) >= 8
    for resource, statement in every(statements):
        assert "NotPrincipal" not in statement, resource
    for resource, statement in every(one for one in statements if _is_everyone(one[1]["Principal"])):
        assert statement["Effect"] == "Deny", f"{resource} is everyone's"
        assert statement["Condition"], f"{resource} would be nobody's"


def test_a_service_that_a_resource_lets_in_comes_for_this_account(standing: Standing) -> None:
    account = standing.client("sts").get_caller_identity()["Account"]
    allowed = [one for one in _allowed_on(standing) if one[1]["Effect"] == "Allow"]
    for resource, statement in every(one for one in allowed if "Service" in one[1]["Principal"]):
        bound = account in json.dumps(statement.get("Condition", {}))
        # A load balancer writes below its own account's number, and nowhere else.
        path = statement["Resource"].endswith(f"/AWSLogs/{account}/*")
        assert bound or path, f"{resource}: the service would come for another account as well"
