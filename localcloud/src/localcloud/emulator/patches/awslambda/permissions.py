"""A function's policy, and what becomes of its asynchronous events."""

import json
import re
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError, UnknownEventConfig
from moto.awslambda.models import EventInvokeConfig, LambdaFunction
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import ActionResult
from moto.core.utils import unix_time

from localcloud.emulator.patching import patch


class StatementExists(LambdaClientError):
    """A statement of this id is there already."""

    code = 409

    def __init__(self, statement: str) -> None:
        super().__init__(
            "ResourceConflictException",
            f"The statement id ({statement}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement.",
        )


@patch(Policy, "add_statement")
def add_statement(original: Any, self: Policy, raw: str, qualifier: str | None = None) -> Any:
    """Refuse a statement id that is taken, and tell conditions as AWS does."""
    asked = json.loads(raw)
    if any(statement.get("Sid") == asked.get("StatementId") for statement in self.statements):
        raise StatementExists(asked["StatementId"])
    answer = original(self, raw, qualifier)
    statement = self.statements[-1]
    for name, operator, key in (
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
        ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
    ):
        value = statement.pop(name, None)
        if value is not None:
            condition = statement.setdefault("Condition", {}).setdefault(operator, {})
            condition[key] = str(value).lower() if isinstance(value, bool) else value
    return answer


@patch(Policy, "principal_formatter")
def principal_formatter(original: Any, self: Policy, obj: Any) -> Any:
    """Tell an account as its root, and a user or role as what it is."""
    if isinstance(obj, str) and re.fullmatch(r"\d{12}", obj):
        return {"AWS": f"arn:aws:iam::{obj}:root"}
    if isinstance(obj, str) and obj.startswith("arn:"):
        return {"AWS": obj}
    return original(self, obj)


# Event invoke configurations: one for a version or an alias


def invoke_configs(function: LambdaFunction) -> dict[str, dict[str, Any]]:
    """Return a function's event invoke configurations by qualifier."""
    configs: dict[str, dict[str, Any]] = vars(function).setdefault("invoke_configs", {})
    return configs


def _function(self: LambdaResponse) -> tuple[LambdaFunction, str]:
    name = unquote(self.path.split("/functions/", 1)[1].split("/", 1)[0])
    qualifier = self.querystring.get("Qualifier", ["$LATEST"])[0]
    self.backend.get_function(name, qualifier)  # which refuses what isn't there
    return self.backend.get_function(name), qualifier


def _describe(function: LambdaFunction, qualifier: str) -> dict[str, Any]:
    configs = invoke_configs(function)
    if qualifier not in configs:
        raise UnknownEventConfig(f"{function.function_arn}:{qualifier}")
    return configs[qualifier]


@patch(LambdaResponse, "put_function_event_invoke_config")
def put_function_event_invoke_config(self: LambdaResponse) -> ActionResult:
    function, qualifier = _function(self)
    given = {key: value for key, value in self.json_body.items() if value is not None}
    EventInvokeConfig(function.function_arn, function.last_modified, given)  # which holds it to the limits
    given.setdefault("DestinationConfig", {"OnSuccess": {}, "OnFailure": {}})
    invoke_configs(function)[qualifier] = {
        **given,
        "FunctionArn": f"{function.function_arn}:{qualifier}",
        "LastModified": unix_time(),
    }
    return ActionResult(_describe(function, qualifier))


@patch(LambdaResponse, "update_function_event_invoke_config")
def update_function_event_invoke_config(self: LambdaResponse) -> str:
    function, qualifier = _function(self)
    config = _describe(function, qualifier)
    given = {key: value for key, value in self.json_body.items() if value is not None}
    EventInvokeConfig(function.function_arn, function.last_modified, given)
    config.update(given, LastModified=unix_time())
    return json.dumps(config)


@patch(LambdaResponse, "get_function_event_invoke_config")
def get_function_event_invoke_config(self: LambdaResponse) -> ActionResult:
    return ActionResult(_describe(*_function(self)))


@patch(LambdaResponse, "delete_function_event_invoke_config")
def delete_function_event_invoke_config(self: LambdaResponse) -> tuple[int, dict[str, Any], str]:
    function, qualifier = _function(self)
    _describe(function, qualifier)
    del invoke_configs(function)[qualifier]
    return 204, {"status": 204}, "{}"


@patch(LambdaResponse, "list_function_event_invoke_configs")
def list_function_event_invoke_configs(self: LambdaResponse) -> str:
    function, _ = _function(self)
    return json.dumps({"FunctionEventInvokeConfigs": list(invoke_configs(function).values())})
