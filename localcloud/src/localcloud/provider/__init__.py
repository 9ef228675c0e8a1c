"""Resource providers over the emulator's AWS API.

`load("aws")` gives a provider on the SDK's own provider interface: our engine calls it in process, and
`localcloud.provider.serve` offers it to the official engine over gRPC.
"""

import importlib
import pkgutil

from localcloud.provider.local import LocalProvider, ProviderError

__all__ = ["PACKAGES", "LocalProvider", "ProviderError", "load"]

#: The Pulumi packages that the local cloud serves.
PACKAGES = ("aws", "docker", "random")


def load(package: str) -> LocalProvider:
    """Return a fresh, unconfigured provider of a package.

    Raises:
        LookupError: when the package is none of `PACKAGES`.
    """
    if package not in PACKAGES:
        raise LookupError(f"the local cloud has no provider for the package {package!r}: it has {', '.join(PACKAGES)}")
    module = importlib.import_module(f"localcloud.provider.{package}")
    for part in pkgutil.iter_modules(getattr(module, "__path__", ())):
        importlib.import_module(f"{module.__name__}.{part.name}")  # registers its types
    return LocalProvider(package)
