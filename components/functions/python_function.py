"""A Lambda function in Python inside the network, where it can reach the stores."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue, check_between
from components.core.endpoint import Endpoint
from components.core.iam import Statement, allow, deny, document, read_secrets, trust, write_log
from components.core.naming import component_tags
from components.core.placement import Placement
from components.functions.function_archive import PYTHON
from components.network.client_security_group import client_security_group
from components.observability.log_group import LogGroup, LogGroupArgs

#: The runtime: what the packed distributions are tested with, in standard support until 2029.
#: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
RUNTIME = f"python{PYTHON}"
#: Limits of a function's timeout. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_TIMEOUT_SECONDS = (1, 900)
#: Memory of a function, and with it its share of a processor.
_MEMORY_MIB = 256
#: What Lambda itself does with a function's role to connect it to a network.
#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
_MANAGE_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
#: These take no resource.
#: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
_DESCRIBE_NETWORK = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")


@dataclass(frozen=True, kw_only=True)
class PythonFunctionArgs:
    """What a `PythonFunction` is made from."""

    archive: pulumi.Archive
    """Its code with everything that it imports and the runtime lacks: see `function_archive.py`."""
    handler: str
    """Module and function in the archive, for instance `credentials.handler.handler`."""
    description: str
    """What it does, as the console shows it."""
    placement: Placement
    """Where it is: in the private subnets."""
    log_group_name: str
    """Its log group."""
    dead_letter_topic_arn: pulumi.Input[str]
    """The SNS topic that gets an event for which it failed, after Lambda's own retries."""
    secret_arns: Sequence[pulumi.Input[str]] = ()
    """The secrets that it may read."""
    stores: Mapping[str, Endpoint] = field(default_factory=dict)
    """What it speaks to beside HTTPS, by name."""
    statements: Sequence[Statement] = ()
    """What else its role may do: IAM policy statements."""
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Plain variables; never a secret."""
    timeout_seconds: int = 60
    """After which Lambda ends it: 1 to 900."""
    concurrency: int = 1
    """How many run at once, set aside for it; a further one waits or is refused."""

    def __post_init__(self) -> None:
        """Refuse what Lambda would refuse."""
        owner = "PythonFunctionArgs"
        check_between(f"{owner}.timeout_seconds", self.timeout_seconds, *_TIMEOUT_SECONDS, "Lambda takes no other")
        check_between(f"{owner}.concurrency", self.concurrency, 1, 100, "one or two do for what these functions do")
        if "." not in self.handler:
            raise InvalidValue(
                f"{owner}.handler",
                self.handler,
                "module and function, with a dot",
                'write it like "handler.handler"',
            )


class PythonFunction(pulumi.ComponentResource):
    """A Lambda function in Python on ARM64, with its role, log group and security group.

    Guarantees: it runs in private subnets, leaves them on 443 and to the stores named, and is reached by nobody but
    the Lambda API; its role reads exactly its secrets and writes exactly its log; its environment is encrypted with the
    given key; it is traced by X-Ray; concurrency is set aside for it, so that it neither starves nor floods; an event
    that it fails for is sent to the dead letter topic. A change of its code or settings changes nothing but itself.

    A destroy waits for Lambda to give the network interfaces back, which AWS says may take 20 minutes.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    """

    arn: pulumi.Output[str]
    """ARN of the function."""
    function_name: pulumi.Output[str]
    """Its name, by which it is invoked."""

    def __init__(self, name: str, args: PythonFunctionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:PythonFunction", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.placement.tags, "function", Name=name)

        log = LogGroup(
            name,
            LogGroupArgs(
                log_group_name=args.log_group_name,
                retention_days=args.placement.log_retention_days,
                kms_key_arn=args.placement.kms_key_arn,
                tags=tags,
            ),
            child,
        )
        group, rules = client_security_group(
            name,
            vpc_id=args.placement.vpc_id,
            title=name,
            stores=args.stores,
            tags=tags,
            opts=child,
            of="Function",
        )
        role = aws.iam.Role(
            f"{name}-role",
            description=f"What the function {name} may do",
            # https://docs.aws.amazon.com/lambda/latest/dg/permissions-managed-policies.html (condition keys)
            assume_role_policy=json.dumps(
                trust("lambda.amazonaws.com", args.placement.account_id, args.placement.arn("lambda", "function:*"))
            ),
            tags=tags,
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps(_policy(args, log.arn)),
            opts=child,
        )
        function = aws.lambda_.Function(
            f"{name}-function",
            description=args.description,
            code=args.archive,
            handler=args.handler,
            runtime=RUNTIME,
            architectures=["arm64"],
            role=role.arn,
            timeout=args.timeout_seconds,
            memory_size=_MEMORY_MIB,
            reserved_concurrent_executions=args.concurrency,
            # Without variables Lambda doesn't keep the key, and each refresh would show it missing:
            # https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/#kmskeyarn_python
            kms_key_arn=args.placement.kms_key_arn if args.environment else None,
            environment={"variables": dict(args.environment)} if args.environment else None,
            vpc_config={"subnet_ids": args.placement.private_subnet_ids, "security_group_ids": [group.id]},
            logging_config={"log_format": "JSON", "log_group": log.log_group_name},
            tracing_config={"mode": "Active"},
            dead_letter_config={"target_arn": args.dead_letter_topic_arn},
            tags=tags,
            # Invoked as soon as it is there, it must be able to do what it is for.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy, *rules]),
        )
        self.arn = function.arn
        self.function_name = function.name
        self.register_outputs({"arn": self.arn, "function_name": self.function_name})


def _policy(args: PythonFunctionArgs, log_arn: pulumi.Output[str]) -> dict[str, Any]:
    functions = args.placement.arn("lambda", "function:*")
    by_lambda_and_sns = [f"{service}.{args.placement.region}.amazonaws.com" for service in ("lambda", "sns")]
    return document(
        write_log(log_arn),
        allow(list(_MANAGE_INTERFACES), args.placement.arn("ec2", "*/*"), sid="ManageNetworkInterfaces"),
        allow(list(_DESCRIBE_NETWORK), "*", sid="DescribeNetwork"),
        # Lambda needs the two above; the code that runs as this role doesn't.
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
        deny(
            [*_MANAGE_INTERFACES, *_DESCRIBE_NETWORK],
            "*",
            sid="DenyEniFromFunctionCode",
            condition={"ArnLike": {"lambda:SourceFunctionArn": functions}},
        ),
        # These actions take no resource:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
        allow(["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*", sid="Trace"),
        allow("sns:Publish", args.dead_letter_topic_arn, sid="PublishDeadLetters"),
        allow(
            ["kms:Decrypt", "kms:GenerateDataKey"],
            args.placement.kms_key_arn,
            sid="EncryptDeadLettersAndReadEnvironment",
            condition={"StringEquals": {"kms:ViaService": by_lambda_and_sns}},
        ),
        *read_secrets(args.secret_arns, args.placement.kms_key_arn, args.placement.region),
        *args.statements,
    )
