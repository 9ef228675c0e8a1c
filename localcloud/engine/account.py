"""Which emulated account a stack was brought up in: one that was started anew has forgotten everything."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from localcloud.engine.state import Resource
from localcloud.engine.urns import is_provider, package_of

#: Packages whose resources live in the emulated account, dynamic resources among them: they act on it.
_PACKAGES = frozenset({"aws", "docker", "pulumi-python"})


def aws_environment(url: str) -> dict[str, str]:
    """Return the variables that point any AWS client at the emulator."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }


def environment() -> dict[str, str]:
    """Return what points an AWS client at the running emulator; nothing where the environment points elsewhere."""
    if os.environ.get("AWS_ENDPOINT_URL"):
        return {}
    from localcloud.emulator import control

    endpoint = control.status()
    return aws_environment(endpoint.url) if endpoint else {}


def lives_there(resource: Resource) -> bool:
    """Tell whether a resource lives in the emulated account."""
    return resource.custom and not is_provider(resource.type) and package_of(resource.type) in _PACKAGES


class Account:
    """Remembers, beside a stack's state, the emulator that it was brought up in."""

    def __init__(self, state_path: Path) -> None:
        """Take the path of the stack's state."""
        self._path = state_path.with_suffix(".account")

    def forgot(self, resources: Iterable[Resource]) -> bool:
        """Tell whether the emulator that answers now isn't the one that has the resources.

        One is started when there are resources and none runs.
        """
        if os.environ.get("AWS_ENDPOINT_URL") or not self._path.exists() or not any(map(lives_there, resources)):
            return False
        from localcloud.emulator import control

        endpoint = control.ensure()
        return bool(json.loads(self._path.read_text()) != [endpoint.pid, endpoint.started])

    def remember(self) -> None:
        """Note the emulator that answers now."""
        if os.environ.get("AWS_ENDPOINT_URL"):
            return
        from localcloud.emulator import control

        endpoint = control.status()
        if endpoint is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps([endpoint.pid, endpoint.started]))
