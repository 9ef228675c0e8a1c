"""What a release runs: its migration, its services, and the hosts under which they are reached."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.compute.container import Container
from components.compute.release_image import ReleaseImage
from components.core.endpoint import Endpoint
from components.core.naming import ECS_NAME, physical_name
from components.delivery.migration import Migration, MigrationArgs
from components.ingress.alias_record import AliasRecord, AliasRecordArgs
from components.ingress.private_host import PrivateHost, PrivateHostArgs
from components.ingress.target import RoutedHosts
from components.services.service import Service, ServiceArgs
from components.services.service_connect import ServiceConnect
from stacks.systems import spec
from stacks.systems.spec import Need, Role
from stacks.wiring.context import SystemContext
from stacks.wiring.queues import queue_metrics
from stacks.wiring.secrets import SystemSecrets
from stacks.wiring.stores import Stores


@dataclass(frozen=True, kw_only=True)
class Release:
    """What a release runs."""

    migration: Migration
    """Its migration."""
    services: Mapping[str, Service]
    """Its services, by name."""

    @property
    def outputs(self) -> dict[str, object]:
        """What the stack exports of it."""
        return {
            "services": {name: service.service_name for name, service in self.services.items()},
            "taskDefinitions": {name: service.task_definition_arn for name, service in self.services.items()},
            "proven": {
                "migration": self.migration.run.migrated.apply(lambda migrated: sorted(migrated or {})),
                **{name: service.rollout.proven for name, service in self.services.items()},
            },
            "migration": {
                "taskDefinition": self.migration.task_definition_arn,
                "securityGroup": self.migration.security_group_id,
            },
        }


def build_services(
    context: SystemContext, images: Mapping[str, ReleaseImage], stores: Stores, secrets: SystemSecrets
) -> Release:
    """Build a release's migration and services from its images, by name."""
    migration = _migration(context, images[context.system.migration.image], stores, secrets)
    services: dict[str, Service] = {}
    called = {name for service in context.system.services.values() for name in service.calls}
    # Internal services first: their callers need their security groups, and find them only once they are there.
    for name in sorted(context.system.services, key=lambda name: (name not in called, name)):
        service = context.system.services[name]
        own = context.system_settings.services[name]
        platform, profile = context.platform, context.settings.profile
        services[name] = Service(
            context.name(name),
            ServiceArgs(
                service_name=context.name(name),
                family=physical_name(ECS_NAME, context.settings.stack, context.name(name)),
                container=Container(
                    name=name,
                    image=images[service.image],
                    command=service.command,
                    port=service.port,
                    size=own.size,
                    environment=_environment(context, service.environment),
                    secrets=secrets.variables(service.secrets),
                    writable_paths=service.writable_paths,
                    writable_mib=service.writable_mib,
                    user=service.user,
                    execute_command=profile.execute_command,
                ),
                log_group_name=context.log_group_name(name),
                placement=context.placement,
                cluster_arn=platform.cluster.arn,
                cluster_name=platform.cluster.cluster_name,
                health_check=service.health_check,
                capacity=profile.worker_capacity if service.role is Role.WORKER else profile.web_capacity,
                scaling=own.scaling,
                longest_request_seconds=service.longest_request_seconds,
                stores=stores.reached(service.needs) | _called(service, services),
                targets=_targets(context, name, service),
                service_connect=_service_connect(context, name, service, called),
                queue=queue_metrics(context, name, stores),
                deployment=own.deployment,
                alarms_topic_arn=platform.notifications.topic_arn,
                after=[
                    migration.run,
                    # The stores accept what the new tasks log in with before there is one.
                    *secrets.credentials.accepted.values(),
                    *([stores.cache.user] if stores.cache is not None else []),
                    *(services[other].rollout for other in service.calls),
                ],
            ),
        )
    return Release(migration=migration, services=services)


def build_hosts(context: SystemContext) -> None:
    """Point the hosts at the load balancers: public ones for everyone, private ones inside the network only."""
    platform = context.platform
    for name, host in context.system_settings.hosts.items():
        AliasRecord(
            f"alias-{host}",
            AliasRecordArgs(
                host=host,
                zone_id=platform.zone_ids[context.system_settings.config.zone],
                target_dns_name=platform.load_balancer.dns_name,
                target_zone_id=platform.load_balancer.zone_id,
            ),
        )
        if platform.internal_load_balancer is not None and context.system.services[name].private_paths:
            PrivateHost(
                f"private-{host}",
                PrivateHostArgs(
                    host=host,
                    vpc_id=platform.network.vpc_id,
                    target_dns_name=platform.internal_load_balancer.dns_name,
                    target_zone_id=platform.internal_load_balancer.zone_id,
                    tags=context.placement.tags,
                ),
            )


def _migration(context: SystemContext, image: ReleaseImage, stores: Stores, secrets: SystemSecrets) -> Migration:
    system, migration = context.system, context.system.migration
    return Migration(
        context.name("migration"),
        MigrationArgs(
            family=physical_name(ECS_NAME, context.settings.stack, context.name("migration")),
            container=Container(
                name="migration",
                image=image,
                command=migration.command,
                size=next(iter(system.services.values())).small_size,
                environment=_environment(context, migration.environment),
                secrets=secrets.variables(migration.secrets),
            ),
            log_group_name=context.log_group_name("migration"),
            placement=context.placement,
            cluster_name=context.platform.cluster.cluster_name,
            database=stores.database.endpoint,
            database_identifier=stores.database.instance_identifier,
            system=system.name,
            snapshot=context.settings.profile.protection,
            enabled=context.system_settings.config.migrate,
            after=[secrets.credentials.accepted[Need.POSTGRES]],
        ),
    )


def _environment(context: SystemContext, own: Mapping[str, str]) -> dict[str, str]:
    return {**context.system.environment, **context.system_settings.urls, **own}


def _called(service: spec.ServiceSpec, built: Mapping[str, Service]) -> dict[str, Endpoint]:
    """Return where the services are reached that a service calls, by name."""
    return {name: endpoint for name in service.calls if (endpoint := built[name].endpoint) is not None}


def _service_connect(
    context: SystemContext, name: str, service: spec.ServiceSpec, called: set[str]
) -> ServiceConnect | None:
    if name not in called and not service.calls:
        return None
    return ServiceConnect(
        namespace_arn=context.platform.cluster.namespace_arn,
        alias=name if name in called else None,
        request_timeout_seconds=service.longest_request_seconds,
    )


def _targets(context: SystemContext, name: str, service: spec.ServiceSpec) -> dict[str, RoutedHosts]:
    """Return how load balancers reach a service: none, the public one, or both."""
    if service.role is not Role.WEB or service.port is None:
        return {}
    balancers = {"public": context.platform.load_balancer}
    if context.platform.internal_load_balancer is not None and service.private_paths:
        balancers["internal"] = context.platform.internal_load_balancer
    return {
        kind: RoutedHosts(
            system=context.system.name,
            service=name,
            load_balancer=balancer,
            hosts=(context.system_settings.hosts[name],),
            health_path=service.health_path,
            # Inside the network the host leads to the internal load balancer, which therefore serves all of it.
            denied_paths=service.private_paths if kind == "public" else (),
        )
        for kind, balancer in balancers.items()
    }
