"""A system's stores: its database, its cache and its broker."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.core.endpoint import Endpoint
from components.data.broker import Broker, BrokerArgs
from components.data.cache import Cache, CacheArgs
from components.data.database import PostgresDatabase, PostgresDatabaseArgs
from components.secrets.generated_value import GeneratedValue
from stacks.systems import spec
from stacks.systems.spec import ADMINISTRATOR, BROKER_ADMIN_PASSWORD, DATABASE_ADMIN_PASSWORD, Need
from stacks.wiring.context import SystemContext

#: PostgreSQL's major version; RDS takes care of the minor ones.
_POSTGRES = "16"
#: RabbitMQ's version on Amazon MQ.
_RABBITMQ = "4.2"


@dataclass(frozen=True, kw_only=True)
class Stores:
    """A system's stores."""

    database: PostgresDatabase
    """PostgreSQL."""
    cache: Cache | None
    """Redis-compatible."""
    broker: Broker | None
    """RabbitMQ."""

    def reached(self, needs: frozenset[Need]) -> dict[str, Endpoint]:
        """Return where the needed stores are reached, by name."""
        stores: dict[str, PostgresDatabase | Cache | Broker | None] = {
            Need.POSTGRES: self.database,
            Need.REDIS: self.cache,
            Need.RABBITMQ: self.broker,
        }
        return {need.value: store.endpoint for need in sorted(needs) if (store := stores[need]) is not None}

    @property
    def outputs(self) -> dict[str, object]:
        """What the stack exports of them."""
        database, cache, broker = self.database, self.cache, self.broker
        outputs: dict[str, object] = {"database": _host_and_port(database.address, database.endpoint)}
        if cache is not None:
            outputs["cacheUser"] = cache.user.user_id
            outputs["cache"] = _host_and_port(cache.address, cache.endpoint)
        if broker is not None:
            outputs["broker"] = _host_and_port(broker.host, broker.endpoint)
        return outputs


def build_stores(context: SystemContext, values: Mapping[str, GeneratedValue]) -> Stores:
    """Build a system's stores; `values` are its generated secrets by variable."""
    system = context.system
    return Stores(
        database=_database(context, system.database, values[DATABASE_ADMIN_PASSWORD]),
        cache=None if system.cache is None else _cache(context, system.cache, values[system.cache.password]),
        broker=None if system.broker is None else _broker(context, values[BROKER_ADMIN_PASSWORD]),
    )


def _database(context: SystemContext, database: spec.DatabaseSpec, password: GeneratedValue) -> PostgresDatabase:
    settings = context.settings
    size = settings.profile.database
    return PostgresDatabase(
        context.name("database"),
        PostgresDatabaseArgs(
            placement=context.placement,
            database_name=database.name,
            username=ADMINISTRATOR,
            password=password.value,
            engine_version=_POSTGRES,
            instance_class=size.instance_class,
            storage_gb=size.storage_gb,
            max_storage_gb=size.max_storage_gb,
            multi_az=size.multi_az,
            backup_retention_days=settings.backup_retention_days,
            deletion_protection=settings.protection,
            final_snapshot=settings.profile.protection,
            events_topic_arn=context.platform.notifications.topic_arn,
            apply_immediately=not settings.profile.protection,
            protect=settings.protection,
        ),
    )


def _cache(context: SystemContext, cache: spec.CacheSpec, password: GeneratedValue) -> Cache:
    settings = context.settings
    size = settings.profile.cache
    return Cache(
        context.name("cache"),
        CacheArgs(
            placement=context.placement,
            username=cache.username,
            password=password.value,
            previous_password=password.previous,
            node_type=size.node_type,
            replicas=size.replicas,
            snapshot_retention_days=size.snapshot_retention_days,
            final_snapshot=settings.profile.protection,
            apply_immediately=not settings.profile.protection,
            protect=settings.protection,
        ),
    )


def _broker(context: SystemContext, password: GeneratedValue) -> Broker:
    settings = context.settings
    size = settings.profile.broker
    return Broker(
        context.name("broker"),
        BrokerArgs(
            placement=context.placement,
            username=ADMINISTRATOR,
            password=password.value,
            engine_version=_RABBITMQ,
            instance_type=size.instance_type,
            deployment_mode=size.deployment_mode,
            apply_immediately=not settings.profile.protection,
            protect=settings.protection,
        ),
    )


def _host_and_port(host: pulumi.Output[str], endpoint: Endpoint) -> pulumi.Output[str]:
    return pulumi.Output.concat(host, f":{endpoint.port}")
