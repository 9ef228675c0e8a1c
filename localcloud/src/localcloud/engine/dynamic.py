"""Dynamic resources: the SDK's own provider process, started as the official engine starts it.

`python -m pulumi.dynamic` prints its port and serves `pulumirpc.ResourceProvider`; the provider's code travels in the
resource's property `__provider`. https://www.pulumi.com/docs/iac/concepts/resources/dynamic-providers/
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from localcloud.engine.values import PropertyMap, from_struct, to_struct

PACKAGE = "pulumi-python"

#: Runs `pulumi.dynamic` until its standard input ends, which it does with whoever holds the other end, however that
#: one ends: a killed `up` leaves nothing behind that goes on working for it.
_SERVE = """
import os, runpy, sys, threading

threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
runpy.run_module("pulumi.dynamic", run_name="__main__")
"""


class DynamicError(Exception):
    """A dynamic provider's own error."""


class DynamicProvider(Provider):
    """Speaks to one `pulumi.dynamic` process, which is started with the first call at the latest."""

    def __init__(self, root: Path, project: str, say: Callable[[str], None]) -> None:
        """Take the folder to run in, where the program's modules are found, and where to say what it prints."""
        self._root = root
        self._say = say
        self._environment = {**os.environ, "PULUMI_PROJECT": project}
        self._process: asyncio.subprocess.Process | None = None
        self._stub: Any = None
        self._channel: grpc.aio.Channel | None = None
        self._starting = asyncio.Lock()

    async def _call(self, method: str, request: Any) -> Any:  # noqa: ANN401 - a message of the SDK's protocol
        await self.start()
        try:
            call: Awaitable[Any] = getattr(self._stub, method)(request)
            return await call
        except grpc.aio.AioRpcError as error:
            raise DynamicError(_message(error.details() or str(error))) from None

    async def start(self) -> None:
        """Start the process, unless it runs."""
        async with self._starting:
            if self._stub is None:
                await self._start()

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-u",
            "-c",
            _SERVE,
            cwd=self._root,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._reading = [asyncio.create_task(self._forward_output(self._process.stderr))]
        line = await self._process.stdout.readline()
        if not line.strip().isdigit():
            raise DynamicError(f"the dynamic provider process didn't start; it said {line.decode().strip()!r}")
        self._reading.append(asyncio.create_task(self._forward_output(self._process.stdout)))
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{int(line)}", options=_GRPC_CHANNEL_OPTIONS)
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)

    async def _forward_output(self, stream: asyncio.StreamReader) -> None:
        """Say what a dynamic provider prints, line by line, as the official engine does."""
        while line := await stream.readline():
            if text := line.decode(errors="replace").rstrip():
                self._say(text)

    async def close(self) -> None:
        """End the process."""
        if self._channel:
            await self._channel.close()
        if self._process and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        if self._process:
            await asyncio.gather(*self._reading)

    async def check_config(self, request: CheckRequest) -> CheckResponse:
        """Take any configuration: the SDK's process doesn't check it."""
        return CheckResponse(request.new_inputs)

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Hand over the stack's whole configuration, which dynamic providers may read."""
        await self._call("Configure", provider_pb2.ConfigureRequest(args=to_struct(request.args, secrets=False)))
        return ConfigureResponse(accept_secrets=False, supports_preview=False)

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Run the provider's `check`."""
        response = await self._call(
            "Check",
            provider_pb2.CheckRequest(
                urn=request.urn,
                olds=_struct(request.old_inputs),
                news=_struct(request.new_inputs),
                randomSeed=request.random_seed,
            ),
        )
        failures = [CheckFailure(failure.property, failure.reason) for failure in response.failures]
        return CheckResponse(from_struct(response.inputs), failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        """Run the provider's `diff`."""
        response = await self._call(
            "Diff",
            provider_pb2.DiffRequest(
                id=request.resource_id,
                urn=request.urn,
                olds=_struct(request.old_state),
                news=_struct(request.new_inputs),
                ignoreChanges=request.ignore_changes,
            ),
        )
        kinds = {provider_pb2.DiffResponse.DIFF_SOME: True, provider_pb2.DiffResponse.DIFF_NONE: False}
        return DiffResponse(
            changes=kinds.get(response.changes),
            replaces=list(response.replaces),
            delete_before_replace=response.deleteBeforeReplace,
        )

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Run the provider's `create`."""
        response = await self._call(
            "Create", provider_pb2.CreateRequest(urn=request.urn, properties=_struct(request.properties))
        )
        return CreateResponse(response.id, from_struct(response.properties))

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Run the provider's `update`."""
        response = await self._call(
            "Update",
            provider_pb2.UpdateRequest(
                id=request.resource_id, urn=request.urn, olds=_struct(request.olds), news=_struct(request.news)
            ),
        )
        return UpdateResponse(from_struct(response.properties))

    async def delete(self, request: DeleteRequest) -> None:
        """Run the provider's `delete`."""
        await self._call(
            "Delete",
            provider_pb2.DeleteRequest(id=request.resource_id, urn=request.urn, properties=_struct(request.properties)),
        )

    async def read(self, request: ReadRequest) -> ReadResponse:
        """Run the provider's `read`."""
        response = await self._call(
            "Read",
            provider_pb2.ReadRequest(id=request.resource_id, urn=request.urn, properties=_struct(request.properties)),
        )
        inputs = from_struct(response.inputs) if response.HasField("inputs") else None
        return ReadResponse(response.id, from_struct(response.properties), inputs)


def _struct(properties: Mapping[str, PropertyValue]) -> Any:  # noqa: ANN401 - a protobuf struct
    made: PropertyMap = dict(properties)
    return to_struct(made, secrets=False)


def _message(details: str) -> str:
    """Return the message of an exception from the traceback that the SDK's process sends."""
    lines = details.splitlines()
    frames = [index for index, line in enumerate(lines) if line.startswith('  File "')]
    if not frames:
        return details.strip()
    rest = lines[frames[-1] + 1 :]
    while rest and rest[0].startswith("    "):
        rest.pop(0)
    message = "\n".join(rest).strip()
    return message.removeprefix("Exception: ") or details.strip()
