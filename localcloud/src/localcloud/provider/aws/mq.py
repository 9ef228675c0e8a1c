"""Amazon MQ: brokers and their configurations."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, changed, found, ignoring, pascal, tag_changes


def _retag(aws: Session, old: Properties, new: Properties) -> None:
    put, drop = tag_changes(old.get("tags"), new.get("tags"))
    if put:
        aws.client("mq").create_tags(ResourceArn=old["arn"], Tags=put)
    if drop:
        aws.client("mq").delete_tags(ResourceArn=old["arn"], TagKeys=drop)


@resource("aws:mq/broker:Broker")
class Broker(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/mq/broker/."""

    replace = frozenset(
        {
            "brokerName",
            "dataReplicationPrimaryBrokerArn",
            "deploymentMode",
            "encryptionOptions",
            "engineType",
            "ldapServerMetadata",
            "publiclyAccessible",
            "subnetIds",
        }
    )
    defaults = {
        "applyImmediately": False,
        "autoMinorVersionUpgrade": False,
        "deploymentMode": "SINGLE_INSTANCE",
        "publiclyAccessible": False,
    }
    autoname = AutoName("brokerName", max_length=50)
    unordered = frozenset({"securityGroups", "subnetIds", "users", "users.groups"})

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        logs = inputs.get("logs")
        if _is_rabbit(inputs) and isinstance(logs, dict) and str(logs.get("audit", "")).lower() == "true":
            yield "logs", "logs.audit: Can not be configured when engine is RabbitMQ"
        users = inputs.get("users")
        for user in users if isinstance(users, list) else ():
            if isinstance(user, dict):
                yield from _user_failures(user)
        name = inputs.get("brokerName")
        # https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html
        if isinstance(name, str) and not re.fullmatch(r"[0-9A-Za-z_-]{1,50}", name):
            yield (
                "brokerName",
                f"brokerName must be 1 to 50 letters, digits, dashes and underscores, got {name!r}",
            )

    def create(self, aws: Session, inputs: Properties) -> str:
        arguments: Properties = {
            "AutoMinorVersionUpgrade": inputs["autoMinorVersionUpgrade"],
            "BrokerName": inputs["brokerName"],
            "DeploymentMode": inputs["deploymentMode"],
            "EngineType": inputs["engineType"],
            "EngineVersion": inputs["engineVersion"],
            "HostInstanceType": inputs["hostInstanceType"],
            "PubliclyAccessible": inputs["publiclyAccessible"],
            "Tags": inputs.get("tags") or {},
            "Users": [_user(user) for user in inputs.get("users") or []],
            **_mutable(inputs, "configuration", "logs", "maintenanceWindowStartTime", "securityGroups"),
        }
        for key in (
            "authenticationStrategy",
            "dataReplicationMode",
            "dataReplicationPrimaryBrokerArn",
            "storageType",
            "subnetIds",
        ):
            if inputs.get(key):
                arguments[key[0].upper() + key[1:]] = inputs[key]
        for key in ("encryptionOptions", "ldapServerMetadata"):
            if inputs.get(key):
                arguments[key[0].upper() + key[1:]] = pascal(inputs[key])
        return str(aws.client("mq").create_broker(**arguments)["BrokerId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        broker = found(lambda: aws.client("mq").describe_broker(BrokerId=id), "NotFoundException")
        if broker is None or broker["BrokerState"] == "DELETION_IN_PROGRESS":
            return None
        live: Properties = {
            "arn": broker["BrokerArn"],
            "brokerName": broker["BrokerName"],
            "engineType": broker["EngineType"],
            # 3.13 is written, 3.13.7 runs: with minor upgrades RabbitMQ takes no more than major and minor.
            "engineVersion": _version(broker, str(state.get("engineVersion", ""))),
            "autoMinorVersionUpgrade": broker["AutoMinorVersionUpgrade"],
            "authenticationStrategy": str(broker.get("AuthenticationStrategy", "simple")).lower(),
            "deploymentMode": broker["DeploymentMode"],
            "hostInstanceType": broker["HostInstanceType"],
            "publiclyAccessible": broker["PubliclyAccessible"],
            "securityGroups": broker.get("SecurityGroups", []),
            "storageType": str(broker.get("StorageType", "")).lower(),
            "subnetIds": broker.get("SubnetIds", []),
            "instances": [_instance(item) for item in broker.get("BrokerInstances", [])],
            "tags": broker.get("Tags") or {},
        }
        if current := (broker.get("Configurations") or {}).get("Current"):
            live["configuration"] = camel(current)
        if options := broker.get("EncryptionOptions"):
            live["encryptionOptions"] = camel(options)
        if logs := broker.get("Logs"):
            live["logs"] = {key.lower(): logs[key] for key in ("Audit", "General") if key in logs}
        if window := broker.get("MaintenanceWindowStartTime"):
            live["maintenanceWindowStartTime"] = camel(window)
        if broker.get("DataReplicationMode"):
            live["dataReplicationMode"] = broker["DataReplicationMode"]
        return written(
            live,
            state,
            "authenticationStrategy",
            "configuration",
            "encryptionOptions",
            "logs",
            "maintenanceWindowStartTime",
            "securityGroups",
            "subnetIds",
        )

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        mq = aws.client("mq")
        arguments: Properties = {}
        for key in ("configuration", "logs", "maintenanceWindowStartTime", "securityGroups"):
            if changed(old, new, key):
                arguments.update(_mutable(new, key))
        for key in ("autoMinorVersionUpgrade", "engineVersion", "hostInstanceType", "authenticationStrategy"):
            if changed(old, new, key) and new.get(key) is not None:
                arguments[key[0].upper() + key[1:]] = new[key]
        restart = False
        if arguments:
            mq.update_broker(BrokerId=id, **arguments)
            restart = bool(arguments.keys() - {"AutoMinorVersionUpgrade", "MaintenanceWindowStartTime"})
        if changed(old, new, "users") and not _is_rabbit(new):
            # AWS has no call for RabbitMQ's users after the broker is made: the official provider sees no change there.
            restart = _update_users(mq, id, old.get("users") or [], new.get("users") or []) or restart
        if restart and new.get("applyImmediately"):
            mq.reboot_broker(BrokerId=id)
        _retag(aws, old, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring("NotFoundException"):
            aws.client("mq").delete_broker(BrokerId=id)


def _is_rabbit(inputs: Mapping[str, Any]) -> bool:
    return str(inputs.get("engineType", "")).upper() == "RABBITMQ"


def _user_failures(user: Properties) -> Iterable[tuple[str, str]]:
    """Yield what the official provider and AWS refuse in a user.

    https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers-broker-id-users-username.html
    """
    password, name = user.get("password"), user.get("username")
    if isinstance(password, str):
        if not 12 <= len(password) <= 250:
            yield "users", "the password of a broker's user must be 12 to 250 characters long"
        if len(set(password)) < 4:
            yield "users", "the password of a broker's user must have at least 4 unique characters"
        if re.search(r"[,:=]", password):
            yield "users", "the password of a broker's user must not have a comma, a colon or an equals sign"
    if isinstance(name, str) and not 2 <= len(name) <= 100:
        yield "users", f"the name of a broker's user must be 2 to 100 characters long, got {name!r}"


def _user(user: Properties) -> Properties:
    return {
        "Username": user["username"],
        "Password": user["password"],
        "ConsoleAccess": bool(user.get("consoleAccess", False)),
        **({"Groups": user["groups"]} if user.get("groups") else {}),
        **({"ReplicationUser": True} if user.get("replicationUser") else {}),
    }


def _mutable(inputs: Properties, *keys: str) -> Properties:
    """Return the arguments that CreateBroker and UpdateBroker take alike."""
    arguments: Properties = {}
    for key in keys:
        value = inputs.get(key)
        if value is None or value is UNKNOWN:
            continue
        if key == "logs":
            logs = {name: str(value[name]).lower() == "true" for name in ("audit", "general") if name in value}
            if _is_rabbit(inputs):
                logs.pop("audit", None)  # RabbitMQ has none: https://docs.aws.amazon.com/amazon-mq/latest/api-reference
            arguments["Logs"] = pascal(logs)
        elif key == "securityGroups":
            arguments["SecurityGroups"] = value
        else:
            arguments[key[0].upper() + key[1:]] = pascal(value)
    return arguments


def _version(broker: Mapping[str, Any], last: str) -> str:
    live = str(broker["EngineVersion"])
    return last if last and live.startswith(f"{last}.") else live


def _instance(item: Mapping[str, Any]) -> Properties:
    return {
        "consoleUrl": item.get("ConsoleURL", ""),
        "endpoints": item.get("Endpoints", []),
        "ipAddress": item.get("IpAddress", ""),
    }


def _update_users(mq: Any, id: str, old: list[Properties], new: list[Properties]) -> bool:  # noqa: ANN401 - a client
    """Bring ActiveMQ's users from old to new; tell whether any call was made."""
    before = {user["username"]: user for user in old}
    after = {user["username"]: user for user in new}
    for name in before.keys() - after.keys():
        mq.delete_user(BrokerId=id, Username=name)
    for name, user in after.items():
        if name not in before:
            mq.create_user(BrokerId=id, **_user(user))
        elif before[name] != user:
            mq.update_user(BrokerId=id, **_user(user))
    return before != after
