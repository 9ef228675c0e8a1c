"""Brokers and their configurations."""

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.mq.exceptions import UnknownConfiguration
from moto.mq.models import Broker, MQBackend
from moto.mq.responses import MQResponse

from localcloud.emulator.patches import references
from localcloud.emulator.patching import patch

#: Engine versions of RabbitMQ, and from which on minor upgrades can't be turned off:
#: https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-version-management.html
_RABBIT_VERSIONS = ("3.13", "4.2")

#: What UpdateBroker changes only with the next reboot:
#: https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers-broker-id.html
_AFTER_REBOOT = ("configuration", "engine_version", "host_instance_type", "logs", "security_groups")


class BadRequest(ServiceException):
    """A request that Amazon MQ refuses."""

    code = "BadRequestException"


class Conflict(ServiceException):
    """A name that is taken."""

    code = "ConflictException"


def _is_rabbit(engine: str) -> bool:
    return engine.upper() == "RABBITMQ"


# Brokers


@patch(MQBackend, "create_broker")
def create_broker(original: Any, self: MQBackend, **kwargs: Any) -> tuple[str, str]:
    _check(self, kwargs)
    kwargs["tags"] = kwargs.get("tags") or {}
    _, short_id = original(self, **kwargs)
    broker = self.brokers.pop(short_id)
    tags = self.list_tags(broker.arn)
    self.tagger.delete_all_tags_for_resource(broker.arn)
    # https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/rabbitmq-basic-elements-broker.html
    broker.id = f"b-{mock_random.uuid4()}"
    broker.arn = f"arn:aws:mq:{self.region_name}:{self.account_id}:broker:{broker.name}:{broker.id}"
    self.brokers[broker.id] = broker
    self.create_tags(broker.arn, tags)
    _place(self, broker)
    # What stands in for RabbitMQ begins with this user; moto drops the password.
    vars(broker).update(pending={}, first_user=next(iter(kwargs.get("users") or ()), None))
    return broker.arn, broker.id


def _place(backend: MQBackend, broker: Broker) -> None:
    host = f"{broker.id}.mq.{backend.region_name}.on.aws"
    broker.authentication_strategy = str(broker.authentication_strategy or "SIMPLE").upper()
    broker.publicly_accessible = bool(broker.publicly_accessible)
    broker.auto_minor_version_upgrade = bool(broker.auto_minor_version_upgrade)
    broker.security_groups = broker.security_groups or []
    if _is_rabbit(broker.engine_type):
        broker.storage_type = broker.storage_type or "EBS"
        broker.instances = [{"ConsoleURL": f"https://{host}", "Endpoints": [f"amqps://{host}:5671"]}]
        broker._users.clear()  # Amazon MQ doesn't tell of them: they are RabbitMQ's own from now on
        return
    broker.storage_type = broker.storage_type or "EFS"
    for number, instance in enumerate(broker.instances, 1):
        own = host.replace(broker.id, f"{broker.id}-{number}")
        instance["ConsoleURL"] = f"https://{own}:8162"
        instance["Endpoints"] = [one.replace("mockmq", own) for one in instance.pop("endpoints", [])]
        instance.pop("consoleURL", None)


def _check(backend: MQBackend, kwargs: dict[str, Any]) -> None:
    """Refuse what Amazon MQ refuses: https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html."""
    name, engine, mode = kwargs["broker_name"], str(kwargs["engine_type"]), kwargs["deployment_mode"]
    if any(broker.name == name for broker in backend.brokers.values()):
        raise Conflict(f"Broker name [{name}] is already in use.")
    if _is_rabbit(engine):
        _check_rabbit(kwargs)
    subnets = _check_subnets(backend, kwargs.get("subnet_ids") or [], mode)
    vpc = subnets[0].vpc_id if subnets else None
    _check_security_groups(backend, kwargs.get("security_groups") or [], vpc)
    if _is_rabbit(engine) and kwargs.get("publicly_accessible") and kwargs.get("security_groups"):
        raise BadRequest("You can't specify security groups for a RabbitMQ broker with public accessibility.")
    options = kwargs.get("encryption_options") or {}
    if options.get("KmsKeyId"):
        if options.get("UseAwsOwnedKey"):
            raise BadRequest("You can't specify a KMS key ID together with an AWS owned key.")
        references.key(backend, options["KmsKeyId"], BadRequest(f"The KMS key [{options['KmsKeyId']}] is invalid."))
    configuration = kwargs.get("configuration")
    if configuration and configuration.get("Id") not in backend.configs:
        raise UnknownConfiguration(str(configuration.get("Id")))


def _check_rabbit(kwargs: dict[str, Any]) -> None:
    version = str(kwargs["engine_version"])
    if not any(version == known or version.startswith(f"{known}.") for known in _RABBIT_VERSIONS):
        raise BadRequest(
            f"Broker engine version [{version}] is invalid. Valid values are: [{', '.join(_RABBIT_VERSIONS)}]"
        )
    if not kwargs.get("auto_minor_version_upgrade"):
        raise BadRequest(f"Auto minor version upgrade must be enabled for RabbitMQ engine version [{version}].")
    if version.startswith("4.") and not str(kwargs["host_instance_type"]).startswith("mq.m7g."):
        raise BadRequest(
            f"Host instance type [{kwargs['host_instance_type']}] is not supported for RabbitMQ engine version "
            f"[{version}]."
        )
    if len(kwargs.get("users") or []) != 1:
        raise BadRequest("You must specify exactly one user for a RabbitMQ broker.")
    mode = kwargs["deployment_mode"]
    if mode not in ("SINGLE_INSTANCE", "CLUSTER_MULTI_AZ"):
        raise BadRequest(f"Deployment mode [{mode}] is not supported for RabbitMQ.")
    if mode == "CLUSTER_MULTI_AZ" and str(kwargs["host_instance_type"]).startswith("mq.t3."):
        raise BadRequest(
            f"Host instance type [{kwargs['host_instance_type']}] is not supported for deployment mode [{mode}]."
        )


def _check_subnets(backend: MQBackend, subnet_ids: list[str], mode: str) -> list[Any]:
    """Refuse subnets that aren't there, or not as many or where the deployment mode needs them."""
    subnets = references.subnets(backend, subnet_ids, lambda id: BadRequest(f"The subnet ID [{id}] does not exist."))
    if not subnets:
        return subnets  # the default VPC's
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise BadRequest("All subnets must be in the same VPC.")
    zones = {subnet.availability_zone for subnet in subnets}
    if mode == "SINGLE_INSTANCE" and len(subnets) != 1:
        raise BadRequest(f"You must specify exactly 1 subnet for deployment mode [{mode}], got {len(subnets)}.")
    if mode == "ACTIVE_STANDBY_MULTI_AZ" and (len(subnets) != 2 or len(zones) != 2):
        raise BadRequest(f"You must specify exactly 2 subnets in different zones for deployment mode [{mode}].")
    if mode == "CLUSTER_MULTI_AZ" and len(zones) != len(subnets):
        raise BadRequest(f"The subnets of deployment mode [{mode}] must be in different zones.")
    return subnets


def _check_security_groups(backend: MQBackend, group_ids: list[str], vpc_id: str | None) -> None:
    references.check_security_groups(
        backend,
        group_ids,
        vpc_id,
        lambda id: BadRequest(f"The security group ID [{id}] does not exist."),
        lambda group: BadRequest(
            f"The security group [{group.id}] is not in the VPC [{vpc_id}] of the broker's subnets."
        ),
    )


@patch(MQBackend, "update_broker")
def update_broker(self: MQBackend, broker_id: str, **kwargs: Any) -> None:
    """Keep what needs a reboot until there is one."""
    broker = self.describe_broker(broker_id)
    _check_security_groups(self, kwargs.get("security_groups") or [], None)
    configuration = kwargs.get("configuration")
    if configuration and configuration.get("Id") not in self.configs:
        raise UnknownConfiguration(str(configuration.get("Id")))
    pending: dict[str, Any] = vars(broker).setdefault("pending", {})
    for key in _AFTER_REBOOT:
        value = kwargs.pop(key, None)
        kwargs[key] = None
        if value is not None:
            pending[key] = value
    broker.update(**kwargs)


@patch(MQBackend, "reboot_broker")
def reboot_broker(self: MQBackend, broker_id: str) -> None:
    broker = self.describe_broker(broker_id)
    pending: dict[str, Any] = vars(broker).setdefault("pending", {})
    if "logs" in pending:
        pending["logs"] = {**broker.logs, **pending["logs"]}
    nothing = dict.fromkeys(
        (
            "authentication_strategy",
            "auto_minor_version_upgrade",
            "ldap_server_metadata",
            "maintenance_window_start_time",
            *_AFTER_REBOOT,
        )
    )
    broker.update(**{**nothing, **pending})
    pending.clear()


@patch(MQBackend, "delete_broker")
def delete_broker(original: Any, self: MQBackend, broker_id: str) -> None:
    broker = self.describe_broker(broker_id)  # raises where there is none
    self.tagger.delete_all_tags_for_resource(broker.arn)
    original(self, broker_id)


@patch(MQResponse, "describe_broker")
def describe_broker(original: Any, self: MQResponse) -> ActionResult:
    """Tell what waits, and where the logs go."""
    answer: ActionResult = original(self)
    broker: Any = answer.result
    pending = vars(broker).get("pending", {})
    broker.pending_engine_version = pending.get("engine_version")
    broker.pending_host_instance_type = pending.get("host_instance_type")
    broker.pending_security_groups = pending.get("security_groups")
    broker.configurations = {**broker.configurations, "pending": pending.get("configuration")}
    logs = dict(broker.logs)
    if logs.get("General"):
        logs["GeneralLogGroup"] = f"/aws/amazonmq/broker/{broker.id}/general"
    if logs.get("Audit"):
        logs["AuditLogGroup"] = f"/aws/amazonmq/broker/{broker.id}/audit"
    if "logs" in pending:
        logs["Pending"] = pending["logs"]
    broker.logs = logs
    return answer
