"""A provider whose resources are files, for runs that are killed: `python -m … ROOT up 1`."""

import asyncio
import json
import os
import sys
import uuid
from pathlib import Path

import pulumi
from pulumi.provider.experimental.provider import (
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from engine.fake import Cloud, FakeProvider, Group, Lab, Thing
from localcloud.engine import Stack
from localcloud.engine.values import map_from_json, map_to_json, to_python

SLOWNESS = 0.004


class FileProvider(FakeProvider):
    """Keeps each thing in a file of its own; the file is there before the answer is."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Cloud())
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def _write(self, identity: str, inputs: object) -> None:
        temporary = self._folder / f".{identity}"
        temporary.write_text(json.dumps(inputs))
        os.replace(temporary, self._folder / identity)

    async def create(self, request: CreateRequest) -> CreateResponse:
        if request.preview:
            return await super().create(request)
        await asyncio.sleep(SLOWNESS)
        identity = f"{request.name}-{uuid.uuid4().hex[:8]}"
        self._write(identity, map_to_json(request.properties))
        await asyncio.sleep(SLOWNESS)
        return CreateResponse(identity, self._outputs(identity, request.properties, False))

    async def find(self, request: CreateRequest) -> CreateResponse | None:
        """Find by the physical name what a killed run created."""
        wanted = to_python(request.properties["name"])
        for file in self._folder.iterdir():
            if not file.name.startswith(".") and json.loads(file.read_text()).get("name") == wanted:
                return CreateResponse(file.name, self._outputs(file.name, request.properties, False))
        return None

    async def read(self, request: ReadRequest) -> ReadResponse:
        file = self._folder / request.resource_id
        if not file.exists():
            return ReadResponse("", {}, {})
        inputs = map_from_json(json.loads(file.read_text()))
        return ReadResponse(request.resource_id, self._outputs(request.resource_id, inputs, False), inputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        if not request.preview:
            await asyncio.sleep(SLOWNESS)
            self._write(request.resource_id, map_to_json(request.news))
        return UpdateResponse(self._outputs(request.resource_id, request.news, request.preview))

    async def delete(self, request: DeleteRequest) -> None:
        await asyncio.sleep(SLOWNESS)
        (self._folder / request.resource_id).unlink(missing_ok=True)
        await asyncio.sleep(SLOWNESS)


def program(version: int) -> None:
    """Register 24 things in chains; another version updates some, replaces some and leaves some out."""
    for chain in range(6):
        group = Group(f"group-{chain}")
        before: Thing | None = None
        for link in range(4):
            if version == 2 and chain == 5:
                continue
            before = Thing(
                f"thing-{chain}-{link}",
                pulumi.ResourceOptions(parent=group),
                auto=True,
                of=before.arn if before else "nothing",
                size=version if link == 1 else 0,
                force=str(version) if link == 2 and chain % 2 else "same",
                **({"deleteFirst": True} if chain == 3 else {}),
            )


def stack(root: Path, version: int = 1) -> Stack:
    """Return the stack under test."""
    lab = Lab(root)
    return lab.stack(lambda: program(version), providers={"test": lambda: FileProvider(root / "cloud")})


if __name__ == "__main__":
    made = stack(Path(sys.argv[1]), int(sys.argv[3]))
    getattr(made, sys.argv[2])()
