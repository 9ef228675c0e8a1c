"""The official engine, driving the fake provider and ours for `random` over gRPC.

Programs run in this process, as the Automation API's inline ones do. One project, stack and connection serve any number
of programs, and one command previews and updates: nearly all the time of a command is the start of processes.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from engine.fake import Cloud, FakeProvider
from localcloud.engine.secrets import Crypter
from localcloud.engine.values import SECRET, SIGNATURE
from localcloud.provider import load
from localcloud.provider.serve import Servicer, serve

_PASSPHRASE = "x"


@dataclass
class Done:
    """What a command did.

    Attributes:
        ok: whether it succeeded.
        said: what it printed.
        preview: of an `up`, the document that `pulumi preview --json` prints.
    """

    ok: bool
    said: str
    preview: dict[str, Any] = field(default_factory=dict)


class Official:
    """A stack under the official CLI. `official()` makes one."""

    def __init__(self, root: Path, language: LanguageServer, language_port: int, providers: Mapping[str, int]) -> None:
        #: What the fake provider's resources live in.
        self.cloud = Cloud()
        self.root = root
        self._language = language
        self._language_port = language_port
        backend = root / "backend"
        backend.mkdir(parents=True)
        (root / "Pulumi.yaml").write_text("name: proj\nruntime: python\n")
        self._environment = {
            **os.environ,
            # https://www.pulumi.com/docs/iac/cli/environment-variables/
            "PULUMI_BACKEND_URL": backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            "PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in providers.items()),
            # Else it would try to download a plugin of this name.
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.run("stack", "init", "dev")
        self._state = backend / ".pulumi" / "stacks" / "proj" / "dev.json"
        self._empty = self._state.read_text()
        self._history = backend / ".pulumi" / "history"

    def reset(self, cloud: Cloud) -> None:
        """Begin anew: an empty stack and another cloud."""
        self.cloud = cloud
        self._state.write_text(self._empty)
        shutil.rmtree(self._history, ignore_errors=True)

    def run(self, *arguments: str) -> str:
        """Run the CLI; return its standard output."""
        done = self._run(*arguments)
        assert done.returncode == 0, f"pulumi {' '.join(arguments)}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.root,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def preview(self, program: Callable[[], None]) -> dict[str, Any]:
        """Return `pulumi preview --json`."""
        done = self._program(program, "preview", "--json")
        made: dict[str, Any] = json.loads(done.stdout)
        return made

    def up(self, program: Callable[[], None]) -> Done:
        """Run `pulumi up`, with its preview. What doesn't depend on a failure goes on, as with our engine."""
        done = self._program(program, "up", "--yes", "--json", "--continue-on-error")
        # The document of the preview, then a line for each event of the update.
        preview, _ = json.JSONDecoder().raw_decode(done.stdout)
        return Done(done.returncode == 0, done.stdout + done.stderr, preview)

    def without_program(self, operation: str) -> Done:
        """Run `pulumi destroy` or `pulumi refresh`."""
        done = self._program(lambda: None, operation, "--yes", "--skip-preview")
        return Done(done.returncode == 0, done.stdout + done.stderr)

    def _program(self, program: Callable[[], None], *arguments: str) -> "subprocess.CompletedProcess[str]":
        self._language.program = program
        where = f"--client=127.0.0.1:{self._language_port}"
        return self._run(*arguments, "-s", "dev", where, "--exec-kind", "auto.inline")

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources of the state, with secrets opened, as `pulumi stack export --show-secrets` does."""
        latest = json.loads(self._state.read_text())["checkpoint"]["latest"]
        crypter = Crypter(_PASSPHRASE, latest["secrets_providers"]["state"]["salt"])
        found: list[dict[str, Any]] = _opened(latest.get("resources") or [], crypter)
        return found


def _opened(raw: Any, crypter: Crypter) -> Any:  # noqa: ANN401 - JSON
    if isinstance(raw, list):
        return [_opened(item, crypter) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if raw.get(SIGNATURE) == SECRET:
        return {SIGNATURE: SECRET, "plaintext": crypter.decrypt(raw["ciphertext"])}
    return {key: _opened(value, crypter) for key, value in raw.items()}


@contextmanager
def official(root: Path) -> Iterator[Official]:
    """Give a stack under the official CLI, whose providers are served for as long as the context lasts."""
    made: list[Official] = []
    provider = Servicer("test", "1.0.0", lambda: FakeProvider(made[0].cloud if made else Cloud()))
    language = LanguageServer(lambda: None)
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(language, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with serve({"test": provider, "random": Servicer("random", "1.0.0", lambda: load("random"))}) as ports:
            made.append(Official(root, language, port, ports))
            yield made[0]
    finally:
        server.stop(0)
