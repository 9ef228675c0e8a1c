"""How tests read the account that a stack stands in."""

import json
from collections.abc import Iterator
from typing import Any

from tests.stacks.conftest import Account, Standing

ANYWHERE = {"0.0.0.0/0", "::/0"}


def pages(client: Any, call: str, key: str, **arguments: Any) -> list[Any]:  # noqa: ANN401 - boto3
    """Return the items of all pages of a call."""
    return [item for page in client.get_paginator(call).paginate(**arguments) for item in page[key]]


def services_of(standing: Standing) -> dict[str, dict[str, Any]]:
    """Return the stack's services by their name."""
    ecs = standing.client("ecs")
    cluster = f"alicerce-{standing.name}"
    arns = pages(ecs, "list_services", "serviceArns", cluster=cluster)
    described = ecs.describe_services(cluster=cluster, services=arns)["services"]
    return {service["serviceName"]: service for service in described}


def definitions_of(standing: Standing) -> dict[str, dict[str, Any]]:
    """Return every registered task definition by its family."""
    ecs = standing.client("ecs")
    arns = pages(ecs, "list_task_definitions", "taskDefinitionArns")
    described = (ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"] for arn in arns)
    return {definition["family"]: definition for definition in described}


def containers_of(standing: Standing) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each container of the task definitions, with the definition's family."""
    for family, definition in definitions_of(standing).items():
        for container in definition["containerDefinitions"]:
            yield family, container


def load_balancer_of(standing: Standing) -> dict[str, Any]:
    """Return the one load balancer, which is public."""
    balancers = standing.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert [balancer["Scheme"] for balancer in balancers] == ["internet-facing"]
    return dict(balancers[0])


def several(value: Any) -> list[Any]:  # noqa: ANN401 - policies hold one of something, or a list
    """Return a list, of one where it was none."""
    return value if isinstance(value, list) else [value]


def statements_of(document: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - boto3 decodes some documents and not others
    """Return the statements of a policy."""
    parsed = json.loads(document) if isinstance(document, str) else document
    return several(parsed["Statement"])


def own_key(standing: Standing) -> str:
    """Return the one key that the stack made."""
    kms = standing.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in pages(kms, "list_keys", "Keys")]
    own = [key["Arn"] for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] == "Enabled"]
    assert len(own) == 1
    return str(own[0])


def own_vpc(standing: Standing) -> str:
    """Return the id of the stack's network, which isn't the one that AWS gives every account."""
    vpcs = standing.client("ec2").describe_vpcs()["Vpcs"]
    return str(next(vpc["VpcId"] for vpc in vpcs if not vpc["IsDefault"]))


def load_balancers_of(account: Account | Standing) -> list[tuple[dict[str, Any], dict[str, str], list[dict[str, Any]]]]:
    """Return each load balancer with its attributes and its listeners."""
    elb = account.client("elbv2")
    found = []
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        found.append((balancer, {item["Key"]: item["Value"] for item in attributes}, listeners))
    assert found
    return found


def allowed_to(standing: Standing) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each statement of the stack's own policies that says what someone may do, with whose it is."""
    iam = standing.client("iam")
    for role in pages(iam, "list_roles", "Roles"):
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)
            yield from ((role["RoleName"], statement) for statement in statements_of(policy["PolicyDocument"]))
    for policy in pages(iam, "list_policies", "Policies", Scope="Local"):
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        yield from (
            (policy["PolicyName"], statement) for statement in statements_of(version["PolicyVersion"]["Document"])
        )


def rules_of(standing: Standing) -> list[dict[str, Any]]:
    """Return the rules of the security groups in the stack's network."""
    ec2 = standing.client("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [own_vpc(standing)]}])
    ids = {group["GroupId"] for group in groups["SecurityGroups"]}
    return [rule for rule in ec2.describe_security_group_rules()["SecurityGroupRules"] if rule["GroupId"] in ids]
