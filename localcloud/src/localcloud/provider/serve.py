"""The local providers over gRPC, for the official engine.

The engine reaches a provider that already runs through `PULUMI_DEBUG_PROVIDERS=aws:PORT,random:PORT,…`:
https://github.com/pulumi/pulumi/blob/master/pkg/resource/plugin/provider_plugin.go. The SDK's servicer carries the
parts that need no change; what is done here instead:

- it has no `Attach`, which the engine calls first;
- it reads no unknown values, takes a resource's type with those of its parents, drops the old inputs and answers
  `DiffConfig` with an error: our engine's values and requests are used, so that both engines ask the same;
- an error is one message, without Python's stack;
- the engine opens one connection for each provider resource, and all of them come to one port: each connection has its
  own configured provider.
"""

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import proto
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from localcloud.engine import requests
from localcloud.engine.values import from_struct, to_struct
from localcloud.provider import ProviderError, load

_KINDS = {
    sdk.PropertyDiffKind.ADD: proto.PropertyDiff.ADD,
    sdk.PropertyDiffKind.ADD_REPLACE: proto.PropertyDiff.ADD_REPLACE,
    sdk.PropertyDiffKind.DELETE: proto.PropertyDiff.DELETE,
    sdk.PropertyDiffKind.DELETE_REPLACE: proto.PropertyDiff.DELETE_REPLACE,
    sdk.PropertyDiffKind.UPDATE: proto.PropertyDiff.UPDATE,
    sdk.PropertyDiffKind.UPDATE_REPLACE: proto.PropertyDiff.UPDATE_REPLACE,
}


@contextmanager
def serving(packages: Iterable[str]) -> Iterator[dict[str, int]]:
    """Serve the packages' providers on loopback ports for as long as the context lasts.

    Yields:
        The port of each package, as `PULUMI_DEBUG_PROVIDERS` wants them.

    Raises:
        LookupError: when there is no provider for a package.
    """
    with serve(
        {name: Servicer(name, version(f"pulumi-{name}"), functools.partial(load, name)) for name in packages}
    ) as ports:
        yield ports


@contextmanager
def serve(servicers: Mapping[str, "Servicer"]) -> Iterator[dict[str, int]]:
    """Serve on loopback ports for as long as the context lasts; give the port of each package."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="providers", daemon=True)
    thread.start()
    servers: list[grpc.aio.Server] = []
    try:
        yield asyncio.run_coroutine_threadsafe(_start(servicers, servers), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_stop(servers), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _start(servicers: Mapping[str, "Servicer"], servers: list[grpc.aio.Server]) -> dict[str, int]:
    ports = {}
    for package, servicer in servicers.items():
        server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        ports[package] = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        servers.append(server)
    return ports


async def _stop(servers: list[grpc.aio.Server]) -> None:
    for server in servers:
        await server.stop(grace=None)


def _clear(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Answer an error with its message alone."""

    async def answer(self: "Servicer", request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401
        try:
            return await call(self, request, context)
        except Exception as error:  # whatever a provider raises is the answer
            await context.abort(grpc.StatusCode.UNKNOWN, str(error) or type(error).__name__)

    return answer


class Servicer(ProviderServicer):
    """Serve one package to the official engine; each of its connections has a provider of its own.

    Args:
        package: the package's name, for messages.
        package_version: the version that the engine is told.
        make: makes a fresh, unconfigured provider.
    """

    def __init__(self, package: str, package_version: str, make: Callable[[], sdk.Provider]) -> None:
        self._package = package
        self._make = make
        self._by_peer: dict[str, sdk.Provider] = {}
        # Checks and diffs of configuration need no configured provider.
        super().__init__([], package_version, make(), "")

    def _of(self, context: grpc.aio.ServicerContext) -> sdk.Provider:
        """Return the provider of a connection; the only one there is where the connection was made anew."""
        peer = context.peer()
        if peer in self._by_peer:
            return self._by_peer[peer]
        if len(self._by_peer) == 1:
            return next(iter(self._by_peer.values()))
        raise ProviderError(
            f"the local {self._package} provider was called over a connection that configured none, and "
            f"{len(self._by_peer)} are configured: run the command again"
        )

    async def Handshake(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        # The engine goes on without it; the stub that would answer this by itself logs a stack each time.
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, "this provider is configured without a handshake")

    async def Attach(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        return empty_pb2.Empty()

    @_clear
    async def CheckConfig(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        asked = requests.CheckRequest(
            request.urn, from_struct(request.olds), from_struct(request.news), request.randomSeed
        )
        return _checked(await self._provider.check_config(asked))

    @_clear
    async def DiffConfig(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        return _difference(await self._provider.diff_config(_asked_diff(request)))

    @_clear
    async def Configure(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        provider = self._make()
        answer = await provider.configure(
            sdk.ConfigureRequest(
                dict(request.variables), from_struct(request.args), request.acceptSecrets, request.acceptResources
            )
        )
        self._by_peer[context.peer()] = provider
        return proto.ConfigureResponse(
            acceptSecrets=answer.accept_secrets,
            acceptResources=answer.accept_resources,
            acceptOutputs=answer.accept_outputs,
            supportsPreview=answer.supports_preview,
        )

    @_clear
    async def Invoke(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        asked = sdk.InvokeRequest(request.tok, from_struct(request.args))
        answer = await self._of(context).invoke(asked)
        return proto.InvokeResponse(
            **{"return": to_struct(answer.return_value or {})}, failures=_failures(answer.failures)
        )

    @_clear
    async def Check(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        asked = requests.CheckRequest(
            request.urn, from_struct(request.olds), from_struct(request.news), request.randomSeed
        )
        return _checked(await self._of(context).check(asked))

    @_clear
    async def Diff(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        return _difference(await self._of(context).diff(_asked_diff(request)))

    @_clear
    async def Create(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        asked = requests.CreateRequest(request.urn, from_struct(request.properties), request.timeout, request.preview)
        answer = await self._of(context).create(asked)
        return proto.CreateResponse(id=answer.resource_id or "", properties=to_struct(answer.properties))

    @_clear
    async def Read(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        asked = requests.ReadRequest(
            request.urn, request.id, from_struct(request.properties), from_struct(request.inputs)
        )
        answer = await self._of(context).read(asked)
        return proto.ReadResponse(
            id=answer.resource_id or "", properties=to_struct(answer.properties), inputs=to_struct(answer.inputs)
        )

    @_clear
    async def Update(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        asked = requests.UpdateRequest(
            request.urn,
            request.id,
            from_struct(request.olds),
            from_struct(request.news),
            request.timeout,
            list(request.ignoreChanges),
            request.preview,
        )
        asked.old_inputs = from_struct(request.old_inputs)
        answer = await self._of(context).update(asked)
        return proto.UpdateResponse(properties=to_struct(answer.properties))

    @_clear
    async def Delete(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: ANN401, D102
        asked = requests.DeleteRequest(request.urn, request.id, from_struct(request.properties), request.timeout)
        asked.old_inputs = from_struct(request.old_inputs)
        await self._of(context).delete(asked)
        return empty_pb2.Empty()


def _asked_diff(request: Any) -> requests.DiffRequest:  # noqa: ANN401 - a protobuf message
    asked = requests.DiffRequest(
        request.urn,
        request.id,
        from_struct(request.olds),
        from_struct(request.news),
        list(request.ignoreChanges),
    )
    asked.old_inputs = from_struct(request.old_inputs)
    return asked


def _failures(failures: Iterable[sdk.CheckFailure] | None) -> list[Any]:
    return [proto.CheckFailure(property=item.property, reason=item.reason) for item in failures or ()]


def _checked(answer: sdk.CheckResponse) -> Any:  # noqa: ANN401 - a protobuf message
    return proto.CheckResponse(inputs=to_struct(answer.inputs or {}), failures=_failures(answer.failures))


def _difference(answer: sdk.DiffResponse) -> Any:  # noqa: ANN401 - a protobuf message
    changes = {
        None: proto.DiffResponse.DIFF_UNKNOWN,
        True: proto.DiffResponse.DIFF_SOME,
        False: proto.DiffResponse.DIFF_NONE,
    }
    return proto.DiffResponse(
        changes=changes[answer.changes],
        replaces=answer.replaces,
        stables=answer.stables,
        diffs=answer.diffs,
        deleteBeforeReplace=answer.delete_before_replace,
        detailedDiff={
            path: proto.PropertyDiff(kind=_KINDS[item.kind], inputDiff=item.input_diff)
            for path, item in answer.detailed_diff.items()
        },
        hasDetailedDiff=bool(answer.detailed_diff),
    )
