"""The SDK's own protocol: `pulumirpc.ResourceMonitor` and `pulumirpc.Engine`, turned into calls of a run.

Messages: https://github.com/pulumi/pulumi/tree/master/proto/pulumi (resource.proto, engine.proto)
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import alias_pb2, engine_pb2, provider_pb2, resource_pb2, resource_pb2_grpc

from localcloud.engine.executor import HOOK_KEYS
from localcloud.engine.planner import Alias, Goal, PlanError
from localcloud.engine.providers import with_version
from localcloud.engine.run import Hook, Run, Stopped
from localcloud.engine.state import Resource
from localcloud.engine.urns import is_provider, package_of
from localcloud.engine.values import contains_computed, dependencies_in, from_struct, to_struct

_FEATURES = [
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON,
    # Refused all the same: without these the SDK refuses by itself, and tells a person to update the Pulumi CLI.
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
]

#: Options of a registration that this engine doesn't implement: the request's field, and its name in a program.
_REFUSED = {
    "importId": "import_",
    "deletedWith": "deleted_with",
    "replace_with": "replace_with",
    "transforms": "transforms",
    "state_migrations": "state_migrations",
    "hideDiffs": "hide_diffs",
    "envVarMappings": "env_var_mappings",
    "packageRef": "a parameterized package",
    "pluginDownloadURL": "plugin_download_url",
    "remote": "a remote component",
}

_Context = Any
_Handler = Callable[["Monitor", Any, _Context], Coroutine[Any, Any, Any]]


def _answer(handler: _Handler) -> _Handler:
    """Turn what a handler raises into the status that the SDK expects."""

    async def guarded(self: "Monitor", request: Any, context: _Context) -> Any:  # noqa: ANN401 - protobuf messages
        try:
            return await handler(self, request, context)
        except Stopped:
            # The SDK takes this for the end of the run and says no more: pulumi.runtime.settings.
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the run has failed")
        except asyncio.CancelledError:
            raise
        except Exception as error:  # every error belongs to the program that asked
            await context.abort(grpc.StatusCode.UNKNOWN, str(error) or type(error).__name__)

    return guarded


class Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """Answers what a program asks while it runs."""

    def __init__(self, run: Run) -> None:
        """Serve one run."""
        self._run = run

    @_answer
    async def GetDeploymentInfo(self, request: Any, context: _Context) -> Any:  # noqa: ANN401
        """Say what this run is and can."""
        run = self._run
        return resource_pb2.DeploymentInfo(
            project=run.project,
            stack=run.stack,
            organization="organization",
            config=run.config.values,
            configSecretKeys=sorted(run.config.secrets),
            dryRun=run.preview,
            parallel=run.parallel,
            supportedFeatures=_FEATURES,
        )

    @_answer
    async def RegisterResource(self, request: Any, context: _Context) -> Any:  # noqa: ANN401
        """Bring a resource to what the program wants."""
        run = self._run
        async with run.request():
            resource = await run.register(_goal(request), dict(request.providers), request.version)
        # A component's outputs may refer to resources that this run hasn't come to; the SDK has its own.
        outputs = resource.outputs if resource.custom else {}
        if not request.supportsPartialValues:
            outputs = {key: value for key, value in outputs.items() if not contains_computed(value)}
        return resource_pb2.RegisterResourceResponse(urn=resource.urn, id=resource.id, object=to_struct(outputs))

    @_answer
    async def RegisterResourceOutputs(self, request: Any, context: _Context) -> Any:  # noqa: ANN401
        """Take a component's outputs."""
        async with self._run.request():
            await self._run.register_outputs(request.urn, from_struct(request.outputs))
        return empty_pb2.Empty()

    @_answer
    async def ReadResource(self, request: Any, context: _Context) -> Any:  # noqa: ANN401
        """Read a resource that the stack doesn't own."""
        _refuse_options(request, request.type, request.name)
        wanted = Resource(
            urn=f"urn:pulumi:::::{request.type}::{request.name}",
            type=request.type,
            custom=True,
            id=request.id,
            external=True,
            inputs=from_struct(request.properties),
            parent=request.parent,
            provider=request.provider,
            dependencies=list(request.dependencies),
            additional_secret_outputs=list(request.additionalSecretOutputs),
        )
        async with self._run.request():
            resource = await self._run.read(wanted, request.version)
        return resource_pb2.ReadResourceResponse(urn=resource.urn, properties=to_struct(resource.outputs))

    @_answer
    async def Invoke(self, request: Any, context: _Context) -> Any:  # noqa: ANN401
        """Call a provider's function."""
        run = self._run
        _refuse_options(request, "function", request.tok)
        if run.pending(list(request.dependsOn)):
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        async with run.busy():
            package = package_of(request.tok)
            ref = request.provider or await run.default_provider(package, request.version)
            handle = run.registry.get(ref)
            if handle is None:
                handle = await run.registry.ensure(ref, run.planner.provider_resource(ref))
            response = await handle.invoke(request.tok, from_struct(request.args))
        failures = [provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in response.failures]
        answer = resource_pb2.ResourceInvokeResponse(failures=failures)
        getattr(answer, "return").CopyFrom(to_struct(dict(response.return_value or {})))
        return answer

    @_answer
    async def RegisterResourceHook(self, request: Any, context: _Context) -> Any:  # noqa: ANN401
        """Take a hook that the program has."""
        self._run.register_hook(
            Hook(
                request.name,
                request.callback.target,
                request.callback.token,
                request.on_dry_run,
                request.ignore_errors,
            )
        )
        return empty_pb2.Empty()

    @_answer
    async def SignalAndWaitForShutdown(self, request: Any, context: _Context) -> Any:  # noqa: ANN401
        """Do what comes after the program, while it still answers hooks."""
        await self._run.finish()
        return empty_pb2.Empty()

    async def Call(self, request: Any, context: _Context) -> None:  # noqa: ANN401
        """Refuse a method call."""
        await _refuse(context, f"Call of {request.tok}")

    async def RegisterErrorHook(self, request: Any, context: _Context) -> None:  # noqa: ANN401
        """Refuse an error hook."""
        await _refuse(context, f"the error hook {request.name!r}")

    async def RegisterStackTransform(self, request: Any, context: _Context) -> None:  # noqa: ANN401
        """Refuse a transform of the stack."""
        await _refuse(context, "a stack transform")

    async def RegisterStackInvokeTransform(self, request: Any, context: _Context) -> None:  # noqa: ANN401
        """Refuse a transform of invokes."""
        await _refuse(context, "a stack invoke transform")

    async def RegisterPackage(self, request: Any, context: _Context) -> None:  # noqa: ANN401
        """Refuse a parameterized package."""
        await _refuse(context, f"the parameterized package {request.name!r}")


async def _refuse(context: _Context, what: str) -> None:
    await context.abort(
        grpc.StatusCode.UNIMPLEMENTED, f"the local cloud's engine doesn't implement {what}: use the official CLI for it"
    )


def _refuse_options(request: Any, type_: str, name: str) -> None:  # noqa: ANN401 - a request of the SDK's protocol
    """Refuse a request that uses an option which this engine doesn't implement.

    Raises:
        PlanError: it does; the text names the option.
    """
    used = [option for field, option in _REFUSED.items() if getattr(request, field, None)]
    trigger = getattr(request, "replacement_trigger", None)
    if trigger is not None and trigger.WhichOneof("kind") not in (None, "null_value"):
        used.append("replacement_trigger")
    if used:
        raise PlanError(
            f"{type_} {name!r} uses {used[0]}, which the local cloud's engine doesn't implement: take it out, or use "
            "the official CLI"
        )


def _goal(request: Any) -> Goal:  # noqa: ANN401 - a RegisterResourceRequest
    """Return what a registration asks for.

    Raises:
        PlanError: it uses an option that this engine doesn't implement, or its type is none.
    """
    _refuse_options(request, request.type, request.name)
    custom = request.custom
    if custom and request.type.count(":") != 2:
        raise PlanError(f"{request.name!r} has the type {request.type!r}; a type has the form package:module:Type")

    inputs = from_struct(request.object)
    given = {key: set(one.urns) for key, one in request.propertyDependencies.items()}
    if not given:
        given = {key: set(request.dependencies) for key in inputs}
    for key, value in request.object.fields.items():
        if value.WhichOneof("kind") in ("struct_value", "list_value") and (found := dependencies_in(value)):
            given[key] = given.get(key, set()) | found
    defined = request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
    hooks = {name: list(getattr(request.hooks, field)) for field, name in HOOK_KEYS.items()}
    return Goal(
        type=request.type,
        name=request.name,
        custom=custom,
        inputs=with_version(inputs, request.version) if is_provider(request.type) else inputs,
        parent=request.parent,
        provider=request.provider,
        dependencies=sorted(set(request.dependencies)),
        property_dependencies={key: sorted(urns) for key, urns in sorted(given.items())},
        protect=request.protect if request.HasField("protect") else None,
        retain_on_delete=request.retainOnDelete if request.HasField("retainOnDelete") else None,
        delete_before_replace=request.deleteBeforeReplace if defined else None,
        ignore_changes=list(request.ignoreChanges),
        replace_on_changes=list(request.replaceOnChanges),
        additional_secret_outputs=list(request.additionalSecretOutputs),
        aliases=[Alias(urn=urn) for urn in request.aliasURNs] + [_alias(alias) for alias in request.aliases],
        custom_timeouts=_timeouts(request.customTimeouts),
        hooks={name: names for name, names in hooks.items() if names},
    )


def _alias(alias: alias_pb2.Alias) -> Alias:
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def _timeouts(timeouts: Any) -> dict[str, float]:  # noqa: ANN401 - a CustomTimeouts message
    """Return custom timeouts in seconds."""
    made: dict[str, float] = {}
    for moment in ("create", "update", "delete"):
        if duration := getattr(timeouts, moment):
            made[moment] = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))
    return made


class EngineLog:
    """`pulumirpc.Engine`, spoken in process: the SDK sends ten debug messages a resource, which nobody reads."""

    def __init__(self, log: Callable[[str, str, str], None]) -> None:
        """Take where messages go: (severity, text, URN)."""
        self._log = log
        self._root = ""

    def Log(self, request: Any) -> Any:  # noqa: ANN401
        """Take a message of the program."""
        if request.severity != engine_pb2.DEBUG:
            severity = {engine_pb2.WARNING: "warning", engine_pb2.ERROR: "error"}.get(request.severity, "info")
            if not request.ephemeral:
                self._log(severity, request.message, request.urn)
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any) -> Any:  # noqa: ANN401
        """Return the URN of the stack."""
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any) -> Any:  # noqa: ANN401
        """Take the URN of the stack."""
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def RequirePulumiVersion(self, request: Any) -> Any:  # noqa: ANN401
        """Take any version: this engine keeps the rules of the SDK that it is installed with."""
        return engine_pb2.RequirePulumiVersionResponse()

    def StartDebugging(self, request: Any) -> Any:  # noqa: ANN401
        """Have nothing to do: a debugger is attached to this process itself."""
        return empty_pb2.Empty()
