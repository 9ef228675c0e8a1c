"""A deployment engine that makes nothing and remembers everything, to see what a component asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import resource_pb2

from components.core.placement import Placement

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
TAGS = {"System": "aprendeai", "Environment": "prod", "ManagedBy": "pulumi"}


def placement(**overrides: Any) -> Placement:  # noqa: ANN401 - fields of Placement
    """Return where a component of a test is."""
    values: dict[str, Any] = {
        "account_id": ACCOUNT,
        "region": "us-east-1",
        "vpc_id": "vpc-1",
        "private_subnet_ids": ["subnet-a", "subnet-b"],
        "isolated_subnet_ids": ["subnet-a", "subnet-b"],
        "kms_key_arn": KEY,
        "log_retention_days": 365,
        "tags": TAGS,
        **overrides,
    }
    return Placement(**values)


#: How the wire marks a secret. https://pulumi-developer-docs.readthedocs.io/latest/docs/architecture/deployment-schema.html
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


def _unwrap(value: object) -> tuple[Any, bool]:
    """Return a value without its secret marks, and whether there was one."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _unwrap(value["value"])[0], True
        items = {key: _unwrap(item) for key, item in value.items()}
        return {key: item for key, (item, _) in items.items()}, any(secret for _, secret in items.values())
    if isinstance(value, list):
        elements = [_unwrap(item) for item in value]
        return [item for item, _ in elements], any(secret for _, secret in elements)
    return value, False


@dataclass
class Recorded:
    """One resource, as the engine was asked for it."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    secret_inputs: frozenset[str]
    parent: str
    protect: bool
    retain_on_delete: bool
    ignore_changes: tuple[str, ...]
    secret_outputs: tuple[str, ...]
    depends_on: frozenset[str]


@dataclass
class Recording:
    """What a program asked for, in order, and what its components gave out."""

    resources: list[Recorded] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    secret_outputs: dict[str, frozenset[str]] = field(default_factory=dict)

    def named(self, name: str) -> Recorded:
        """Return the one resource of a name."""
        (found,) = [resource for resource in self.resources if resource.name == name]
        return found

    def of(self, token: str) -> list[Recorded]:
        """Return the resources of a type."""
        return [resource for resource in self.resources if resource.type == token]

    def outputs_of(self, name: str) -> dict[str, Any]:
        """Return what the component of a name registered as its outputs."""
        return self.outputs[self.named(name).urn]


class _Monitor(MockMonitor):
    def __init__(self, mocks: Mocks, recording: Recording) -> None:
        super().__init__(mocks)
        self.recording = recording

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> resource_pb2.RegisterResourceResponse:
        response: resource_pb2.RegisterResourceResponse = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            raw = rpc.deserialize_properties(request.object)
            inputs = {key: _unwrap(value) for key, value in raw.items()}
            self.recording.resources.append(
                Recorded(
                    urn=response.urn,
                    type=request.type,
                    name=request.name,
                    inputs={key: value for key, (value, _) in inputs.items()},
                    secret_inputs=frozenset(key for key, (_, secret) in inputs.items() if secret),
                    parent=request.parent,
                    protect=request.protect,
                    retain_on_delete=request.retainOnDelete,
                    ignore_changes=tuple(request.ignoreChanges),
                    secret_outputs=tuple(request.additionalSecretOutputs),
                    depends_on=frozenset(request.dependencies),
                )
            )
        return response

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> object:
        outputs = {key: _unwrap(value) for key, value in rpc.deserialize_properties(request.outputs).items()}
        self.recording.outputs[request.urn] = {key: value for key, (value, _) in outputs.items()}
        self.recording.secret_outputs[request.urn] = frozenset(key for key, (_, secret) in outputs.items() if secret)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


#: What AWS, or the random provider, would add to the inputs.
_ANSWERS: Mapping[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "random:index/randomId:RandomId": lambda _, inputs: {"hex": f"{inputs.get('prefix', '')}0badcafe"},
    "random:index/randomBytes:RandomBytes": lambda _, inputs: {"hex": "5e" * int(inputs["length"])},
    "random:index/randomPassword:RandomPassword": lambda name, inputs: {"result": f"{name}!"},
    "aws:rds/instance:Instance": lambda _, inputs: {"address": f"{inputs['identifier']}.rds.example"},
    "aws:elasticache/replicationGroup:ReplicationGroup": lambda _, inputs: {
        "primaryEndpointAddress": f"master.{inputs['replicationGroupId']}.example"
    },
    "aws:mq/broker:Broker": lambda _, inputs: {
        "instances": [{"consoleUrl": "https://b-1.mq.example", "endpoints": ["amqps://b-1.mq.example:5671"]}]
    },
    "aws:ecr/repository:Repository": lambda _, inputs: {"repositoryUrl": f"registry.example/{inputs['name']}"},
    "aws:secretsmanager/secretVersion:SecretVersion": lambda _, inputs: {"versionId": "version-1"},
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": lambda name, _: {"securityGroupRuleId": f"sgr-{name}"},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": lambda name, _: {"securityGroupRuleId": f"sgr-{name}"},
}


class _Answers(Mocks):
    def __init__(self, unknown: frozenset[str]) -> None:
        self.unknown = unknown

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component made the call {args.token}: none may look anything up while it is built")

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = _unwrap(args.inputs)[0]
        answer = _ANSWERS.get(args.typ)
        state = {
            "name": args.name,
            "arn": f"arn:aws:test:us-east-1:{ACCOUNT}:{args.name}",
            **inputs,
            **(answer(args.name, inputs) if answer else {}),
        }
        if args.typ in self.unknown:
            return None, inputs | {key: rpc.UNKNOWN for key in state if key not in inputs}
        return f"{args.name}-id", state


def record(program: Callable[[], object], *, unknown: frozenset[str] = frozenset()) -> Recording:
    """Run a program that builds components, and return what it asked for.

    Args:
        program: builds components; what it returns is ignored.
        unknown: types whose outputs aren't known yet, as in a preview that creates or replaces them; with any, the run
            is a preview.
    """
    recording = Recording()
    mocks = _Answers(unknown)
    set_mocks(mocks, project="alicerce", stack="test", preview=bool(unknown), monitor=_Monitor(mocks, recording))

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> None:
        program()

    run()
    return recording
