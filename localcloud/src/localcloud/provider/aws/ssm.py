"""SSM: parameters."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import UNKNOWN, AutoName, Properties, resource
from localcloud.provider.session import Session


@resource("aws:ssm/parameter:Parameter")
class Parameter(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/ssm/parameter/.

    The official provider replaces a parameter that goes from the advanced tier back to the standard one; here AWS's
    refusal is shown.
    """

    replace = frozenset({"dataType", "name"})
    autoname = AutoName(max_length=2048)
    secrets = frozenset({"value"})
    recomputes = {
        "value": ("version", "insecureValue"),
        "insecureValue": ("version", "value"),
        "description": ("version",),
    }

    service = "ssm"
    creates = updates = "put_parameter"
    updates_whole = True
    reads, deletes = "get_parameter", "delete_parameter"
    keys = {"name": "Name"}
    reads_with = {"WithDecryption": True}
    described = "Parameter"
    not_found = ("ParameterNotFound", "InvalidResourceId")
    tagging = Tagging(
        "ResourceId",
        "add_tags_to_resource",
        "remove_tags_from_resource",
        answer="TagList",
        by="id",
        fixed={"ResourceType": "Parameter"},
    )
    renames = {"insecureValue": "Value"}

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        given = [key for key in ("value", "insecureValue") if inputs.get(key) is not None]
        if "valueWo" in inputs:
            yield "valueWo", "isn't served here, since the state of this engine is encrypted: use value"
        elif len(given) != 1:
            yield "value", "and insecureValue: give exactly one of the two"
        kind = inputs.get("type")
        if kind is not UNKNOWN and kind not in ("String", "StringList", "SecureString"):
            yield "type", f'"{kind}" is none of String, StringList and SecureString'
        if kind == "SecureString" and "insecureValue" in given:
            yield "insecureValue", "is not for a SecureString: use value"

    def arguments(self, call: str, inputs: Properties) -> Properties:
        secure = inputs.get("type") == "SecureString"
        return super().arguments(call, {**inputs, "keyId": inputs.get("keyId") if secure else None})

    def tags_argument(self, inputs: Properties) -> Properties:
        # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html: tags go with a new
        # parameter only, not with one that may be overwritten.
        return {} if inputs.get("overwrite") else super().tags_argument(inputs)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        by_name = [{"Key": "Name", "Option": "Equals", "Values": [live["Name"]]}]
        details = aws.client("ssm").describe_parameters(ParameterFilters=by_name)["Parameters"]
        detail: dict[str, Any] = next(iter(details), {})
        insecure = live["Type"] != "SecureString" and "insecureValue" in state
        return {
            "arn": live["ARN"],
            "type": live["Type"],
            "version": live["Version"],
            ("insecureValue" if insecure else "value"): live["Value"],
            "dataType": live.get("DataType", "text"),
            "allowedPattern": detail.get("AllowedPattern", ""),
            "description": detail.get("Description", ""),
            "keyId": detail.get("KeyId", ""),
            "tier": detail.get("Tier") or "Standard",
        }

    def changes(self, changed: set[str], old: Properties, new: Properties) -> Properties:
        arguments = super().changes(changed & {*new} - {"overwrite"}, old, new)
        return {**arguments, "Overwrite": True} if arguments else {}
