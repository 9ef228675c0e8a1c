"""A RabbitMQ broker on Amazon MQ."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.core.checks import InvalidValue, invalid_secret, plain
from components.core.endpoint import Endpoint
from components.core.naming import component_tags, physical_name
from components.core.placement import Placement
from components.data.broker_logs import RETENTION_TAG, configure_log_groups

#: AMQP 0-9-1 over TLS, the only one that Amazon MQ offers.
#: https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/working-with-rabbitmq.html
PORT = 5671
#: The management API and console, over TLS.
MANAGEMENT_PORT = 443
#: Longest name of a broker. https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html
BROKER_NAME = 50
#: Versions that a broker may have, as Amazon MQ takes them: major and minor; it chooses the patch itself.
#: https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-version-management.html
ENGINE_VERSIONS = ("3.13", "4.2")

_INSTANCE_TYPE = re.compile(r"mq\.(?:t3\.micro|m5\.(?:large|xlarge|2xlarge|4xlarge)|m7g\.[a-z0-9]+)")
#: What a RabbitMQ user may be called on Amazon MQ.
#: https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers-broker-id-users-username.html
_USERNAME = re.compile(r"[a-zA-Z0-9._-]{2,100}")
#: Characters that Amazon MQ refuses in a password.
_NOT_IN_PASSWORD = frozenset(",:=")


class DeploymentMode(StrEnum):
    """How many nodes."""

    SINGLE_INSTANCE = "SINGLE_INSTANCE"
    """One node in one zone."""
    CLUSTER_MULTI_AZ = "CLUSTER_MULTI_AZ"
    """Three nodes in several zones, behind one endpoint (FSBP MQ.6)."""


def endpoint_host(endpoint: str) -> str:
    """Return the host of a broker's endpoint, `amqps://<host>:5671`.

    Raises:
        ValueError: when there is no host in it.
    """
    host = urlsplit(endpoint).hostname
    if not host:
        raise InvalidValue(
            "the broker's endpoint", endpoint, f"amqps://<host>:{PORT}", "look at the broker in the console"
        )
    return host


def _host(instances: Sequence[aws.mq.outputs.BrokerInstance]) -> str:
    """Return the host of a broker's first instance; of a cluster there is only one, and it is the load balancer."""
    endpoints = instances[0].endpoints if instances else None
    return endpoint_host(endpoints[0] if endpoints else "")


def _console_url(instances: Sequence[aws.mq.outputs.BrokerInstance]) -> str:
    return (instances[0].console_url if instances else None) or ""


@dataclass(frozen=True, kw_only=True)
class BrokerArgs:
    """What a `Broker` is made from."""

    placement: Placement
    """Where it is: in the isolated subnets; a single instance lives in the first of them."""
    username: str
    """The bootstrap user."""
    password: pulumi.Input[str] = field(repr=False)
    """The bootstrap user's password, read when the broker is created and never again: 12 to 250 characters, four of
    them different, without comma, colon and equals sign."""
    engine_version: str
    """Major and minor version, for instance `4.2`."""
    instance_type: str
    """For instance `mq.m7g.large`."""
    deployment_mode: DeploymentMode
    """One node, or a cluster of three."""
    apply_immediately: bool = False
    """Whether a change that restarts the broker waits for the maintenance window (False) or doesn't (True)."""
    protect: bool = True
    """Whether Pulumi refuses to delete or replace the broker and its security group."""

    def __post_init__(self) -> None:
        """Refuse what Amazon MQ would refuse."""
        owner = "BrokerArgs"
        if not self.placement.isolated_subnet_ids:
            raise InvalidValue(
                f"{owner}.placement.isolated_subnet_ids", 0, "one subnet or more", "give one of each zone's"
            )
        if self.username == "guest" or not _USERNAME.fullmatch(self.username):
            raise InvalidValue(
                f"{owner}.username",
                self.username,
                "2 to 100 letters, digits and ._- other than guest",
                "name it after the system",
            )
        password = plain(self.password)
        if password is not None and not (
            12 <= len(password) <= 250 and not _NOT_IN_PASSWORD & set(password) and len(set(password)) >= 4
        ):
            raise invalid_secret(
                f"{owner}.password",
                len(password),
                "12 to 250 characters, four of them different, without , : and =",
                "generate one of letters and digits",
            )
        if self.engine_version not in ENGINE_VERSIONS:
            raise InvalidValue(
                f"{owner}.engine_version",
                self.engine_version,
                ", ".join(ENGINE_VERSIONS),
                "give major and minor version; Amazon MQ chooses the patch",
            )
        if not _INSTANCE_TYPE.fullmatch(self.instance_type):
            raise InvalidValue(
                f"{owner}.instance_type",
                self.instance_type,
                "mq.m7g.*, mq.m5.large to mq.m5.4xlarge, or mq.t3.micro",
                'write it like "mq.m7g.large"',
            )
        # https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-version-management.html
        if self.engine_version.startswith("4.") and not self.instance_type.startswith("mq.m7g."):
            raise InvalidValue(
                f"{owner}.instance_type",
                self.instance_type,
                f"mq.m7g.* with RabbitMQ {self.engine_version}",
                'take "mq.m7g.medium" for a test and "mq.m7g.large" for production',
            )
        # https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-broker-architecture-cluster.html
        if self.deployment_mode is DeploymentMode.CLUSTER_MULTI_AZ and self.instance_type == "mq.t3.micro":
            raise InvalidValue(
                f"{owner}.instance_type",
                self.instance_type,
                "mq.m7g.* or mq.m5.* for a cluster",
                'take "mq.m7g.large"',
            )


class Broker(pulumi.ComponentResource):
    """One RabbitMQ broker for one system.

    Creates the broker and its security group.

    Guarantees:

    - Private, encrypted with the given key, TLS only, in reach of nobody: its security group has no rules until a
      `Connection` adds them.
    - Users never follow config. Amazon MQ creates one user with the broker and knows of none afterwards; a changed
      password would be a recreation of the broker by its documentation and nothing at all by the provider. Passwords
      change through the management API, inside the VPC.
      https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-basic-elements.html
    - Amazon MQ installs patches itself, in the maintenance window (MQ.3; required from 3.13 on).
      https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/upgrading-brokers.html
    - A replacement can be created beside the old broker: whatever forces one makes a new suffix, and with it a new
      name. Messages don't move; `protect` refuses it.

    Its log groups are Amazon MQ's: a hook gives them the retention and the key once the broker is there, and a destroy
    leaves them to expire.

    The security group is protected like the broker: those of a RabbitMQ broker can't be changed.
    """

    host: pulumi.Output[str]
    """The host to connect to, of a cluster too: a load balancer stands before its nodes."""
    endpoint: Endpoint
    """Where clients reach it, by AMQP 0-9-1 over TLS, for a `Connection`."""
    management_endpoint: Endpoint
    """Where the management API and console are reached, over TLS."""
    broker_name: pulumi.Output[str]
    """The broker's name, a dimension of its metrics."""
    console_url: pulumi.Output[str]
    """Where the management API and console answer, inside the VPC."""

    def __init__(self, name: str, args: BrokerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Broker", name, None, opts)
        tags = component_tags(args.placement.tags, "broker", Name=name)
        # A private single instance takes exactly one subnet, a cluster any number in different zones.
        # https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html
        single = args.deployment_mode is DeploymentMode.SINGLE_INSTANCE
        subnet_ids = list(args.placement.isolated_subnet_ids[:1] if single else args.placement.isolated_subnet_ids)

        # The keepers are what Amazon MQ can't change on a broker, so that a replacement gets a name of its own.
        # https://www.pulumi.com/registry/packages/aws/api-docs/mq/broker/
        suffix = random.RandomId(
            f"{name}-suffix",
            byte_length=4,
            keepers={
                "deployment_mode": args.deployment_mode.value,
                "kms_key_arn": args.placement.kms_key_arn,
                "subnet_ids": pulumi.Output.all(*subnet_ids).apply(lambda known: ",".join(sorted(known))),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        security_group = aws.ec2.SecurityGroup(
            f"{name}-security-group",
            vpc_id=args.placement.vpc_id,
            description="RabbitMQ clients by security group",
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        hook = pulumi.ResourceHook(f"{name}-log-groups", configure_log_groups)
        broker = aws.mq.Broker(
            f"{name}-broker",
            broker_name=pulumi.Output.concat(physical_name(BROKER_NAME - 9, name), "-", suffix.hex),
            engine_type="RabbitMQ",
            engine_version=args.engine_version,
            auto_minor_version_upgrade=True,
            host_instance_type=args.instance_type,
            deployment_mode=args.deployment_mode.value,
            publicly_accessible=False,
            subnet_ids=subnet_ids,
            security_groups=[security_group.id],
            encryption_options=aws.mq.BrokerEncryptionOptionsArgs(
                kms_key_id=args.placement.kms_key_arn, use_aws_owned_key=False
            ),
            # There is no audit log of RabbitMQ, and asking for one is an error.
            # https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html
            logs=aws.mq.BrokerLogsArgs(general=True),
            maintenance_window_start_time=aws.mq.BrokerMaintenanceWindowStartTimeArgs(
                day_of_week="SUNDAY", time_of_day="06:30", time_zone="UTC"
            ),
            users=[aws.mq.BrokerUserArgs(username=args.username, password=pulumi.Output.secret(args.password))],
            apply_immediately=args.apply_immediately,
            tags={**tags, RETENTION_TAG: str(args.placement.log_retention_days)},
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protect,
                ignore_changes=["users"],
                additional_secret_outputs=["users"],
                hooks=pulumi.ResourceHookBinding(after_create=[hook], after_update=[hook]),
            ),
        )

        self.host = broker.instances.apply(_host)
        self.endpoint = Endpoint(security_group_id=security_group.id, port=PORT)
        self.management_endpoint = Endpoint(security_group_id=security_group.id, port=MANAGEMENT_PORT)
        self.broker_name = broker.broker_name
        self.console_url = broker.instances.apply(_console_url)
        self.register_outputs(
            {
                "host": self.host,
                "port": self.endpoint.port,
                "security_group_id": self.endpoint.security_group_id,
                "broker_name": self.broker_name,
                "console_url": self.console_url,
            }
        )
