"""Functions: what they are told, and told again; their versions, concurrency and event source mappings."""

import copy
import json
import os
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.core.utils import iso_8601_datetime_with_nanoseconds
from moto.moto_api._internal import mock_random

from localcloud.emulator.patches.awslambda import references
from localcloud.emulator.patching import patch

#: Settings that moto drops, and the attribute that keeps each.
_DROPPED_BY_MOTO = {
    "DeadLetterConfig": "dead_letter_config",
    "FileSystemConfigs": "file_system_configs",
    "LoggingConfig": "logging_config",
    "SnapStart": "snap_start",
}
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_ACCOUNT_CONCURRENCY = 1000


os.environ.setdefault("MOTO_LAMBDA_CONCURRENCY_QUOTA", str(_ACCOUNT_CONCURRENCY))


@patch(LambdaBackend, "create_function")
def create_function(original: Any, self: LambdaBackend, spec: dict[str, Any]) -> LambdaFunction:
    references.check(spec, spec["Role"], self.account_id, self.region_name)
    publish = spec.pop("Publish", False)
    function: LambdaFunction = original(self, spec)
    if "ZipFile" in spec["Code"]:
        try:
            references.check_archive(function.code_bytes)
        except Exception:
            self.delete_function(function.function_name)
            raise
    _keep(function, spec)
    _mark_modified(function)
    if not publish:
        return function
    shown = copy.copy(function)
    shown.version = self.publish_version(function.function_name).version  # type: ignore[union-attr]
    return shown


def _keep(function: LambdaFunction, spec: dict[str, Any]) -> None:
    own = vars(function)
    for name, attribute in _DROPPED_BY_MOTO.items():
        if name in spec:
            own[attribute] = spec[name]
    logging = dict(own.get("logging_config") or {})
    logging.setdefault("LogFormat", "Text")
    logging.setdefault("LogGroup", function.logs_group_name)
    if logging["LogFormat"] == "JSON":
        # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
        logging.setdefault("ApplicationLogLevel", "INFO")
        logging.setdefault("SystemLogLevel", "INFO")
    own["logging_config"] = logging
    if not _uses_key(function):
        function.kms_key_arn = None


def _uses_key(function: LambdaFunction) -> bool:
    """Return whether there is anything that its key encrypts; where there is nothing, Lambda keeps no key.

    https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html and, for what becomes of the key,
    https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/#kmskeyarn_python
    """
    snapshots = (vars(function).get("snap_start") or {}).get("ApplyOn", "None") != "None"
    return bool(
        function.environment_vars
        or snapshots
        or function.package_type == "Image"
        or (function.code or {}).get("SourceKMSKeyArn")
    )


def _mark_modified(function: LambdaFunction) -> None:
    function.last_modified = iso_8601_datetime_with_nanoseconds()
    vars(function)["revision_id"] = str(mock_random.uuid4())


@patch(LambdaBackend, "update_function_code")
def update_function_code(
    original: Any,
    self: LambdaBackend,
    function_name: str,
    qualifier: str,
    body: dict[str, Any],
) -> dict[str, Any]:
    """Publish after the change, not in the middle of two; what is the same again makes no new version."""
    function = self.get_function(function_name, qualifier)
    unpublished, before = function.code_or_config_updated, _content(function)
    publish = body.pop("Publish", False)
    if body.get("DryRun"):
        return function.get_configuration()
    kept = {name: getattr(function, name) for name in ("code_bytes", "code_size", "code_sha_256", "code_digest")}
    original(self, function_name, qualifier, body)
    if "ZipFile" in body:
        try:
            references.check_archive(function.code_bytes)
        except Exception:
            vars(function).update(kept)
            raise
    if body.get("Architectures"):
        function.architectures = body["Architectures"]
    function.code_or_config_updated = unpublished or _content(function) != before
    _mark_modified(function)
    if publish:
        function = self.publish_version(function.function_name)  # type: ignore[assignment]
    return function.get_configuration()


def _content(function: LambdaFunction) -> tuple[Any, ...]:
    configuration = function.get_configuration()
    for name in ("LastModified", "RevisionId", "LastUpdateStatus"):
        configuration.pop(name, None)
    return function.code_sha_256, json.dumps(configuration, sort_keys=True, default=str)


@patch(LambdaBackend, "update_function_configuration")
def update_function_configuration(
    original: Any,
    self: LambdaBackend,
    function_name: str,
    qualifier: str,
    body: dict[str, Any],
) -> dict[str, Any]:
    """Change all that may be changed; moto knows nine settings."""
    function = self.get_function(function_name, qualifier)
    references.check(body, body.get("Role") or function.role, self.account_id, self.region_name)
    unpublished, before = function.code_or_config_updated, _content(function)
    body = dict(body)
    if body.get("DeadLetterConfig") == {"TargetArn": ""}:
        body["DeadLetterConfig"] = None  # so it is taken away
    if "Environment" in body:
        body["Environment"] = {"Variables": (body["Environment"] or {}).get("Variables") or {}}
    original(self, function_name, qualifier, body)
    if "KMSKeyArn" in body:
        function.kms_key_arn = body["KMSKeyArn"] or None
    if "TracingConfig" in body:
        function.tracing_config = body["TracingConfig"]
    if "EphemeralStorage" in body:
        function.ephemeral_storage = body["EphemeralStorage"]["Size"]
    _keep(function, body)
    function.code_or_config_updated = unpublished or _content(function) != before
    _mark_modified(function)
    return function.get_configuration()


@patch(LambdaStorage, "publish_version")
def publish_version(original: Any, self: LambdaStorage, name_or_arn: str, description: str = "") -> LambdaFunction:
    """Number versions on, whatever was deleted: https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html."""
    function = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
    versions: list[LambdaFunction] = self._functions[function.function_name]["versions"]
    own = vars(function)
    if versions and not function.code_or_config_updated:
        return versions[-1]
    own["last_version"] = own.get("last_version", 0) + 1
    function.code_or_config_updated = False
    version = copy.copy(function)
    version.set_version(own["last_version"])
    if description:
        version.description = description
    versions.append(version)
    self._arns[version.function_arn] = version
    return version


@patch(LambdaFunction, "vpc_config", as_property=True)
def vpc_config(self: LambdaFunction) -> dict[str, Any] | None:
    config = dict(self._vpc_config or {})
    if not config:
        return None
    config["VpcId"] = references.vpc_of(config, self.account_id, self.region)
    config.setdefault("Ipv6AllowedForDualStack", False)
    return config


@patch(LambdaFunction, "get_configuration")
def get_configuration(
    original: Any,
    self: LambdaFunction,
    on_create: bool = False,
) -> dict[str, Any]:
    configuration: dict[str, Any] = original(self, on_create)
    own = vars(self)
    configuration |= {name: own[attribute] for name, attribute in _DROPPED_BY_MOTO.items() if own.get(attribute)}
    snap = own.get("snap_start") or {"ApplyOn": "None"}
    configuration["SnapStart"] = {
        "ApplyOn": snap["ApplyOn"],
        # Snapshots are made of published versions only.
        "OptimizationStatus": "On" if snap["ApplyOn"] != "None" and str(self.version) != "$LATEST" else "Off",
    }
    configuration["RevisionId"] = own.get("revision_id")
    return {name: value for name, value in configuration.items() if value is not None}


@patch(LambdaFunction, "get_code")
def get_code(original: Any, self: LambdaFunction) -> dict[str, Any]:
    """Tell a concurrency of 0 too: it means that nobody may call the function."""
    answer: dict[str, Any] = original(self)
    if self.reserved_concurrency is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
    return answer
