"""Amazon MQ: brokers."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import AutoName, Properties, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, version_as_asked


@resource("aws:mq/broker:Broker")
class Broker(ApiResource):
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

    service = "mq"
    creates, reads, updates, deletes = "create_broker", "describe_broker", "update_broker", "delete_broker"
    keys = {"id": "BrokerId"}
    new_id = "BrokerId"
    described = "[@][?BrokerState!='DELETION_IN_PROGRESS'] | [0]"
    not_found = ("NotFoundException",)
    tagging = Tagging("ResourceArn", "create_tags", "delete_tags", reads="")
    outputs = {
        "arn": "BrokerArn",
        "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "brokerName": "BrokerName",
        "configuration": "Configurations.Current",
        "dataReplicationMode": "DataReplicationMode",
        "deploymentMode": "DeploymentMode",
        "encryptionOptions": "EncryptionOptions",
        "engineType": "EngineType",
        "hostInstanceType": "HostInstanceType",
        "logs": "Logs.{audit: Audit, general: General}",
        "maintenanceWindowStartTime": "MaintenanceWindowStartTime",
        "publiclyAccessible": "PubliclyAccessible",
        "securityGroups": "SecurityGroups || `[]`",
        "subnetIds": "SubnetIds || `[]`",
    }

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

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "users":
            value = [{"consoleAccess": False, **user} for user in value]
        return super().argument(key, value, shape)

    def arguments(self, call: str, inputs: Properties) -> Properties:
        if _is_rabbit(inputs) and inputs.get("logs"):
            # RabbitMQ has no audit log: https://docs.aws.amazon.com/amazon-mq/latest/api-reference
            inputs = {**inputs, "logs": {key: value for key, value in inputs["logs"].items() if key != "audit"}}
        return super().arguments(call, inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        return {
            **super().properties(aws, live, {**state, "users": None}),
            # 3.13 is written, 3.13.7 runs: with minor upgrades RabbitMQ takes no more than major and minor.
            "engineVersion": version_as_asked(live["EngineVersion"], state.get("engineVersion")),
            "authenticationStrategy": str(live.get("AuthenticationStrategy", "simple")).lower(),
            "storageType": str(live.get("StorageType", "")).lower(),
            "instances": [
                {
                    "consoleUrl": item.get("ConsoleURL", ""),
                    "endpoints": item.get("Endpoints", []),
                    "ipAddress": item.get("IpAddress", ""),
                }
                for item in live.get("BrokerInstances", [])
            ],
        }

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        # `engineType` says what logs there are.
        return super().changes(changed | {"engineType"} if changed else changed, old, new)

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        super().update(aws, id, old, new)
        keys = (
            "authenticationStrategy",
            "configuration",
            "engineVersion",
            "hostInstanceType",
            "logs",
            "securityGroups",
        )
        restart = changed(old, new, *keys)
        if changed(old, new, "users") and not _is_rabbit(new):
            # AWS has no call for RabbitMQ's users after the broker is made: the official provider sees no change there.
            restart = _update_users(aws.client("mq"), id, old.get("users") or [], new.get("users") or []) or restart
        if restart and new.get("applyImmediately"):
            aws.client("mq").reboot_broker(BrokerId=id)


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
