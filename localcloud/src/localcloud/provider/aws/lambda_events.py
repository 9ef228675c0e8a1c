"""Who may call a function, what happens to its events, and a call as a resource."""

import hashlib
import json
from collections.abc import Iterable

from localcloud.provider.aws.lambda_ import GONE
from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.echo import written
from localcloud.provider.session import Session
from localcloud.provider.shapes import camel, found, ignoring, pascal

#: For a property of a permission: the argument of AddPermission.
_PERMISSION = {
    "action": "Action",
    "eventSourceToken": "EventSourceToken",
    "function": "FunctionName",
    "functionUrlAuthType": "FunctionUrlAuthType",
    "invokedViaFunctionUrl": "InvokedViaFunctionUrl",
    "principal": "Principal",
    "principalOrgId": "PrincipalOrgID",
    "qualifier": "Qualifier",
    "sourceAccount": "SourceAccount",
    "sourceArn": "SourceArn",
    "statementId": "StatementId",
}


@resource("aws:lambda/permission:Permission")
class Permission(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lambda/permission/."""

    tagged = False
    replace = frozenset(_PERMISSION)
    autoname = AutoName("statementId", max_length=100, unless=("statementIdPrefix",))

    def create(self, aws: Session, inputs: Properties) -> str:
        arguments = {name: inputs[key] for key, name in _PERMISSION.items() if inputs.get(key) is not None}
        aws.client("lambda").add_permission(**arguments)
        return str(inputs["statementId"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        answer = found(lambda: aws.client("lambda").get_policy(**self._where(state)), *GONE)
        statements = json.loads(answer["Policy"])["Statement"] if answer else []
        live = next((statement for statement in statements if statement["Sid"] == id), None)
        if live is None:
            return None
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
            "statementId": id,
            "action": live["Action"],
            "principal": who,
            "sourceArn": condition.get("aws:sourcearn"),
            "sourceAccount": condition.get("aws:sourceaccount"),
            "principalOrgId": condition.get("aws:principalorgid"),
            "functionUrlAuthType": condition.get("lambda:functionurlauthtype"),
            "invokedViaFunctionUrl": via == "true" if via is not None else None,
        }

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE):
            aws.client("lambda").remove_permission(StatementId=id, **self._where(state))

    @staticmethod
    def _where(state: Properties) -> Properties:
        more = {"Qualifier": state["qualifier"]} if state.get("qualifier") else {}
        return {"FunctionName": state["function"], **more}


@resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
class FunctionEventInvokeConfig(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lambda/functioneventinvokeconfig/."""

    tagged = False
    replace = frozenset({"functionName", "qualifier"})
    defaults = {"maximumRetryAttempts": 2}

    def create(self, aws: Session, inputs: Properties) -> str:
        self._put(aws, inputs)
        qualifier = inputs.get("qualifier")
        return f"{inputs['functionName']}:{qualifier}" if qualifier else str(inputs["functionName"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        where = self._where(state)
        live = found(lambda: aws.client("lambda").get_function_event_invoke_config(**where), *GONE)
        if live is None:
            return None
        destinations = {key: value for key, value in (live.get("DestinationConfig") or {}).items() if value}
        answer = {
            "destinationConfig": camel(destinations) or None,
            "maximumEventAgeInSeconds": live.get("MaximumEventAgeInSeconds"),
            "maximumRetryAttempts": live.get("MaximumRetryAttempts"),
        }
        return written(answer, state, "destinationConfig")

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        self._put(aws, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*GONE):
            aws.client("lambda").delete_function_event_invoke_config(**self._where(state))

    def _put(self, aws: Session, inputs: Properties) -> None:
        arguments = {
            name: inputs[key]
            for key, name in (
                ("maximumEventAgeInSeconds", "MaximumEventAgeInSeconds"),
                ("maximumRetryAttempts", "MaximumRetryAttempts"),
            )
            if inputs.get(key) is not None
        }
        if inputs.get("destinationConfig"):
            arguments["DestinationConfig"] = pascal(inputs["destinationConfig"])
        aws.client("lambda").put_function_event_invoke_config(**self._where(inputs), **arguments)

    @staticmethod
    def _where(state: Properties) -> Properties:
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
    documents = frozenset()

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
