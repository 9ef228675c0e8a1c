"""Who may call a function, what happens to its events, and a call as a resource."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource
from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import found

_NOT_FOUND = ("ResourceNotFoundException",)


@resource("aws:lambda/permission:Permission")
class Permission(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lambda/permission/."""

    replace = frozenset(
        {
            "action",
            "eventSourceToken",
            "function",
            "functionUrlAuthType",
            "invokedViaFunctionUrl",
            "principal",
            "principalOrgId",
            "qualifier",
            "sourceAccount",
            "sourceArn",
            "statementId",
        }
    )
    autoname = AutoName("statementId", max_length=100, unless=("statementIdPrefix",))
    service = "lambda"
    creates, reads, deletes = "add_permission", "get_policy", "remove_permission"
    keys = {"statementId": "StatementId"}
    not_found = _NOT_FOUND
    renames = {"function": "FunctionName"}

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        where = {name: value for name, value in self.where(id, state).items() if name != "StatementId"}
        answer = found(lambda: aws.client("lambda").get_policy(**where), *self.not_found)
        statements = json.loads(answer["Policy"])["Statement"] if answer else []
        return next((statement for statement in statements if statement["Sid"] == id), None)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        principal = live["Principal"]
        who = principal if isinstance(principal, str) else principal.get("Service") or principal.get("AWS")
        asked = state.get("principal")
        if asked and who == f"arn:aws:iam::{asked}:root":
            who = asked  # an account may be named by its number
        condition = {
            key.lower(): value for operator in live.get("Condition", {}).values() for key, value in operator.items()
        }
        via = condition.get("lambda:invokedviafunctionurl")
        return {
            "action": live["Action"],
            "principal": who,
            "sourceArn": condition.get("aws:sourcearn"),
            "sourceAccount": condition.get("aws:sourceaccount"),
            "principalOrgId": condition.get("aws:principalorgid"),
            "functionUrlAuthType": condition.get("lambda:functionurlauthtype"),
            "invokedViaFunctionUrl": via == "true" if via is not None else None,
        }

    def where(self, id: str, state: Properties) -> Properties:
        more = {"Qualifier": state["qualifier"]} if state.get("qualifier") else {}
        return {"FunctionName": state["function"], "StatementId": id, **more}


@resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
class FunctionEventInvokeConfig(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lambda/functioneventinvokeconfig/."""

    replace = frozenset({"functionName", "qualifier"})
    defaults = {"maximumRetryAttempts": 2}
    service = "lambda"
    creates = updates = "put_function_event_invoke_config"
    updates_whole = True
    reads, deletes = "get_function_event_invoke_config", "delete_function_event_invoke_config"
    keys = {"functionName": "FunctionName"}
    not_found = _NOT_FOUND
    outputs = {
        "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
        "maximumRetryAttempts": "MaximumRetryAttempts",
    }

    def id_of(self, inputs: Properties) -> str:
        qualifier = inputs.get("qualifier")
        return f"{inputs['functionName']}:{qualifier}" if qualifier else str(inputs["functionName"])

    def parts(self, id: str) -> Properties:
        return {}

    def where(self, id: str, state: Properties) -> Properties:
        more = {"Qualifier": state["qualifier"]} if state.get("qualifier") else {}
        return {"FunctionName": state["functionName"], **more}


@resource("aws:lambda/invocation:Invocation")
class Invocation(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lambda/invocation/.

    It calls the function once, when it is created or replaced; with the lifecycle scope `CRUD` also when its input
    changes and when it is deleted, and tells the function which of these it is.
    """

    tagged = False
    replace = frozenset({"functionName", "qualifier", "triggers"})
    defaults = {"lifecycleScope": "CREATE_ONLY", "qualifier": "$LATEST", "terraformKey": "tf"}

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        text = inputs.get("input")
        if not isinstance(text, str):
            return
        try:
            value = json.loads(text)
        except ValueError as error:
            yield "input", f"input must be JSON: {error}"
            return
        if inputs["lifecycleScope"] != "CREATE_ONLY" and not isinstance(value, dict):
            yield "input", 'a lifecycleScope other than "CREATE_ONLY" takes a JSON object as input'

    def replaces(self, old: Properties, new: Properties) -> Iterable[str]:
        if new.get("lifecycleScope", "CREATE_ONLY") == "CREATE_ONLY":
            yield "input"

    def renews(self, old: Properties, new: Properties) -> Iterable[str]:
        if new.get("lifecycleScope") == "CRUD" and (
            new.get("input") is UNKNOWN or new.get("input") != old.get("input")
        ):
            yield "result"

    def create(self, aws: Session, inputs: Properties) -> tuple[str, Properties]:
        payload = self._payload(inputs, {}, inputs, "create")
        result = self._invoke(aws, inputs, payload)
        digest = hashlib.md5(payload.encode(), usedforsecurity=False).hexdigest()
        return f"{inputs['functionName']},{inputs['qualifier']},{digest}", {"result": result}

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        """Tell what is known: a call that was made stays made, and the official provider asks no one either."""
        return {"result": state["result"]} if "result" in state else {}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> Properties:
        return {"result": self._invoke(aws, new, self._payload(new, old, new, "update"))}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if state.get("lifecycleScope", "CREATE_ONLY") != "CREATE_ONLY":
            self._invoke(aws, state, self._payload(state, state, state, "delete"))

    @staticmethod
    def _payload(inputs: Properties, old: Properties, new: Properties, action: str) -> str:
        if inputs["lifecycleScope"] == "CREATE_ONLY":
            return str(inputs["input"])
        before = json.loads(old["input"]) if old.get("input") else None
        told = {"action": action, "prev_input": before}
        return json.dumps({**json.loads(new["input"]), inputs["terraformKey"]: told})

    @staticmethod
    def _invoke(aws: Session, inputs: Properties, payload: str) -> str:
        answer = aws.client("lambda").invoke(
            FunctionName=inputs["functionName"],
            InvocationType="RequestResponse",
            Payload=payload,
            Qualifier=inputs["qualifier"],
        )
        text = str(answer["Payload"].read().decode())
        if answer.get("FunctionError"):
            raise ValueError(f"invoking Lambda Function ({inputs['functionName']}): {text}")
        return text
