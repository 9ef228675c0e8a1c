"""Invocations: run, logged, and where nobody waits for the answer, tried again and passed on.

An event that fails is tried again at once, not after a minute or two, and none is thrown away for its age.
"""

import base64
import importlib
import json
import os
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends
from moto.moto_api._internal import mock_random
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localcloud.emulator import keys, request_lock
from localcloud.emulator.patches.awslambda import process
from localcloud.emulator.patches.awslambda.permissions import invoke_configs
from localcloud.emulator.patching import patch

_Answer = tuple[int, dict[str, str], str | bytes]

#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
_RETRIES = 2
#: How much of the log an answer may carry: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
_TAIL_BYTES = 4096

#: Invocations under way, by function.
_running: dict[str, int] = {}


class InvokeError(LambdaClientError):
    """An invocation that doesn't begin.

    Args:
        code: the HTTP status.
        kind: AWS's error code.
        message: what is wrong.
    """

    def __init__(self, code: int, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.code = code


# What asks


@patch(LambdaResponse, "invoke")
def invoke(self: LambdaResponse) -> _Answer:
    name = unquote(self.path.split("/functions/", 1)[1].rsplit("/invocations", 1)[0])
    function = self.backend.get_function(name, self.querystring.get("Qualifier", [None])[0])
    event = _parsed(self.body)
    kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
    _check(function)
    if kind == "DryRun":
        return 204, {"status": "204"}, ""
    if kind == "Event":
        _submit(function, event)
        return 202, {"status": "202"}, ""
    with _Counted(function):
        outcome, log = _run(function, str(mock_random.uuid4()), event, self.headers.get("X-Amz-Client-Context"))
    headers = {"content-type": "application/json", "x-amz-executed-version": str(function.version)}
    if outcome.failed:
        headers["x-amz-function-error"] = "Unhandled"
    if self.headers.get("X-Amz-Log-Type") == "Tail":
        headers["x-amz-log-result"] = base64.b64encode(log.encode()[-_TAIL_BYTES:]).decode()
    return 200, headers, outcome.payload


@patch(LambdaResponse, "invoke_async")
def invoke_async(self: LambdaResponse) -> _Answer:
    name = unquote(self.path.split("/functions/", 1)[1].split("/", 1)[0])
    function = self.backend.get_function(name, None)
    _submit(function, _parsed(self.body))
    return 202, {"status": "202"}, "{}"


@patch(LambdaBackend, "invoke")
def invoke_from_queue(
    self: LambdaBackend,
    function_name: str,
    qualifier: str | None,
    body: Any,
    headers: Any,
    response_headers: Any,
) -> str:
    """Answer the service that wants to know how it went: SQS, which keeps the message else."""
    function = self.get_function(function_name, qualifier)
    _check(function)
    with _Counted(function):
        outcome, _ = _run(function, str(mock_random.uuid4()), _parsed(body))
    if outcome.failed:
        response_headers["x-amz-function-error"] = "Unhandled"
    return outcome.payload


@patch(LambdaFunction, "invoke")
def invoke_from_service(self: LambdaFunction, body: str, request_headers: Any, response_headers: Any) -> str:
    """Take an event from a service that doesn't wait: SNS, EventBridge, CloudWatch Logs."""
    _submit(self, _parsed(body))
    return ""


def _parsed(body: str | bytes | None) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body)
    except ValueError as error:
        raise InvokeError(
            400, "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error


def _check(function: LambdaFunction) -> None:
    runtime = function.run_time or function.package_type
    if function.package_type != "Zip" or not runtime.startswith("python"):
        raise InvokeError(
            502, "InvalidRuntimeException", f"The emulator runs functions in Python only, and this one is {runtime}"
        )
    reserved = _latest(function).reserved_concurrency
    if reserved is not None and _running.get(_latest(function).function_arn, 0) >= int(reserved):
        raise InvokeError(429, "TooManyRequestsException", "Rate Exceeded.")


def _latest(function: LambdaFunction) -> LambdaFunction:
    return lambda_backends[function.account_id][function.region].get_function(function.function_name)


class _Counted:
    """Count an invocation while it runs."""

    def __init__(self, function: LambdaFunction) -> None:
        self._arn = _latest(function).function_arn

    def __enter__(self) -> None:
        _running[self._arn] = _running.get(self._arn, 0) + 1

    def __exit__(self, *_: object) -> None:
        _running[self._arn] -= 1


# What runs


def _run(
    function: LambdaFunction,
    request_id: str,
    event: Any,
    client_context: str | None = None,
) -> tuple[process.Outcome, str]:
    """Run it while other requests are answered, the function's own among them. Return how it went, and its log."""
    stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{mock_random.get_random_hex(32)}"
    with keys.temporary() as key:
        invocation = _invocation(function, request_id, event, stream, client_context, key)
        with request_lock.released():
            outcome = process.run(invocation)
    lines = _lines(function, request_id, outcome)
    logs = logs_backends[function.account_id][function.region]
    group = _logging(function)["LogGroup"]
    logs.ensure_log_group(group)  # Lambda makes its group where there is none, one that keeps its lines for ever
    logs.create_log_stream(group, stream)
    now = int(unix_time_millis())
    logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines if line])
    return outcome, "\n".join(lines)


def _logging(function: LambdaFunction) -> dict[str, Any]:
    logging: dict[str, Any] = vars(function)["logging_config"]
    return logging


def _invocation(
    function: LambdaFunction,
    request_id: str,
    event: Any,
    stream: str,
    client_context: str | None,
    key: keys.Key,
) -> process.Invocation:
    backend = lambda_backends[function.account_id][function.region]
    layers = [backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers]
    logging = _logging(function)
    # Loaded with the first function that runs, as `stores` says.
    stores = importlib.import_module("localcloud.emulator.stores.table")
    return process.Invocation(
        request_id=request_id,
        arn=function.function_arn,
        code=function.code_bytes,
        layers=[layer.code_bytes for layer in layers if layer is not None],
        event=event,
        timeout=float(function.timeout),
        log_format=logging["LogFormat"],
        log_level=logging.get("ApplicationLogLevel", "INFO"),
        client_context=json.loads(base64.b64decode(client_context)) if client_context else None,
        network=stores.for_function(function.account_id, function.region, function.vpc_config),
        environment={
            **function.environment_vars,
            # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
            "_HANDLER": str(function.handler),
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
            "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
            "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": logging["LogGroup"],
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            # As from AWS, a key that ends: here with the invocation.
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_SESSION_TOKEN": key.secret,
            # The account is here: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ.get('MOTO_PORT', '5000')}",
        },
    )


def _lines(function: LambdaFunction, request_id: str, outcome: process.Outcome) -> list[str]:
    """Return the log of an invocation: the function's own lines between those of the platform.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """
    milliseconds = outcome.seconds * 1000
    error = json.loads(outcome.payload) if outcome.failed else {}
    timed_out = error.get("errorType") == "Sandbox.Timedout"
    if _logging(function)["LogFormat"] == "JSON":
        time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        status = "timeout" if timed_out else "error" if outcome.failed else "success"
        start = {"requestId": request_id, "version": str(function.version)}
        end = {"requestId": request_id, "status": status, "metrics": {"durationMs": round(milliseconds, 3)}}
        return [
            json.dumps({"time": time, "type": "platform.start", "record": start}),
            *outcome.output,
            json.dumps({"time": time, "type": "platform.report", "record": end}),
        ]
    own = list(outcome.output)
    if timed_out or error.get("errorType") == "Runtime.ExitError":
        own.append(error["errorMessage"])
    return [
        f"START RequestId: {request_id} Version: {function.version}",
        *own,
        f"END RequestId: {request_id}",
        f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
        f"Billed Duration: {int(milliseconds) + 1} ms\tMemory Size: {function.memory_size} MB",
    ]


# Events that nobody waits for


def _submit(function: LambdaFunction, event: Any) -> None:
    threading.Thread(target=_deliver, args=(function, event), daemon=True).start()


def _deliver(function: LambdaFunction, event: Any) -> None:
    """Run an event until it goes well or has been tried often enough, then pass on how it ended."""
    request_id = str(mock_random.uuid4())
    with request_lock.held():
        config = invoke_configs(_latest(function)).get(str(function.version), {})
        left, attempts = int(config.get("MaximumRetryAttempts", _RETRIES)), 0
        while True:
            attempts += 1
            with _Counted(function):
                outcome, _ = _run(function, request_id, event)
            if not outcome.failed or attempts > left:
                break
        destinations = config.get("DestinationConfig") or {}
        which = "OnFailure" if outcome.failed else "OnSuccess"
        target = (destinations.get(which) or {}).get("Destination")
        if target:
            _send(function, target, _record(function, request_id, event, outcome, attempts))
        dead = (vars(function).get("dead_letter_config") or {}).get("TargetArn")
        if outcome.failed and dead:
            _send(function, dead, event)


def _record(
    function: LambdaFunction,
    request_id: str,
    event: Any,
    outcome: process.Outcome,
    attempts: int,
) -> dict[str, Any]:
    """Return what a destination is told: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html."""
    response = {"statusCode": 200, "executedVersion": str(function.version)}
    if outcome.failed:
        response["functionError"] = "Unhandled"
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{_latest(function).function_arn}:{function.version}",
            "condition": "RetriesExhausted" if outcome.failed else "Success",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
        "responseContext": response,
        "responsePayload": json.loads(outcome.payload),
    }


def _send(function: LambdaFunction, target: str, message: Any) -> None:
    service, region, name = target.split(":")[2], target.split(":")[3], target.rpartition(":")[2]
    if service == "sqs":
        sqs_backends[function.account_id][region].send_message(name, json.dumps(message))
    elif service == "sns":
        sns_backends[function.account_id][region].publish(json.dumps(message), arn=target)
    elif service == "lambda":
        _submit(lambda_backends[function.account_id][region].get_function(target), message)
