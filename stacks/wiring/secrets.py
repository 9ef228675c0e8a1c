"""A system's secrets: their values, where each is kept, the logins that follow from them, and their rotations."""

from collections.abc import Mapping, Sequence

import pulumi

from components.compute.container import SecretVariable
from components.data.urls import amqp_url, composed, postgres_url, redis_url
from components.delivery.rollout import Rollout
from components.secrets.alternating_users import AlternatingUsers
from components.secrets.credentials import Administrator, Credentials, CredentialsArgs, StoreLogin
from components.secrets.generated_value import GeneratedValue, GeneratedValueArgs
from components.secrets.rotation_guard import RotationGuard, RotationGuardArgs
from components.secrets.rotation_record import RotationRecord, RotationRecordArgs
from components.secrets.secret import Secret, SecretArgs
from functions.credentials.events import PostgresStore, RabbitmqStore, StoreKind
from stacks.settings.load import SystemSettings
from stacks.settings.models import PLATFORM
from stacks.systems import spec
from stacks.systems.spec import (
    ADMINISTRATOR,
    BROKER_ADMIN_PASSWORD,
    DATABASE_ADMIN_PASSWORD,
    AmqpUrl,
    Generated,
    Need,
    PostgresUrl,
    RedisUrl,
    SpecError,
    Supplied,
    SystemSpec,
)
from stacks.wiring.context import SystemContext
from stacks.wiring.stores import Stores

#: The store that a composed secret leads to.
_STORES = {PostgresUrl: Need.POSTGRES, RedisUrl: Need.REDIS, AmqpUrl: Need.RABBITMQ}


def generate_values(context: SystemContext) -> dict[str, GeneratedValue]:
    """Make the values that the program makes up, by variable, once their counters are known to be in step."""
    generated, rotation = context.system.generated, context.system_settings.rotation
    guard = RotationGuard(
        context.name("rotations"),
        RotationGuardArgs(
            system=context.system.name,
            counters=rotation,
            region=context.placement.region,
            parameter_name=_rotations_parameter(context),
            ends={variable: secret.ends for variable, secret in generated.items() if secret.ends is not None},
        ),
    )
    return {
        variable: GeneratedValue(
            context.name(_dashed(variable)),
            GeneratedValueArgs(kind=secret.kind, length=secret.length, rotation=rotation[variable]),
            # A rotation that the guard refuses changes no value.
            pulumi.ResourceOptions(depends_on=[guard]),
        )
        for variable, secret in generated.items()
    }


class SystemSecrets:
    """A system's secrets in Secrets Manager, the logins that its stores accept, and the record of its rotations."""

    versions: Mapping[str, Secret]
    """Each secret that a task or the function of the logins reads, by variable, with its current version."""
    credentials: Credentials
    """The stores' acceptance of the current logins: what uses a login waits for it."""

    def __init__(self, context: SystemContext, values: Mapping[str, GeneratedValue], stores: Stores) -> None:
        self._context = context
        self._values = values
        self._stores = stores
        system = context.system
        self._database_users = self._users(system.database)
        self._broker_users = None if system.broker is None else self._users(system.broker)
        self.versions = self._kept()
        self.credentials = self._accepted()

    def variables(self, names: Sequence[str]) -> dict[str, SecretVariable]:
        """Return what a task definition names for variables, those of values before the last rotation among them."""
        generated = self._context.system.generated
        offered = [name for name in names if name in generated and generated[name].offers_previous]
        return {
            name: SecretVariable(arn=self.versions[name].arn, value_from=self.versions[name].value_from)
            for name in (*names, *map(previous_of, offered))
            if name in self.versions
        }

    def record_rotations(self, rollouts: Sequence[Rollout]) -> None:
        """Write down, at the end, which rotations running tasks have come to."""
        RotationRecord(
            self._context.name("rotations-through"),
            RotationRecordArgs(
                parameter_name=_rotations_parameter(self._context),
                counters=self._context.system_settings.rotation,
                kms_key_arn=self._context.platform.key.arn,
                after=[self.credentials, *rollouts],
                tags=self._context.placement.tags,
            ),
        )

    @property
    def outputs(self) -> dict[str, object]:
        """What the stack exports of them; no value is in it."""
        return {
            "secrets": {variable: secret.arn for variable, secret in self.versions.items()},
            "rotation": secret_facts(self._context.system_settings),
            "credentials": {
                "function": self.credentials.function_name,
                "requests": dict(self.credentials.requests),
            },
        }

    def _users(self, store: spec.DatabaseSpec | spec.BrokerSpec) -> AlternatingUsers:
        rotation = self._context.system_settings.rotation[store.password]
        return AlternatingUsers(username=store.username, rotation=rotation)

    def _kept(self) -> dict[str, Secret]:
        """Put each variable that somebody reads into a secret of its own."""
        system = self._context.system
        read = {variable for service in system.services.values() for variable in service.secrets}
        read.update(system.migration.secrets)
        read.update(store.password for store in (system.database, system.broker) if store is not None)
        values = {variable: self._value(variable) for variable in system.secrets if variable in read}
        values |= {variable: self._values[variable].value for variable in system.administrators}
        values |= {previous_of(variable): self._values[variable].previous for variable in kept_previous(system)}
        return {
            variable: Secret(
                self._context.name(_dashed(variable)),
                SecretArgs(
                    variable=variable,
                    value=value,
                    kms_key_arn=self._context.platform.key.arn,
                    recovery_window_days=self._context.settings.profile.secret_recovery_days,
                    tags=self._context.placement.tags,
                ),
            )
            for variable, value in values.items()
            if value is not None
        }

    def _value(self, variable: str) -> pulumi.Output[str] | None:
        """Return a secret's value: generated, supplied or composed; None for a supplied one that isn't set.

        Raises:
            SpecError: when it is composed of a store that the system hasn't.
        """
        system, stores = self._context.system, self._stores
        match system.secrets[variable]:
            case Generated():
                return self._values[variable].value
            case Supplied():
                return self._context.system_settings.supplied_secret(variable)
            case PostgresUrl(password=password, scheme=scheme, query=query):
                return composed(
                    postgres_url,
                    scheme=scheme,
                    username=self._database_users.current,
                    password=self._values[password].value,
                    host=stores.database.address,
                    port=stores.database.endpoint.port,
                    database=stores.database.database_name,
                    query=dict(query),
                )
            case RedisUrl(password=password, database=database) if stores.cache is not None:
                return composed(
                    redis_url,
                    username=stores.cache.username,
                    password=self._values[password].value,
                    host=stores.cache.address,
                    port=stores.cache.endpoint.port,
                    database=database,
                )
            case AmqpUrl(password=password) if stores.broker is not None and self._broker_users is not None:
                return composed(
                    amqp_url,
                    username=self._broker_users.current,
                    password=self._values[password].value,
                    host=stores.broker.host,
                    port=stores.broker.endpoint.port,
                    vhost=system.name,
                )
        raise SpecError(system.name, [f"{variable} is composed of a store that the system hasn't"])

    def _accepted(self) -> Credentials:
        """Make the stores accept the logins of this rotation, before anything uses them."""
        context, platform = self._context, self._context.platform
        return Credentials(
            context.name("credentials"),
            CredentialsArgs(
                stores=self._logins(),
                placement=context.placement,
                log_group_name=context.log_group_name("credentials"),
                dead_letter_topic_arn=platform.notifications.topic_arn,
            ),
        )

    def _logins(self) -> list[StoreLogin]:
        system, stores = self._context.system, self._stores
        logins = [
            StoreLogin(
                kind=StoreKind.POSTGRES,
                endpoint=stores.database.endpoint,
                store=pulumi.Output.all(
                    host=stores.database.address,
                    port=stores.database.endpoint.port,
                    database=stores.database.database_name,
                    owner=system.database.owner,
                ).apply(lambda known: PostgresStore(**known)),
                administrator=Administrator(username=ADMINISTRATOR, password=self.versions[DATABASE_ADMIN_PASSWORD]),
                users=self._database_users,
                password=self.versions[system.database.password],
            )
        ]
        if stores.broker is not None and system.broker is not None and self._broker_users is not None:
            logins.append(
                StoreLogin(
                    kind=StoreKind.RABBITMQ,
                    endpoint=stores.broker.management_endpoint,
                    store=stores.broker.console_url.apply(lambda url: RabbitmqStore(url=url, vhost=system.name)),
                    administrator=Administrator(
                        username=ADMINISTRATOR,
                        password=self.versions[BROKER_ADMIN_PASSWORD],
                        previous=self.versions.get(previous_of(BROKER_ADMIN_PASSWORD)),
                    ),
                    users=self._broker_users,
                    password=self.versions[system.broker.password],
                )
            )
        return logins


def secret_facts(settings: SystemSettings) -> dict[str, dict[str, object]]:
    """Return by variable what is known of each secret that a system may have, for those who rotate and watch them.

    Each has a `kind`: `generated`, `supplied`, `composed` or `previous`. Beside it, where there is any: `rotation` (its
    counter), `dueDays` (after how many days it is due), `ends` (what a rotation ends for good), `follows` (whose
    rotation it follows), `store` (the store whose password it is, or holds).
    """
    system = settings.system
    stores = {Need.POSTGRES: system.database, Need.REDIS: system.cache, Need.RABBITMQ: system.broker}
    opened = {store.password: need.value for need, store in stores.items() if store is not None}
    facts: dict[str, dict[str, object]] = {}
    for variable, generated in system.generated.items():
        facts[variable] = {
            "kind": "generated",
            "rotation": settings.rotation[variable],
            "dueDays": settings.due_days[variable],
            "ends": generated.ends,
            "store": opened.get(variable),
        }
    for variable in kept_previous(system):
        facts[previous_of(variable)] = {"kind": "previous", "follows": variable}
    for variable in system.supplied:
        facts[variable] = {"kind": "supplied", "dueDays": settings.due_days[variable]}
    for variable, url in system.composed.items():
        facts[variable] = {"kind": "composed", "follows": url.password, "store": _STORES[type(url)].value}
    return {
        variable: {name: value for name, value in fact.items() if value is not None} for variable, fact in facts.items()
    }


def previous_of(variable: str) -> str:
    """Name the variable of the value before the last rotation."""
    return f"{variable}_PREVIOUS"


def kept_previous(system: SystemSpec) -> list[str]:
    """Return the variables whose value before the last rotation is kept as a secret of its own."""
    return [
        variable
        for variable, secret in system.generated.items()
        if secret.offers_previous or variable == BROKER_ADMIN_PASSWORD
    ]


def _rotations_parameter(context: SystemContext) -> str:
    return f"/{PLATFORM}/{context.settings.stack}/{context.system.name}/rotations"


def _dashed(variable: str) -> str:
    return variable.lower().replace("_", "-")
