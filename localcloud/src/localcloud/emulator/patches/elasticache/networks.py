"""References to what other services own: security groups, keys, log groups."""

from typing import Any

from moto.elasticache.exceptions import ElastiCacheException, InvalidParameterValueException
from moto.elasticache.models import ElastiCacheBackend
from moto.logs.models import logs_backends

from localcloud.emulator.patches import references


def check_security_groups(backend: ElastiCacheBackend, group_ids: list[str], vpc_id: str | None) -> None:
    """Refuse security groups that aren't there or are another VPC's; moto takes any."""
    refuse = InvalidParameterValueException
    references.check_security_groups(
        backend,
        group_ids,
        vpc_id,
        lambda id: refuse(f"Some security group Ids are invalid: {id}"),
        lambda group: refuse(f"Security group {group.id} and the cache subnet group are in different VPCs."),
    )


def check_key(backend: ElastiCacheBackend, key_id: str | None) -> str | None:
    """Return the ARN of a KMS key; refuse one that isn't there, which moto takes."""
    if not key_id:
        return None
    missing = ElastiCacheException("InvalidKMSKeyFault", f"The KMS key is invalid: {key_id}")
    return references.key(backend, key_id, missing).arn


def log_deliveries(
    backend: ElastiCacheBackend, current: list[dict[str, Any]], changes: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the log deliveries after a change, one for each log type; refuse a log group that isn't there.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_LogDeliveryConfigurationRequest.html
    """
    result = {one["LogType"]: one for one in current}
    for change in changes:
        if change.get("Enabled") is False:
            result.pop(change["LogType"], None)
            continue
        group = change.get("DestinationDetails", {}).get("CloudWatchLogsDetails", {}).get("LogGroup")
        if group and group not in logs_backends[backend.account_id][backend.region_name].groups:
            raise InvalidParameterValueException(f"The specified log group does not exist: {group}")
        result[change["LogType"]] = {
            **{key: value for key, value in change.items() if key != "Enabled"},
            "Status": "active",
        }
    return list(result.values())
