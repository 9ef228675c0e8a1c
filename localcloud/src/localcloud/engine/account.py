"""Which emulated account a stack was brought up in: one that was started anew has forgotten everything."""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud import environment, private
from localcloud.emulator import control
from localcloud.engine.state import Resource
from localcloud.engine.urns import is_provider, package_of

#: Packages whose resources live in the emulated account, dynamic resources among them: they act on it.
_PACKAGES = frozenset({"aws", "docker", "pulumi-python"})


def aws_environment(url: str) -> dict[str, str]:
    """Return the variables that point any AWS client at an emulator."""
    key = control.key_for(url)
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
    }


@contextmanager
def pointed_at_emulator() -> Iterator[control.Endpoint | None]:
    """Point every AWS client of this process at the emulator, and start it when none runs.

    A program's hooks may speak to AWS themselves; on the local cloud they must never reach a real account, so whatever
    leads elsewhere is put away. Where `AWS_ENDPOINT_URL` is set already, that is where AWS is, and nothing is known of
    it but that it is on this machine.

    Yields:
        The emulator, or None where AWS is elsewhere.

    Raises:
        ElsewhereError: `AWS_ENDPOINT_URL` leads to another machine.
    """
    url = environment.endpoint()
    emulator = None if url else control.ensure()
    variables = aws_environment(emulator.url if emulator else str(url))
    with environment.replaced({**environment.scrubbed(os.environ), **variables}):
        yield emulator


def lives_there(resource: Resource) -> bool:
    """Tell whether a resource lives in the emulated account."""
    return resource.custom and not is_provider(resource.type) and package_of(resource.type) in _PACKAGES


class Account:
    """Remembers, beside a stack's state, the emulator that it was brought up in."""

    def __init__(self, state_path: Path) -> None:
        """Take the path of the stack's state."""
        self._path = state_path.with_suffix(".account")

    def forgot(self, resources: Iterable[Resource], endpoint: control.Endpoint) -> bool:
        """Tell whether the emulator that answers isn't the one that has the resources."""
        if not self._path.exists() or not any(map(lives_there, resources)):
            return False
        return bool(json.loads(self._path.read_text()) != [endpoint.pid, endpoint.started])

    def remember(self, endpoint: control.Endpoint) -> None:
        """Note the emulator that the stack is in."""
        private.make_folder(self._path.parent)
        with open(self._path, "w", opener=private.opener) as file:
            json.dump([endpoint.pid, endpoint.started], file)
