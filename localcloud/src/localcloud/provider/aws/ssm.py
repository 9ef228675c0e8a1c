"""SSM: parameters."""

from collections.abc import Iterable
from typing import Any

from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, ignoring, pick, tag_changes, tag_list, tag_map

_GONE = ("ParameterNotFound", "InvalidResourceId")
_SENT = ("allowedPattern", "dataType", "description", "tier", "type")


@resource("aws:ssm/parameter:Parameter")
class Parameter(ResourceType):
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

    def create(self, aws: Session, inputs: Properties) -> str:
        ssm, name = aws.client("ssm"), str(inputs["name"])
        overwrite = bool(inputs.get("overwrite"))
        ssm.put_parameter(
            Name=name,
            Overwrite=overwrite,
            **self._sent(inputs),
            # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html: tags go with a new
            # parameter only, not with one that may be overwritten.
            **({} if overwrite else {"Tags": tag_list(inputs["tags"])}),
        )
        if overwrite and inputs["tags"]:
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=name, Tags=tag_list(inputs["tags"]))
        return name

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        ssm = aws.client("ssm")
        answer = found(lambda: ssm.get_parameter(Name=id, WithDecryption=True)["Parameter"], *_GONE)
        if answer is None:
            return None
        named = [{"Key": "Name", "Option": "Equals", "Values": [id]}]
        detail: dict[str, Any] = next(iter(ssm.describe_parameters(ParameterFilters=named)["Parameters"]), {})
        tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=id)["TagList"]
        insecure = answer["Type"] != "SecureString" and "insecureValue" in state
        return {
            "name": answer["Name"],
            "arn": answer["ARN"],
            "type": answer["Type"],
            "version": answer["Version"],
            ("insecureValue" if insecure else "value"): answer["Value"],
            "dataType": answer.get("DataType", "text"),
            "allowedPattern": detail.get("AllowedPattern", ""),
            "description": detail.get("Description", ""),
            "keyId": detail.get("KeyId", ""),
            "tier": detail.get("Tier") or "Standard",
            "region": aws.region,
            "tags": tag_map(tags),
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        ssm = aws.client("ssm")
        if changed(old, new, "value", "insecureValue", "keyId", *_SENT):
            ssm.put_parameter(Name=id, Overwrite=True, **self._sent(new))
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if drop:
            ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId=id, TagKeys=drop)
        if put:
            ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId=id, Tags=tag_list(put))

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        with ignoring(*_GONE):
            aws.client("ssm").delete_parameter(Name=id)

    @staticmethod
    def _sent(inputs: Properties) -> dict[str, Any]:
        value = inputs.get("value") if inputs.get("value") is not None else inputs.get("insecureValue")
        secure = inputs["type"] == "SecureString"
        return {"Value": str(value), **pick(inputs, *_SENT, **({"KeyId": "keyId"} if secure else {}))}
