"""What a function's settings may name: roles that Lambda can assume, a VPC's parts, keys, and what is dead letter."""

import fnmatch
import functools
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import botocore.session
from moto.awslambda.exceptions import InvalidParameterValueException, ValidationException
from moto.ec2.models import ec2_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends

#: Who Lambda is when it assumes a role: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
_PRINCIPAL = "lambda.amazonaws.com"

#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_ENVIRONMENT_BYTES = 4096
_LIMITS = {"MemorySize": ("memorySize", 128, 10240), "Timeout": ("timeout", 1, 900)}

#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)


def check(spec: dict[str, Any], role_arn: str, account: str, region: str) -> None:
    """Refuse settings that AWS refuses, whether a function is created or changed.

    Args:
        spec: the settings that are given.
        role_arn: the role that the function has after this.
        account: whose function it is.
        region: where it is.
    """
    for name, (wire, least, most) in _LIMITS.items():
        value = spec.get(name)
        if value is not None and not least <= int(value) <= most:
            bound = f"greater than or equal to {least}" if int(value) < least else f"less than or equal to {most}"
            raise ValidationException(str(value), wire, f"Member must have value {bound}")
    if spec.get("Runtime") and spec["Runtime"] not in _runtimes():
        raise InvalidParameterValueException(
            f"Value {spec['Runtime']} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(_runtimes())}] or be a valid ARN"
        )
    role = _role(role_arn, account)
    _check_environment((spec.get("Environment") or {}).get("Variables") or {})
    _check_network(spec.get("VpcConfig") or {}, role, account, region)
    _check_key(spec.get("KMSKeyArn"), account, region)
    target = (spec.get("DeadLetterConfig") or {}).get("TargetArn")
    if target:
        service, action = ("SQS", "SendMessage") if ":sqs:" in target else ("SNS", "Publish")
        _need(role, service, action)


def check_archive(content: bytes) -> None:
    """Refuse a deployment package that is no zip; moto takes any bytes."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise InvalidParameterValueException(
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        )


@functools.cache
def _runtimes() -> tuple[str, ...]:
    return tuple(botocore.session.get_session().get_service_model("lambda").shape_for("Runtime").enum)  # type: ignore[attr-defined]


def _role(arn: str, account: str) -> Any:
    try:
        role = iam_backends[account]["aws"].get_role_by_arn(arn)
    except NotFoundException:
        role = None
    if role is None or not any(_PRINCIPAL in json.dumps(one) for one in _allowing(role.assume_role_policy_document)):
        raise InvalidParameterValueException("The role defined for the function cannot be assumed by Lambda.")
    return role


def _allowing(document: str | dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the statements of a policy that allow something."""
    statements = (json.loads(document) if isinstance(document, str) else document).get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        if statement.get("Effect") == "Allow":
            yield statement


def _need(role: Any, service: str, action: str) -> None:
    """Refuse a role whose policies don't allow an action at all; on what, is for the call itself."""
    wanted = f"{service}:{action}".lower()
    managed = [policy.document for policy in role.managed_policies.values()]
    for document in [*role.policies.values(), *managed]:
        for statement in _allowing(document):
            actions = statement.get("Action", [])
            for pattern in actions if isinstance(actions, list) else [actions]:
                if fnmatch.fnmatchcase(wanted, pattern.lower()):
                    return
    raise InvalidParameterValueException(
        f"The provided execution role does not have permissions to call {action} on {service}"
    )


def _check_environment(variables: dict[str, str]) -> None:
    reserved = sorted(_RESERVED & variables.keys())
    if reserved:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}"
        )
    if len(json.dumps(variables, separators=(",", ":")).encode()) > _ENVIRONMENT_BYTES:
        raise InvalidParameterValueException(
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided exceeded the 4KB limit."
        )


def _check_network(network: dict[str, Any], role: Any, account: str, region: str) -> None:
    subnets, groups = network.get("SubnetIds") or [], network.get("SecurityGroupIds") or []
    if not subnets and not groups:
        return
    if not subnets or not groups:
        raise InvalidParameterValueException("SecurityGroupIds and SubnetIds must both be given, or neither.")
    ec2 = ec2_backends[account][region]
    known = {subnet.id: subnet for subnet in ec2.describe_subnets()}
    for subnet in subnets:
        if subnet not in known:
            raise InvalidParameterValueException(
                "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: "
                f"The subnet ID '{subnet}' does not exist"
            )
    vpcs = {str(known[subnet].vpc_id) for subnet in subnets}
    for group_id in groups:
        group = ec2.get_security_group_from_id(group_id)
        if group is None:
            raise InvalidParameterValueException(
                "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error "
                f"Message: The security group '{group_id}' does not exist"
            )
        vpcs.add(str(group.vpc_id))
    if len(vpcs) > 1:
        raise InvalidParameterValueException(
            f"The subnets and security groups must belong to one VPC, and these belong to {', '.join(sorted(vpcs))}"
        )
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
    _need(role, "EC2", "CreateNetworkInterface")


def vpc_of(network: dict[str, Any], account: str, region: str) -> str:
    """Return the VPC of a function's subnets, "" for a function in none."""
    for subnet in ec2_backends[account][region].describe_subnets():
        if subnet.id in (network.get("SubnetIds") or ()):
            return str(subnet.vpc_id)
    return ""


def _check_key(key: str | None, account: str, region: str) -> None:
    if not key:
        return
    kms = kms_backends[account][region]
    try:
        kms.describe_key(kms.any_id_to_key_id(key))
    except (KeyError, ValueError) as error:
        raise InvalidParameterValueException(
            "Lambda was unable to configure access to your environment variables because the KMS key is invalid for "
            f"CreateGrant. Please check your KMS key settings. KMS Exception: NotFoundException KMS Message: Key "
            f"'{key}' does not exist"
        ) from error
