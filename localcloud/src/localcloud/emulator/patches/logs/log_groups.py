"""Log groups, metric filters and query definitions."""

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import kms_backends
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse
from moto.moto_api._internal import mock_random

from localcloud.emulator.patching import patch


@patch(LogsResponse, "create_log_group")
def create_log_group(original: Any, self: LogsResponse) -> str:
    """Keep a group's class and protection, which moto drops, and refuse a key that isn't there, which moto takes."""
    key, name = self._get_param("kmsKeyId"), self._get_param("logGroupName")
    _check_key(self, key, name)
    answer: str = original(self)
    group = vars(self.logs_backend.groups[name])
    group["log_group_class"] = self._get_param("logGroupClass") or "STANDARD"
    group["deletion_protection"] = bool(self._get_param("deletionProtectionEnabled"))
    return answer


def _check_key(self: LogsResponse, key: str | None, group: str) -> None:
    if not key:
        return
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    parts = key.split(":")
    if len(parts) == 6 and parts[5].removeprefix("key/") in kms_backends[parts[4]][parts[3]].keys:
        return
    raise JsonRESTError(
        "InvalidParameterException",
        "The specified KMS key does not exist or is not allowed to be used with Arn "
        f"'arn:aws:logs:{self.region}:{self.current_account}:log-group:{group}'",
    )


# moto changes no group's key after its creation:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html


@patch(LogsResponse, "associate_kms_key")
def associate_kms_key(self: LogsResponse) -> str:
    key, group = self._get_param("kmsKeyId"), _group(self)
    _check_key(self, key, group.name)
    group.kms_key_id = key
    return "{}"


@patch(LogsResponse, "disassociate_kms_key")
def disassociate_kms_key(self: LogsResponse) -> str:
    _group(self).kms_key_id = None
    return "{}"


def _group(self: LogsResponse) -> LogGroup:
    """Return the group that a call names by `logGroupName`, or by name or ARN as its identifier."""
    named = (
        self._get_param("logGroupName")
        or self._get_param("logGroupIdentifier")
        or self._get_param("resourceIdentifier")
    )
    name = named.rpartition(":log-group:")[2].removesuffix(":*")
    if name not in self.logs_backend.groups:
        raise ResourceNotFoundException()
    return self.logs_backend.groups[name]


@patch(LogGroup, "to_describe_dict")
def to_describe_dict(original: Any, self: LogGroup) -> dict[str, Any]:
    kept = vars(self)
    return {
        **original(self),
        "logGroupClass": kept.get("log_group_class", "STANDARD"),
        "deletionProtectionEnabled": kept.get("deletion_protection", False),
    }


@patch(LogsResponse, "delete_log_group")
def delete_log_group(original: Any, self: LogsResponse) -> str:
    group = self.logs_backend.groups.get(self._get_param("logGroupName"))
    if group is not None and vars(group).get("deletion_protection"):
        raise JsonRESTError(
            "ValidationException",
            "The log group has deletion protection enabled: turn it off before you delete the log group",
        )
    answer: str = original(self)
    return answer


@patch(LogsResponse, "put_log_group_deletion_protection")
def put_log_group_deletion_protection(self: LogsResponse) -> str:
    """https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogGroupDeletionProtection.html."""
    vars(_group(self))["deletion_protection"] = bool(self._get_param("deletionProtectionEnabled"))
    return "{}"


@patch(LogsBackend, "put_metric_filter")
def put_metric_filter(
    original: Any,
    self: LogsBackend,
    filter_name: str,
    filter_pattern: str,
    log_group_name: str,
    metric_transformations: str,
) -> None:
    """Refuse a metric filter of a log group that isn't there; moto takes it."""
    if log_group_name not in self.groups:
        raise ResourceNotFoundException()
    # moto keeps the old one beside the new one of the same name.
    kept = self.filters.metric_filters
    kept[:] = [item for item in kept if (item["filterName"], item["logGroupName"]) != (filter_name, log_group_name)]
    original(self, filter_name, filter_pattern, log_group_name, metric_transformations)


# moto has no saved queries:
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html


def _definitions(self: LogsResponse) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = vars(self.logs_backend).setdefault("query_definitions", {})
    return kept


@patch(LogsResponse, "put_query_definition")
def put_query_definition(self: LogsResponse) -> str:
    id = self._get_param("queryDefinitionId")
    if id and id not in _definitions(self):
        raise ResourceNotFoundException(msg="The specified query definition does not exist.")
    id = id or str(mock_random.uuid4())
    _definitions(self)[id] = {
        "queryDefinitionId": id,
        "name": self._get_param("name"),
        "queryString": self._get_param("queryString"),
        "logGroupNames": self._get_param("logGroupNames") or [],
    }
    return json.dumps({"queryDefinitionId": id})


@patch(LogsResponse, "describe_query_definitions")
def describe_query_definitions(self: LogsResponse) -> str:
    prefix = self._get_param("queryDefinitionNamePrefix") or ""
    known = _definitions(self).values()
    return json.dumps({"queryDefinitions": [item for item in known if item["name"].startswith(prefix)]})


@patch(LogsResponse, "delete_query_definition")
def delete_query_definition(self: LogsResponse) -> str:
    if _definitions(self).pop(self._get_param("queryDefinitionId"), None) is None:
        raise ResourceNotFoundException(msg="The specified query definition does not exist.")
    return json.dumps({"success": True})
