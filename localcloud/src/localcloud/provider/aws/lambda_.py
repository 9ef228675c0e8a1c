"""Lambda functions and their aliases (permissions, events and invocations are in `lambda_events`)."""

from collections.abc import Iterable
from typing import Any

from localcloud.provider.archives import sha256_of, zip_of
from localcloud.provider.base import UNKNOWN, AutoName, Properties, ResourceType, resource
from localcloud.provider.diff import differences
from localcloud.provider.echo import written
from localcloud.provider.session import PARTITION, Session
from localcloud.provider.shapes import camel, found, ignoring, pascal, tag_changes
from localcloud.provider.values import contains_unknown

GONE = ("ResourceNotFoundException",)

#: For a property: the argument of CreateFunction and UpdateFunctionConfiguration.
_SETTINGS = {
    "deadLetterConfig": "DeadLetterConfig",
    "description": "Description",
    "environment": "Environment",
    "ephemeralStorage": "EphemeralStorage",
    "fileSystemConfig": "FileSystemConfigs",
    "handler": "Handler",
    "imageConfig": "ImageConfig",
    "kmsKeyArn": "KMSKeyArn",
    "layers": "Layers",
    "loggingConfig": "LoggingConfig",
    "memorySize": "MemorySize",
    "role": "Role",
    "runtime": "Runtime",
    "snapStart": "SnapStart",
    "timeout": "Timeout",
    "tracingConfig": "TracingConfig",
    "vpcConfig": "VpcConfig",
}
#: What takes a setting away. Those that aren't here stay as they are when the program no longer gives them.
_NONE: Properties = {
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


def invoke_arn(aws: Session, arn: str) -> str:
    """Return the ARN by which API Gateway calls a function."""
    return f"arn:{PARTITION}:apigateway:{aws.region}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _setting(key: str, value: Any) -> Any:  # noqa: ANN401 - any plain value
    if key == "fileSystemConfig":
        return [pascal(value)]
    if key == "environment":
        return {"Variables": value.get("variables") or {}}
    if key == "loggingConfig":
        return {name: item for name, item in pascal(value).items() if item}
    return pascal(value) if isinstance(value, dict) else value


@resource("aws:lambda/function:Function")
class Function(ResourceType):
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
    recomputes = {
        **{key: ("lastModified",) for key in _SETTINGS},
        **{key: ("codeSha256", "lastModified", "sourceCodeSize") for key in _CODE},
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
        changed = {item.path.partition(".")[0].partition("[")[0] for item in differences(self, old, new)}
        if new.get("publish") is True and (changed - _UNTOUCHED or "publish" in changed):
            yield from ("qualifiedArn", "qualifiedInvokeArn", "version")

    def create(self, aws: Session, inputs: Properties) -> str:
        settings = {
            argument: _setting(key, inputs[key])
            for key, argument in _SETTINGS.items()
            if inputs.get(key) not in (None, "", [], {})
        }
        if inputs.get("architectures"):
            settings["Architectures"] = inputs["architectures"]
        client = aws.client("lambda")
        client.create_function(
            FunctionName=inputs["name"],
            PackageType=inputs["packageType"],
            Publish=inputs["publish"],
            Code=self._code(inputs),
            Tags=inputs["tags"],
            **settings,
        )
        if inputs["reservedConcurrentExecutions"] >= 0:
            self._reserve(aws, inputs["name"], inputs["reservedConcurrentExecutions"])
        return str(inputs["name"])

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        client = aws.client("lambda")
        answer = found(lambda: client.get_function(FunctionName=id), *GONE)
        if answer is None:
            return None
        live = answer["Configuration"]
        pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=id)
        latest = [version for page in pages for version in page["Versions"]][-1]
        arn = live["FunctionArn"]
        settings = {
            key: camel(live[argument])
            for key, argument in _SETTINGS.items()
            if live.get(argument) not in (None, "", [], {})
        }
        settings["layers"] = [layer["Arn"] for layer in live.get("Layers", [])] or None
        settings["fileSystemConfig"] = (settings.get("fileSystemConfig") or [None])[0]
        if "environment" in settings:  # its keys are the program's own
            settings["environment"] = {"variables": live["Environment"].get("Variables", {})}
        if not (settings.get("vpcConfig") or {}).get("subnetIds"):
            settings.pop("vpcConfig", None)
        if (settings.get("snapStart") or {}).get("applyOn") == "None" and "snapStart" not in state:
            settings.pop("snapStart", None)
        code = {"codeSha256": live["CodeSha256"], "sourceCodeSize": live["CodeSize"]}
        if isinstance(state.get("codeSha256"), str) and state["codeSha256"] != live["CodeSha256"]:
            code["sourceCodeHash"] = live["CodeSha256"]  # changed behind the program's back, or by the last update
        return written(
            {
                **settings,
                **code,
                "arn": arn,
                "name": live["FunctionName"],
                "architectures": live.get("Architectures"),
                "imageUri": answer.get("Code", {}).get("ImageUri"),
                "invokeArn": invoke_arn(aws, arn),
                "responseStreamingInvokeArn": (
                    f"arn:{PARTITION}:apigateway:{aws.region}:lambda:path/2021-11-15/functions/{arn}"
                    "/response-streaming-invocations"
                ),
                "lastModified": live["LastModified"],
                "packageType": live["PackageType"],
                "qualifiedArn": latest["FunctionArn"],
                "qualifiedInvokeArn": invoke_arn(aws, latest["FunctionArn"]),
                "reservedConcurrentExecutions": answer.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1),
                "signingJobArn": live.get("SigningJobArn", ""),
                "signingProfileVersionArn": live.get("SigningProfileVersionArn", ""),
                "version": latest["Version"],
                "tags": answer.get("Tags", {}),
            },
            state,
            *_SETTINGS,
        )

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        client = aws.client("lambda")
        changed = {item.path.partition(".")[0].partition("[")[0] for item in differences(self, old, new)}
        settings = {
            argument: _setting(key, new[key]) if new.get(key) not in (None, "", [], {}) else _NONE[key]
            for key, argument in _SETTINGS.items()
            if key in changed and (new.get(key) is not None or key in _NONE)
        }
        if settings:
            client.update_function_configuration(FunctionName=id, **settings)
        code = bool(changed & _CODE) and not (changed & _CODE == {"architectures"} and not new.get("architectures"))
        if code:
            more = {"Architectures": new["architectures"]} if new.get("architectures") else {}
            client.update_function_code(FunctionName=id, **self._code(new), **more)
        if old.get("reservedConcurrentExecutions", -1) != new["reservedConcurrentExecutions"]:
            self._reserve(aws, id, new["reservedConcurrentExecutions"])
        if new["publish"] and (settings or code or not old.get("publish")):
            client.publish_version(FunctionName=id)
        put, drop = tag_changes(old.get("tags"), new.get("tags"))
        if put:
            client.tag_resource(Resource=old["arn"], Tags=put)
        if drop:
            client.untag_resource(Resource=old["arn"], TagKeys=drop)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        if state.get("skipDestroy"):
            return
        client = aws.client("lambda")
        with ignoring(*GONE):
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
