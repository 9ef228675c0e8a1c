"""Patches of moto: what it lacks, added in its own shapes, in one folder an AWS service.

They run in the emulator's process, so that every AWS client sees them, not only our providers. Importing a module
applies its patches. Each says what moto (5.2.5) does without it.
"""

import importlib
import pkgutil


def install() -> None:
    """Apply every patch, once, before the server answers."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        importlib.import_module(module.name)
