"""What moto lacks, added in moto's own shapes: one module an AWS service, each with an `install()`.

The additions run in the emulator's process, so that every AWS client sees them, not only our providers. A module says
beside each addition what moto (5.2.5) does without it.
"""

import importlib
import pkgutil


def install() -> list[str]:
    """Install every addition, once, before the server answers. Return the names of the services added to."""
    names = sorted(part.name for part in pkgutil.iter_modules(__path__))
    for name in names:
        importlib.import_module(f"{__name__}.{name}").install()
    return names
