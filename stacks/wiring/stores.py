"""A system's stores, and the values that its variables get from them."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.core.endpoint import Endpoint
from components.core.naming import Tags
from components.data.broker import MANAGEMENT_PORT, Broker, BrokerArgs
from components.data.cache import Cache, CacheArgs
from components.data.database import PostgresDatabase, PostgresDatabaseArgs
from components.data.urls import amqp_url, composed, postgres_url, redis_url
from components.secrets.alternating_users import LoginPair
from components.secrets.credentials import Administrator, StoreLogin
from components.secrets.generated_value import GeneratedValue
from components.secrets.secret import Secret
from stacks.settings.load import Settings, SystemSettings
from stacks.systems.spec import (
    ADMINISTRATOR,
    BROKER_ADMIN_PASSWORD,
    DATABASE_ADMIN_PASSWORD,
    AmqpUrl,
    Generated,
    Need,
    PostgresUrl,
    RedisUrl,
    Supplied,
)
from stacks.wiring.platform import Platform
from stacks.wiring.secret_facts import previous_of

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
        ports = {Need.POSTGRES: 5432, Need.REDIS: 6379, Need.RABBITMQ: 5671}
        return {
            need.value: Endpoint(security_group_id=store.security_group_id, port=ports[need])
            for need in sorted(needs)
            if (store := stores[need]) is not None
        }


def named(system: str, part: str) -> str:
    """Return the logical name of a part of a system."""
    return f"{system}-{part}"


def logins(own: SystemSettings, username: str, password: str) -> LoginPair:
    """Return the two users of a store, and whose turn it is by the rotation of their password's variable."""
    return LoginPair(username=username, rotation=own.rotation[password])


def build_stores(
    settings: Settings,
    own: SystemSettings,
    platform: Platform,
    values: Mapping[str, GeneratedValue],
    tags: Tags,
) -> Stores:
    """Build a system's stores; `values` are its generated secrets by variable."""
    system, profile = own.system, settings.profile
    database = PostgresDatabase(
        named(system.name, "database"),
        PostgresDatabaseArgs(
            vpc_id=platform.network.vpc_id,
            subnet_ids=platform.isolated_subnet_ids,
            region=platform.region,
            account_id=platform.account_id,
            database_name=system.database.name,
            username=ADMINISTRATOR,
            password=values[DATABASE_ADMIN_PASSWORD].value,
            engine_version=_POSTGRES,
            instance_class=profile.database.instance_class,
            storage_gb=profile.database.storage_gb,
            max_storage_gb=profile.database.max_storage_gb,
            multi_az=profile.database.multi_az,
            backup_retention_days=settings.backup_retention_days,
            deletion_protection=settings.protection,
            final_snapshot=profile.protection,
            kms_key_arn=platform.key.arn,
            log_retention_days=settings.log_retention_days,
            events_topic_arn=platform.notifications.topic_arn,
            apply_immediately=not profile.protection,
            protect=settings.protection,
            tags=tags,
        ),
    )
    cache = broker = None
    if system.cache is not None:
        cache = Cache(
            named(system.name, "cache"),
            CacheArgs(
                vpc_id=platform.network.vpc_id,
                subnet_ids=platform.isolated_subnet_ids,
                username=system.cache.username,
                password=values[system.cache.password].value,
                previous_password=values[system.cache.password].previous,
                node_type=profile.cache.node_type,
                replicas=profile.cache.replicas,
                snapshot_retention_days=profile.cache.snapshot_retention_days,
                kms_key_arn=platform.key.arn,
                final_snapshot=profile.protection,
                log_retention_days=settings.log_retention_days,
                apply_immediately=not profile.protection,
                protect=settings.protection,
                tags=tags,
            ),
        )
    if system.broker is not None:
        broker = Broker(
            named(system.name, "broker"),
            BrokerArgs(
                vpc_id=platform.network.vpc_id,
                subnet_ids=platform.isolated_subnet_ids,
                username=ADMINISTRATOR,
                password=values[BROKER_ADMIN_PASSWORD].value,
                engine_version=_RABBITMQ,
                instance_type=profile.broker.instance_type,
                deployment_mode=profile.broker.deployment_mode,
                kms_key_arn=platform.key.arn,
                log_retention_days=settings.log_retention_days,
                apply_immediately=not profile.protection,
                protect=settings.protection,
                tags=tags,
            ),
        )
    return Stores(database=database, cache=cache, broker=broker)


def store_logins(own: SystemSettings, stores: Stores, secrets: Mapping[str, Secret]) -> list[StoreLogin]:
    """Return the logins that the stores of a system have to accept."""
    system = own.system
    found = [
        StoreLogin(
            kind=Need.POSTGRES.value,
            store=stores.reached(frozenset({Need.POSTGRES}))[Need.POSTGRES],
            place={
                "host": stores.database.address,
                "port": stores.database.port,
                "database": stores.database.database_name,
                "owner": system.database.owner,
            },
            administrator=Administrator(username=ADMINISTRATOR, password=secrets[DATABASE_ADMIN_PASSWORD]),
            logins=logins(own, system.database.username, system.database.password),
            password=secrets[system.database.password],
        )
    ]
    if stores.broker is not None and system.broker is not None:
        found.append(
            StoreLogin(
                kind=Need.RABBITMQ.value,
                store=Endpoint(security_group_id=stores.broker.security_group_id, port=MANAGEMENT_PORT),
                place={"url": stores.broker.console_url, "vhost": system.name},
                administrator=Administrator(
                    username=ADMINISTRATOR,
                    password=secrets[BROKER_ADMIN_PASSWORD],
                    previous=secrets.get(previous_of(BROKER_ADMIN_PASSWORD)),
                ),
                logins=logins(own, system.broker.username, system.broker.password),
                password=secrets[system.broker.password],
            )
        )
    return found


def secret_value(
    own: SystemSettings,
    variable: str,
    values: Mapping[str, GeneratedValue],
    stores: Stores,
) -> pulumi.Output[str] | None:
    """Return a secret's value: generated, supplied or composed; None for a supplied one that isn't set.

    Raises:
        ValueError: when it is composed of a store that the system hasn't.
    """
    secret = own.system.secrets[variable]
    match secret:
        case Generated():
            return values[variable].value
        case Supplied():
            return own.supplied_secret(variable)
        case PostgresUrl(password=password, scheme=scheme, query=query):
            return composed(
                postgres_url,
                scheme=scheme,
                username=logins(own, own.system.database.username, password).current,
                password=values[password].value,
                host=stores.database.address,
                port=stores.database.port,
                database=stores.database.database_name,
                query=dict(query),
            )
        case RedisUrl(password=password, database=database) if stores.cache is not None:
            return composed(
                redis_url,
                username=stores.cache.username,
                password=values[password].value,
                host=stores.cache.address,
                port=stores.cache.port,
                database=database,
            )
        case AmqpUrl(password=password) if stores.broker is not None and own.system.broker is not None:
            return composed(
                amqp_url,
                username=logins(own, own.system.broker.username, password).current,
                password=values[password].value,
                host=stores.broker.host,
                port=stores.broker.port,
                vhost=own.system.name,
            )
    raise ValueError(f"{own.system.name}: {variable} is composed of a store that the system hasn't")
