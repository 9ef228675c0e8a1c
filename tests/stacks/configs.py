"""Config of a stack, good but for what a test changes, and what it is read as."""

import json
from collections.abc import Mapping

from stacks.settings.load import Settings, check
from stacks.systems import SYSTEMS

#: Keys whose values are encrypted.
SECRETS = frozenset({"equivalence:EMBED_API_KEY", "equivalence:LLM_API_KEY", "aprendeai:SENTRY_DSN"})


def config(**overrides: object) -> dict[str, str]:
    """Return a good config; `None` takes a key out, `namespace__key` stands for `namespace:key`."""
    values: dict[str, object] = {
        "aprendeai:zone": "aprendeai.com",
        "aprendeai:FRONTEND_URL": "https://app.aprendeai.com",
        "aprendeai:API_URL": "https://api.aprendeai.com",
        "aprendeai:release": "v1.0.0",
        "equivalence:zone": "equivalence.app",
        "equivalence:API_URL": "https://api.equivalence.app",
        "equivalence:release": "v1.0.0",
        "equivalence:EMBED_API_KEY": "[secret]",
        "equivalence:LLM_API_KEY": "[secret]",
    }
    values.update({key.replace("__", ":"): value for key, value in overrides.items()})
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
        if value is not None
    }


def settings_of(
    values: Mapping[str, str] | None = None, stack: str = "prod", secrets: frozenset[str] = SECRETS
) -> Settings:
    """Return what a config is read as: the good one unless another is given."""
    return check(stack, SYSTEMS, config() if values is None else values, secrets)
