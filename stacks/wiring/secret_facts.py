"""What the stack exports of its secrets' rotation, for who rotates, retires and watches them. No value is in it."""

from typing import Any

from stacks.settings.load import SystemSettings
from stacks.systems.spec import BROKER_ADMIN_PASSWORD, AmqpUrl, Need, PostgresUrl, RedisUrl, System

#: The store that a composed secret leads to.
_STORES = {PostgresUrl: Need.POSTGRES, RedisUrl: Need.REDIS, AmqpUrl: Need.RABBITMQ}


def previous_of(variable: str) -> str:
    """Name the variable of the value before the last rotation."""
    return f"{variable}_PREVIOUS"


def kept_previous(system: System) -> list[str]:
    """Return the variables whose value before the last rotation is kept as a secret of its own."""
    return [
        variable
        for variable, secret in system.generated.items()
        if secret.offers_previous or variable == BROKER_ADMIN_PASSWORD
    ]


def secret_facts(own: SystemSettings) -> dict[str, dict[str, Any]]:
    """Return by variable what is known of each secret that a system may have.

    Each has a `kind`: `generated`, `supplied`, `composed` or `previous`. Beside it, where there is any: `rotation` (its
    counter), `dueDays` (after how many days it is due), `ends` (what a rotation ends for good), `follows` (whose
    rotation it follows), `store` (the store whose password it is, or holds).
    """
    system, stores = own.system, _stores(own.system)
    facts: dict[str, dict[str, Any]] = {}
    for variable, generated in system.generated.items():
        facts[variable] = {
            "kind": "generated",
            "rotation": own.rotation[variable],
            "dueDays": own.due_days[variable],
            "ends": generated.ends,
            "store": stores.get(variable),
        }
    for variable in kept_previous(system):
        facts[previous_of(variable)] = {"kind": "previous", "follows": variable}
    for variable in system.supplied:
        facts[variable] = {"kind": "supplied", "dueDays": own.due_days[variable]}
    for variable, composed in system.composed.items():
        facts[variable] = {"kind": "composed", "follows": composed.password, "store": _STORES[type(composed)].value}
    return {
        variable: {name: value for name, value in fact.items() if value is not None} for variable, fact in facts.items()
    }


def _stores(system: System) -> dict[str, str]:
    """Return the store of each variable that is a login's password."""
    stores = {Need.POSTGRES: system.database, Need.REDIS: system.cache, Need.RABBITMQ: system.broker}
    return {store.password: need.value for need, store in stores.items() if store is not None}
