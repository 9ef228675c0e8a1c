"""Resource types of the `docker` package, as far as images for ECR go.

There is no container engine here, so that nothing is built and nothing is run. What stands for an image is its entry in
the emulated registry: pushing puts a manifest there under the image's tag, by the same call that a push ends with, and
its digest follows from the content of the build context. So a digest is the same for the same sources, another for
others, and resolves wherever a stack or a task definition names it. It is not the digest that a real build would give.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from localcloud.emulator import images
from localcloud.provider.base import UNKNOWN, Properties, ResourceType, resource
from localcloud.provider.session import ACCOUNT_ID, Session
from localcloud.provider.shapes import found, ignoring
from localcloud.provider.values import contains_unknown

_GONE = ("ImageNotFoundException", "RepositoryNotFoundException")
_ECR = re.compile(
    rf"(?P<server>{ACCOUNT_ID}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)/(?P<repository>[a-z0-9._/-]+)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_REFUSAL = (
    f'"{{}}" is in no registry of the local cloud: name a repository of the emulated account, '
    f"{ACCOUNT_ID}.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>"
)


@dataclass(frozen=True)
class _Name:
    """An image's name, taken apart."""

    server: str
    region: str
    repository: str
    tag: str
    digest: str | None

    @classmethod
    def of(cls, name: str) -> "_Name":
        match = _ECR.fullmatch(name)
        if match is None:
            raise ValueError(_REFUSAL.format(name))
        parts = match.groupdict()
        return cls(parts["server"], parts["region"], parts["repository"], parts["tag"] or "latest", parts["digest"])

    @property
    def base(self) -> str:
        return f"{self.server}/{self.repository}"


def _refused(inputs: Properties, key: str) -> Iterable[tuple[str, str]]:
    name = inputs.get(key)
    if name is None:
        yield key, "is missing: give the image's name, with its registry and its tag"
    elif name is not UNKNOWN and _ECR.fullmatch(str(name)) is None:
        yield key, _REFUSAL.format(name)
    build = inputs.get("build")
    context = build.get("context") if isinstance(build, dict) else None
    if isinstance(context, str) and not Path(context).is_dir():
        yield "build", f'its context "{context}" is no folder: give the path of one, from where the program runs'


def _content(inputs: Properties) -> str:
    """Return a hash of what an image is built from: the files of its context, its Dockerfile and its arguments."""
    found = hashlib.sha256()
    build: Any = inputs.get("build")
    build = {"context": build} if isinstance(build, str) else build or {}
    root = Path(build.get("context") or ".")
    if inputs.get("build") is not None:
        for path in sorted(path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts):
            found.update(f"{path.relative_to(root)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
        dockerfile = Path(build.get("dockerfile") or root / "Dockerfile")
        if dockerfile.is_file():
            found.update(dockerfile.read_bytes())
    found.update(json.dumps([build, inputs.get("triggers")], sort_keys=True).encode())
    return found.hexdigest()


def _push(aws: Session, name: _Name, content: str) -> str:
    """Put the image under its tag and return its digest; the same image there already is as good."""
    manifest = images.manifest(name.repository, content)
    ecr = aws.client("ecr", name.region)
    with ignoring("ImageAlreadyExistsException", "ImageTagAlreadyExistsException"):
        ecr.put_image(repositoryName=name.repository, imageTag=name.tag, imageManifest=manifest)
    wanted, there = images.digest(manifest), _digest(aws, name)
    if there != wanted:
        raise ValueError(
            f"the tag {name.tag} of {name.repository} is taken by another image ({there}), and the repository's tags "
            "are immutable: push under a new tag"
        )
    return wanted


def _digest(aws: Session, name: _Name) -> str | None:
    id = {"imageDigest": name.digest} if name.digest else {"imageTag": name.tag}
    answer: Any = found(
        lambda: aws.client("ecr", name.region).describe_images(repositoryName=name.repository, imageIds=[id]), *_GONE
    )
    return str(answer["imageDetails"][0]["imageDigest"]) if answer else None


@resource("docker:index/image:Image")
class Image(ResourceType):
    """https://www.pulumi.com/registry/packages/docker/api-docs/image/."""

    tagged = False
    recomputes: ClassVar[Mapping[str, tuple[str, ...]]] = {
        key: ("repoDigest", "baseImageName", "registryServer") for key in ("build", "contextDigest", "imageName")
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse names outside of the emulated registry."""
        return _refused(inputs, "imageName")

    def derived(self, inputs: Properties) -> Properties:
        """Add the hash of what the image is built from."""
        return {"contextDigest": UNKNOWN if contains_unknown(inputs.get("build")) else _content(inputs)}

    def create(self, aws: Session, inputs: Properties) -> tuple[str, Properties]:
        """Push the image."""
        return str(inputs["imageName"]), self._pushed(aws, inputs)

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        """Return the state, pushed anew by an update before: the official provider reads nothing back either."""
        name = _Name.of(state["imageName"])
        digest = None if state.get("skipPush") else _digest(aws, name)
        return {**state, **self._outputs(state, digest or str(state.get("repoDigest", "")).rpartition("@")[2])}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        """Push the image anew."""
        self._pushed(aws, new)

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        """Leave the image in its registry, as the official provider does."""

    def _pushed(self, aws: Session, inputs: Properties) -> Properties:
        name = _Name.of(inputs["imageName"])
        digest = "" if inputs.get("skipPush") else _push(aws, name, inputs["contextDigest"])
        return self._outputs(inputs, digest)

    @staticmethod
    def _outputs(inputs: Properties, digest: str) -> Properties:
        name = _Name.of(inputs["imageName"])
        build: Any = inputs.get("build")
        build = {"context": build} if isinstance(build, str) else build or {}
        return {
            "imageName": inputs["imageName"],
            "baseImageName": f"{name.base}:{name.tag}",
            "registryServer": name.server,
            "repoDigest": f"{name.base}@{digest}" if digest else "",
            "context": build.get("context") or ".",
            "dockerfile": build.get("dockerfile") or "Dockerfile",
            "platform": build.get("platform") or "linux/arm64",
        }
