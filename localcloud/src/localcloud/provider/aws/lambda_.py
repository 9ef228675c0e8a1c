"""Lambda functions (permissions, events and invocations are in `lambda_events`)."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.archives import sha256_of, zip_of
from localcloud.provider.base import UNKNOWN, AutoName, Properties, resource
from localcloud.provider.diff import differences
from localcloud.provider.session import PARTITION, Session
from localcloud.provider.shapes import found, ignoring
from localcloud.provider.values import contains_unknown

#: What changes the code, in a call of its own.
_CODE = frozenset(
    {
        "architectures",
        "code",
        "imageUri",
        "s3Bucket",
        "s3Key",
        "s3ObjectVersion",
        "sourceCodeHash",
        "sourceKmsKeyArn",
    }
)
_NOT_HERE = ("capacityProviderConfig", "codeSigningConfigArn", "durableConfig", "publishTo", "tenancyConfig")
_UNTOUCHED = frozenset({"publish", "region", "reservedConcurrentExecutions", "skipDestroy", "tags"})


@resource("aws:lambda/function:Function")
class Function(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/."""

    replace = frozenset({"name", "packageType"})
    defaults = {
        "memorySize": 128,
        "packageType": "Zip",
        "publish": False,
        "reservedConcurrentExecutions": -1,
        "skipDestroy": False,
        "timeout": 3,
    }
    autoname = AutoName(max_length=64)
    unordered = frozenset({"vpcConfig.securityGroupIds", "vpcConfig.subnetIds", "replacementSecurityGroupIds"})
    content = {"code": "sourceCodeHash"}
    recomputes = {key: ("codeSha256", "sourceCodeSize") for key in _CODE}
    service = "lambda"
    creates, reads, updates = "create_function", "get_function", "update_function_configuration"
    keys = {"name": "FunctionName"}
    not_found = ("ResourceNotFoundException",)
    tagging = Tagging("Resource", reads="")
    cleared = {
        "deadLetterConfig": {"TargetArn": ""},
        "description": "",
        "environment": {"Variables": {}},
        "fileSystemConfig": [],
        "imageConfig": {},
        "kmsKeyArn": "",
        "layers": [],
        "snapStart": {"ApplyOn": "None"},
        "vpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    }
    outputs = {
        "architectures": "Architectures",
        "arn": "FunctionArn",
        "codeSha256": "CodeSha256",
        "ephemeralStorage": "EphemeralStorage",
        "imageUri": "Code.ImageUri",
        "lastModified": "LastModified",
        "layers": "Layers[].Arn",
        "loggingConfig": "LoggingConfig",
        "memorySize": "MemorySize",
        "packageType": "PackageType",
        "reservedConcurrentExecutions": "Concurrency.ReservedConcurrentExecutions || `-1`",
        "signingJobArn": "SigningJobArn || ''",
        "signingProfileVersionArn": "SigningProfileVersionArn || ''",
        "sourceCodeSize": "CodeSize",
        "timeout": "Timeout",
        "tracingConfig": "TracingConfig",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        sources = [key for key in ("code", "imageUri", "s3Bucket") if inputs.get(key) is not None]
        if len(sources) != 1:
            yield "code", f"one of code, imageUri and s3Bucket must be given, not {' and '.join(sources) or 'none'}"
        if inputs["packageType"] == "Zip":
            for key in ("handler", "runtime"):
                if not inputs.get(key):
                    yield key, f"{key} must be given when packageType is Zip"
        for key in _NOT_HERE:
            if inputs.get(key) is not None:
                yield key, f"{key} isn't in the local cloud"

    def derived(self, inputs: Properties) -> Properties:
        """Say what the code is, so that a diff sees a change of what lies on the disk."""
        code = inputs.get("code")
        if code is None or inputs.get("sourceCodeHash") is not None:
            return {}
        return {"sourceCodeHash": UNKNOWN if contains_unknown(code) else sha256_of(code)}

    def renews(self, old: Properties, new: Properties) -> Iterable[str]:
        changed = self._changed(old, new)
        if changed - _UNTOUCHED:
            yield "lastModified"
        if new.get("publish") is True and (changed - _UNTOUCHED or "publish" in changed):
            yield from ("qualifiedArn", "qualifiedInvokeArn", "version")

    def arguments(self, call: str, inputs: Properties) -> Properties:
        if call != self.creates:
            return super().arguments(call, inputs)
        given = {key: value for key, value in inputs.items() if key == "architectures" or key not in _CODE}
        arguments = super().arguments(call, {key: value for key, value in given.items() if value not in ("", [], {})})
        return {**arguments, "Code": self._code(inputs)}

    def argument(self, key: str, value: Any, shape: Any) -> Any:  # noqa: ANN401 - any plain value
        if key == "loggingConfig":
            value = {name: item for name, item in value.items() if item}
        return super().argument(key, value, shape)

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        if inputs["reservedConcurrentExecutions"] >= 0:
            self._reserve(aws, id, inputs["reservedConcurrentExecutions"])

    def find(self, aws: Session, id: str, state: Properties) -> Any:  # noqa: ANN401 - botocore's answers
        answer = found(lambda: aws.client("lambda").get_function(FunctionName=id), *self.not_found)
        return answer and {**answer["Configuration"], **answer}

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        inputs = {key: value for key, value in state.items() if key not in _CODE}
        properties = super().properties(aws, live, inputs)
        pages = aws.client("lambda").get_paginator("list_versions_by_function").paginate(FunctionName=state["name"])
        latest = [version for page in pages for version in page["Versions"]][-1]
        if isinstance(state.get("codeSha256"), str) and state["codeSha256"] != live["CodeSha256"]:
            # Changed behind the program's back, or by the last update.
            properties["sourceCodeHash"] = live["CodeSha256"]
        gateway, arn = f"arn:{PARTITION}:apigateway:{aws.region}:lambda:path", live["FunctionArn"]
        return {
            **properties,
            # By these API Gateway calls a function.
            "invokeArn": f"{gateway}/2015-03-31/functions/{arn}/invocations",
            "qualifiedArn": latest["FunctionArn"],
            "qualifiedInvokeArn": f"{gateway}/2015-03-31/functions/{latest['FunctionArn']}/invocations",
            "responseStreamingInvokeArn": f"{gateway}/2021-11-15/functions/{arn}/response-streaming-invocations",
            "version": latest["Version"],
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        client, changed = aws.client("lambda"), self._changed(old, new)
        super().update(aws, id, old, new)
        code = bool(changed & _CODE) and not (changed & _CODE == {"architectures"} and not new.get("architectures"))
        if code:
            more = {"Architectures": new["architectures"]} if new.get("architectures") else {}
            client.update_function_code(FunctionName=id, **self._code(new), **more)
        if old.get("reservedConcurrentExecutions", -1) != new["reservedConcurrentExecutions"]:
            self._reserve(aws, id, new["reservedConcurrentExecutions"])
        if new["publish"] and (code or not old.get("publish") or self.changes(changed, old, new)):
            client.publish_version(FunctionName=id)

    def _changed(self, old: Properties, new: Properties) -> set[str]:
        return {item.path.partition(".")[0].partition("[")[0] for item in differences(self, old, new)}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if state.get("skipDestroy"):
            return
        client = aws.client("lambda")
        with ignoring(*self.not_found):
            if state.get("replaceSecurityGroupsOnDestroy") and state.get("vpcConfig"):
                network = client.get_function_configuration(FunctionName=id)["VpcConfig"]
                groups = state.get("replacementSecurityGroupIds") or _default_group(aws, network["VpcId"])
                client.update_function_configuration(
                    FunctionName=id, VpcConfig={"SubnetIds": network["SubnetIds"], "SecurityGroupIds": groups}
                )
            client.delete_function(FunctionName=id)

    @staticmethod
    def _code(inputs: Properties) -> Properties:
        if inputs.get("code") is not None:
            code: Properties = {"ZipFile": zip_of(inputs["code"])}
        elif inputs.get("imageUri"):
            code = {"ImageUri": inputs["imageUri"]}
        else:
            code = {"S3Bucket": inputs["s3Bucket"], "S3Key": inputs["s3Key"]}
            if inputs.get("s3ObjectVersion"):
                code["S3ObjectVersion"] = inputs["s3ObjectVersion"]
        if inputs.get("sourceKmsKeyArn"):
            code["SourceKMSKeyArn"] = inputs["sourceKmsKeyArn"]
        return code

    @staticmethod
    def _reserve(aws: Session, name: str, reserved: int) -> None:
        client = aws.client("lambda")
        if reserved >= 0:
            client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
        else:
            client.delete_function_concurrency(FunctionName=name)


def _default_group(aws: Session, vpc: str) -> list[str]:
    answer = aws.client("ec2").describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )
    return [group["GroupId"] for group in answer["SecurityGroups"]]
