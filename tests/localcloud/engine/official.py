"""The official engine, driving the fake provider over gRPC."""

import asyncio
import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.provider.experimental import provider as sdk
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from localcloud.engine import requests
from localcloud.engine.values import from_struct, to_struct
from tests.localcloud.engine.fake import Cloud, FakeProvider

REPOSITORY = Path(__file__).parents[3]

_KINDS = {kind: getattr(provider_pb2.PropertyDiff, kind.name) for kind in sdk.PropertyDiffKind}


class Served(provider_pb2_grpc.ResourceProviderServicer):
    """The fake provider as a plugin; each connection has one of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._providers: dict[str, FakeProvider] = {}

    def _of(self, context: Any) -> FakeProvider:  # noqa: ANN401 - gRPC's own
        return self._providers.setdefault(context.peer(), FakeProvider(self._cloud))

    async def Attach(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        return empty_pb2.Empty()

    async def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        return plugin_pb2.PluginInfo(version="1.0.0")

    async def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        return provider_pb2.CheckResponse(inputs=request.news)

    async def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        made = requests.DiffRequest(request.urn, request.id, from_struct(request.olds), from_struct(request.news), [])
        return _diff(await self._of(context).diff_config(made))

    async def Configure(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        await self._of(context).configure(sdk.ConfigureRequest({}, from_struct(request.args), True, True))
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True, acceptOutputs=False
        )

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        made = requests.CheckRequest(
            request.urn, from_struct(request.olds), from_struct(request.news), request.randomSeed
        )
        answer = await self._of(context).check(made)
        return provider_pb2.CheckResponse(
            inputs=to_struct(answer.inputs or {}),
            failures=[provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in answer.failures or []],
        )

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        made = requests.DiffRequest(
            request.urn,
            request.id,
            from_struct(request.olds),
            from_struct(request.news),
            list(request.ignoreChanges),
        )
        made.old_inputs = from_struct(request.old_inputs)
        return _diff(await self._of(context).diff(made))

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        made = requests.CreateRequest(request.urn, from_struct(request.properties), 0, request.preview)
        try:
            answer = await self._of(context).create(made)
        except RuntimeError as error:
            await context.abort(grpc.StatusCode.UNKNOWN, str(error))
        return provider_pb2.CreateResponse(id=answer.resource_id or "", properties=to_struct(answer.properties))

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        made = requests.UpdateRequest(
            request.urn,
            request.id,
            from_struct(request.olds),
            from_struct(request.news),
            0,
            list(request.ignoreChanges),
            request.preview,
        )
        answer = await self._of(context).update(made)
        return provider_pb2.UpdateResponse(properties=to_struct(answer.properties))

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        made = requests.DeleteRequest(request.urn, request.id, from_struct(request.properties), 0)
        await self._of(context).delete(made)
        return empty_pb2.Empty()

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: ANN401
        made = requests.ReadRequest(
            request.urn, request.id, from_struct(request.properties), from_struct(request.inputs)
        )
        answer = await self._of(context).read(made)
        return provider_pb2.ReadResponse(
            id=answer.resource_id or "", properties=to_struct(answer.properties), inputs=to_struct(answer.inputs)
        )


def _diff(answer: sdk.DiffResponse) -> Any:  # noqa: ANN401 - a protobuf message
    changes = provider_pb2.DiffResponse.DIFF_SOME if answer.changes else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        replaces=answer.replaces,
        diffs=answer.diffs,
        deleteBeforeReplace=answer.delete_before_replace,
        hasDetailedDiff=bool(answer.detailed_diff),
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=_KINDS[one.kind], inputDiff=one.input_diff)
            for path, one in answer.detailed_diff.items()
        },
    )


@contextmanager
def served(cloud: Cloud) -> Iterator[int]:
    """Serve a fake provider; give its port."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def start() -> tuple[Any, int]:
        server = grpc.aio.server()
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(Served(cloud), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        return server, port

    server, port = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(0), loop).result()
        loop.call_soon_threadsafe(loop.stop)


class Official:
    """A project and a stack under the official CLI."""

    def __init__(self, root: Path, port: int) -> None:
        self.root = root
        backend = root / "backend"
        backend.mkdir(parents=True)
        venv = Path(os.environ.get("VIRTUAL_ENV") or REPOSITORY / ".venv")
        (root / "Pulumi.yaml").write_text(f"name: proj\nruntime: {{name: python, options: {{virtualenv: {venv}}}}}\n")
        (root / "__main__.py").write_text(
            "import json, sys\n"
            f"sys.path.insert(0, {str(REPOSITORY)!r})\n"
            "from tests.localcloud.engine.programs import build\n"
            "build(json.load(open('program.json')))\n"
        )
        self._environment = {
            **os.environ,
            "PULUMI_BACKEND_URL": backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "x",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DEBUG_PROVIDERS": f"test:{port}",
        }
        self.run("stack", "init", "dev")

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run the CLI; return its standard output."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode and not fails:
            raise AssertionError(f"pulumi {' '.join(arguments)}: {done.stdout}\n{done.stderr}")
        return done.stdout

    def program(self, program: Mapping[str, Any]) -> None:
        """Say what the next command runs."""
        (self.root / "program.json").write_text(json.dumps(program))

    def preview(self) -> dict[str, Any]:
        """Return `pulumi preview --json`."""
        made: dict[str, Any] = json.loads(self.run("preview", "-s", "dev", "--json", fails=True))
        return made

    def up(self, *, fails: bool = False) -> None:
        """Run `pulumi up`."""
        self.run("up", "-s", "dev", "--yes", "--skip-preview", fails=fails)

    def export(self) -> list[dict[str, Any]]:
        """Return the resources of the state, with secrets opened."""
        state = json.loads(self.run("stack", "export", "-s", "dev", "--show-secrets"))
        found: list[dict[str, Any]] = state["deployment"].get("resources") or []
        return found
