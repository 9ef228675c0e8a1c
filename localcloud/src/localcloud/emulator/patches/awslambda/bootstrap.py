"""What runs inside a function's own process: it loads the handler, calls it once and reports how that ended.

It imports nothing of ours by name, since the function's code may bring modules of any name. Its report goes as lines of
JSON to a descriptor of its own, so that what the function prints stays apart: first `{"started": true}` (from here on
the function's timeout counts), then `{"result": …}` or `{"error": …}`. Errors have the shapes of Lambda's runtime:
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
"""

import importlib
import importlib.util
import json
import logging
import os
import sys
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn


class Context:
    """What a handler gets as its second argument: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.invoked_function_arn = request["arn"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.aws_request_id = request["id"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = request.get("clientContext")
        self.tenant_id = None
        self._end = time.monotonic() + request["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still run."""
        return max(int((self._end - time.monotonic()) * 1000), 0)

    def log(self, message: str) -> None:
        """Write a line to the log."""
        sys.stdout.write(message)


class TextFormatter(logging.Formatter):
    """One line a record, in the text format of Lambda's runtime.

    Args:
        request_id: of the invocation.
    """

    def __init__(self, request_id: str) -> None:
        super().__init__(f"[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t{request_id}\t%(message)s", "%Y-%m-%dT%H:%M:%S")
        self.converter = time.gmtime


class JsonFormatter(logging.Formatter):
    """One object a record, in the JSON format of Lambda's runtime.

    https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """

    def __init__(self, request_id: str) -> None:
        super().__init__()
        self._request_id = request_id

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        fields = {
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": self._request_id,
        }
        if record.exc_info:
            fields["stackTrace"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def _log_to_stdout(request: dict[str, Any]) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter((JsonFormatter if request["logFormat"] == "JSON" else TextFormatter)(request["id"]))
    logging.getLogger().addHandler(handler)
    if request["logFormat"] == "JSON":
        logging.getLogger().setLevel(request["logLevel"])


class Report:
    """The way back to the emulator.

    Args:
        descriptor: where to write.
    """

    def __init__(self, descriptor: int) -> None:
        self._file = os.fdopen(descriptor, "w")

    def send(self, **fields: Any) -> None:
        """Write one line."""
        self._file.write(json.dumps(fields) + "\n")
        self._file.flush()

    def fail(self, kind: str, message: str, request_id: str, stack: list[str]) -> NoReturn:
        """Report an error, write it to the log as the runtime does, and end."""
        error = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": stack}
        lines = "".join(stack)
        trace = f"\nTraceback (most recent call last):\n{lines}" if lines else ""
        print(f"[ERROR] {kind}: {message}{trace}", flush=True)
        self.send(error=error)
        sys.stdout.flush()
        os._exit(0)  # threads of the function's don't keep it


def _load_beside(name: str) -> ModuleType:
    """Load a module beside this file, without a name that the function's modules could have."""
    spec = importlib.util.spec_from_file_location(f"_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _load(name: str, request_id: str, report: Report) -> Any:
    module_name, dot, attribute = name.rpartition(".")
    if not dot:
        report.fail(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
            request_id,
            [],
        )
    path = module_name.replace("/", ".")
    try:
        module = importlib.import_module(path)
    except ImportError as error:
        report.fail("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}", request_id, [])
    except SyntaxError as error:
        report.fail("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", request_id, [])
    except Exception as error:  # whatever the module's own code raises
        report.fail(type(error).__name__, str(error), request_id, _stack(error))
    if not hasattr(module, attribute):
        report.fail(
            "Runtime.HandlerNotFound",
            f"Handler '{attribute}' missing on module '{module_name}'",
            request_id,
            [],
        )
    return getattr(module, attribute)


def _stack(error: BaseException) -> list[str]:
    """Return the function's part of the trace: our own frames tell its author nothing."""
    own = Path(__file__).parent
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent != own]
    return [line for line in traceback.format_list(frames) if "importlib" not in line]


def main() -> None:
    """Run one invocation: the request is on standard input, the report's descriptor is the only argument."""
    report = Report(int(sys.argv[1]))
    request = json.load(sys.stdin)
    network, sandbox = _load_beside("network"), _load_beside("sandbox")
    sandbox.confine(request["sandbox"])
    os.environ.update(request["environment"])
    time.tzset()
    root = os.environ["LAMBDA_TASK_ROOT"]
    sys.path[:0] = [root, *(path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path)]
    sys.argv = [root]
    network.confine(request["network"])
    _log_to_stdout(request)
    handler = _load(os.environ["_HANDLER"], request["id"], report)
    report.send(started=True)
    try:
        result = handler(request["event"], Context(request))
    except Exception as error:  # whatever the handler raises is its answer
        report.fail(type(error).__name__, str(error), request["id"], _stack(error))
    try:
        text = json.dumps(result)
    except TypeError as error:
        report.fail("Runtime.MarshalError", f"Unable to marshal response: {error}", request["id"], [])
    report.send(result=text)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
