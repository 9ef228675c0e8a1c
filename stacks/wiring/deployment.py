"""One system on the platform: its stores, secrets, images and services."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.compute.task import SecretVariable, TaskArgs
from components.core.endpoint import Endpoint
from components.core.naming import ECS_NAME, LOG_GROUP_NAME, Tags, physical_name
from components.delivery.built_image import BuiltImage, BuiltImageArgs
from components.delivery.migration import Migration, MigrationArgs
from components.delivery.registry import Registry, RegistryArgs
from components.ingress.alias_record import AliasRecord, AliasRecordArgs
from components.ingress.private_host import PrivateHost, PrivateHostArgs
from components.ingress.target import TargetArgs
from components.secrets.credentials import Credentials, CredentialsArgs
from components.secrets.generated_value import GeneratedValue, GeneratedValueArgs
from components.secrets.rotation_guard import RotationGuard, RotationGuardArgs
from components.secrets.rotation_record import RotationRecord, RotationRecordArgs
from components.secrets.secret import Secret, SecretArgs
from components.services.service import Service, ServiceArgs, ServiceConnect
from stacks.settings.load import Settings, SystemSettings
from stacks.settings.rules import PLATFORM
from stacks.systems import spec as model
from stacks.systems.spec import Need, Role
from stacks.wiring.platform import Platform
from stacks.wiring.queues import build_queue_depth, queue_of
from stacks.wiring.releases import Repository, image_digest, promoted, release_of, repository_of
from stacks.wiring.secret_facts import kept_previous, previous_of, secret_facts
from stacks.wiring.stores import Stores, build_stores, named, secret_value, store_logins


class Deployment:
    """One system, deployed. `outputs` is what the stack exports of it."""

    def __init__(self, settings: Settings, own: SystemSettings, platform: Platform) -> None:
        self._settings = settings
        self._own = own
        self._platform = platform
        self._system = own.system
        self._tags: Tags = {**platform.tags, "System": own.system.name}

        values = self._generated()
        stores = build_stores(settings, own, platform, values, self._tags)
        secrets = self._secrets(values, stores)
        credentials = self._credentials(stores, secrets)
        queue_depth = build_queue_depth(settings, own, platform, stores, secrets, self._tags)
        repositories = self._repositories()
        digests: dict[str, pulumi.Output[str]] = {}
        services: dict[str, Service] = {}
        migration: Migration | None = None
        if own.release is None:
            pulumi.log.warn(
                f"{own.system.name}:release is not set: what {own.system.name} stands on is built, its services are "
                f"not. Push its images ({', '.join(own.system.images)}) under one tag, then: "
                f"pulumi config set {own.system.name}:release <tag>"
            )
        else:
            digests = self._digests(own.release, repositories)
            images = {
                image: pulumi.Output.concat(repository.url, "@", digests[image])
                for image, repository in repositories.items()
            }
            migration = self._migration(images, digests, repositories, secrets, stores, credentials)
            services = self._services(images, repositories, secrets, stores, migration, credentials)
        self._record_rotations(services, credentials)
        self._aliases()
        self.outputs = self._outputs(stores, secrets, repositories, digests, services, migration, credentials)
        if queue_depth is not None:
            self.outputs["queueDepth"] = queue_depth.function_name

    def _name(self, part: str) -> str:
        return named(self._system.name, part)

    def _generated(self) -> dict[str, GeneratedValue]:
        generated = self._system.generated
        guard = RotationGuard(
            self._name("rotations"),
            RotationGuardArgs(
                system=self._system.name,
                counters=self._own.rotation,
                region=self._platform.region,
                parameter_name=self._rotations_parameter,
                ends={variable: secret.ends for variable, secret in generated.items() if secret.ends is not None},
            ),
        )
        return {
            variable: GeneratedValue(
                self._name(_dashed(variable)),
                GeneratedValueArgs(kind=secret.kind, length=secret.length, rotation=self._own.rotation[variable]),
                # A rotation that the guard refuses changes no value.
                pulumi.ResourceOptions(depends_on=[guard]),
            )
            for variable, secret in generated.items()
        }

    @property
    def _rotations_parameter(self) -> str:
        return f"/{PLATFORM}/{self._settings.stack}/{self._system.name}/rotations"

    def _record_rotations(self, services: Mapping[str, Service], credentials: Credentials) -> None:
        """Write down, at the end, which rotations running tasks have come to."""
        RotationRecord(
            self._name("rotations-through"),
            RotationRecordArgs(
                parameter_name=self._rotations_parameter,
                counters=self._own.rotation,
                kms_key_arn=self._platform.key.arn,
                after=[credentials, *(service.rollout for service in services.values())],
                tags=self._tags,
            ),
        )

    def _secrets(self, values: Mapping[str, GeneratedValue], stores: Stores) -> dict[str, Secret]:
        """Put each variable that somebody reads into a secret of its own: tasks, or the function of the logins."""
        read = {variable for service in self._system.services.values() for variable in service.secrets}
        read.update(self._system.migration.secrets)
        read.update(store.password for store in (self._system.database, self._system.broker) if store is not None)
        found = {
            variable: secret_value(self._own, variable, values, stores)
            for variable in self._system.secrets
            if variable in read
        }
        found.update({variable: values[variable].value for variable in self._system.administrators})
        found.update({previous_of(variable): values[variable].previous for variable in kept_previous(self._system)})
        return {
            variable: Secret(
                self._name(_dashed(variable)),
                SecretArgs(
                    variable=variable,
                    value=value,
                    kms_key_arn=self._platform.key.arn,
                    recovery_window_days=self._settings.profile.secret_recovery_days,
                    tags=self._tags,
                ),
            )
            for variable, value in found.items()
            if value is not None
        }

    def _credentials(self, stores: Stores, secrets: Mapping[str, Secret]) -> Credentials:
        """Make the stores accept the logins of this rotation, before anything uses them."""
        return Credentials(
            self._name("credentials"),
            CredentialsArgs(
                stores=store_logins(self._own, stores, secrets),
                region=self._platform.region,
                account_id=self._platform.account_id,
                vpc_id=self._platform.network.vpc_id,
                subnet_ids=self._platform.network.private_subnet_ids,
                kms_key_arn=self._platform.key.arn,
                log_group_name=f"/{self._settings.stack}/{self._system.name}/credentials"[:LOG_GROUP_NAME],
                log_retention_days=self._settings.log_retention_days,
                dead_letter_topic_arn=self._platform.notifications.topic_arn,
                tags=self._tags,
            ),
        )

    def _repositories(self) -> dict[str, Repository]:
        """Return where the images are: in repositories of this stack, or of the one that config names."""
        if self._own.registry_stack is not None:
            return {
                image: repository_of(self._platform.others, self._own.registry_stack, self._system.name, image)
                for image in self._system.images
            }
        made = {
            image: Registry(
                self._name(f"{image}-images"),
                RegistryArgs(
                    # Two stacks of one account need names of their own; people push to them, so they are fixed.
                    repository_name=f"{self._settings.stack}/{self._name(image)}",
                    keep_releases=self._settings.keep_releases,
                    running_tags=(
                        self._own.release,
                        *(
                            release_of(self._platform.others, stack, self._system.name)
                            for stack in self._own.shared_with
                        ),
                    ),
                    kms_key_arn=self._platform.key.arn,
                    force_delete=not self._settings.protection,
                    protect=self._settings.protection,
                    tags=self._tags,
                ),
            )
            for image in self._system.images
        }
        return {image: Repository(url=registry.repository_url, arn=registry.arn) for image, registry in made.items()}

    def _digests(self, release: str, repositories: Mapping[str, Repository]) -> dict[str, pulumi.Output[str]]:
        """Return the digest of each image of a release: looked up, or of what is built here."""
        digests: dict[str, pulumi.Output[str]] = {}
        for image, repository in repositories.items():
            if self._own.source is None:
                digests[image] = image_digest(self._system.name, release, repository.url)
                continue
            digests[image] = BuiltImage(
                self._name(image),
                BuiltImageArgs(
                    context=self._own.source,
                    dockerfile=f"{self._own.source}/{self._system.images[image].dockerfile}",
                    architecture=self._system.images[image].architecture,
                    repository_url=repository.url,
                    tag=release,
                ),
            ).digest
        if self._settings.promoted_from is not None:
            return promoted(self._platform.others, self._settings.promoted_from, self._system, release, digests)
        return digests

    def _task(
        self,
        part: str,
        image: str,
        images: Mapping[str, pulumi.Output[str]],
        repositories: Mapping[str, Repository],
        secrets: Mapping[str, Secret],
        variables: tuple[str, ...],
        **more: Any,  # noqa: ANN401 - TaskArgs checks them
    ) -> TaskArgs:
        return TaskArgs(
            family=physical_name(ECS_NAME, self._settings.stack, self._name(part)),
            container_name=part,
            image=images[image],
            repository_arn=repositories[image].arn,
            architecture=self._system.images[image].architecture,
            log_group_name=f"/{self._settings.stack}/{self._system.name}/{part}"[:LOG_GROUP_NAME],
            log_retention_days=self._settings.log_retention_days,
            kms_key_arn=self._platform.key.arn,
            region=self._platform.region,
            account_id=self._platform.account_id,
            secrets={
                variable: SecretVariable(arn=secrets[variable].arn, value_from=secrets[variable].value_from)
                for variable in self._with_previous(variables)
                if variable in secrets
            },
            tags=self._tags,
            **more,
        )

    def _with_previous(self, variables: tuple[str, ...]) -> list[str]:
        """Add the variables of the values before the last rotation, where services are offered them."""
        generated = self._system.generated
        offered = [variable for variable in variables if variable in generated and generated[variable].offers_previous]
        return [*variables, *map(previous_of, offered)]

    def _migration(
        self,
        images: Mapping[str, pulumi.Output[str]],
        digests: Mapping[str, pulumi.Output[str]],
        repositories: Mapping[str, Repository],
        secrets: Mapping[str, Secret],
        stores: Stores,
        credentials: Credentials,
    ) -> Migration:
        migration = self._system.migration
        return Migration(
            self._name("migration"),
            MigrationArgs(
                task=self._task(
                    "migration",
                    migration.image,
                    images,
                    repositories,
                    secrets,
                    migration.secrets,
                    command=migration.command,
                    size=next(iter(self._system.services.values())).small_size,
                    environment=self._environment(migration.environment),
                ),
                vpc_id=self._platform.network.vpc_id,
                cluster_name=self._platform.cluster.cluster_name,
                subnet_ids=self._platform.network.private_subnet_ids,
                database=stores.reached(frozenset({Need.POSTGRES}))[Need.POSTGRES.value],
                database_identifier=stores.database.instance_identifier,
                digest=digests[migration.image],
                system=self._system.name,
                snapshot=self._settings.profile.protection,
                enabled=self._own.migrate,
                tags=self._tags,
                after=[credentials.accepted[Need.POSTGRES]],
            ),
        )

    def _services(
        self,
        images: Mapping[str, pulumi.Output[str]],
        repositories: Mapping[str, Repository],
        secrets: Mapping[str, Secret],
        stores: Stores,
        migration: Migration,
        credentials: Credentials,
    ) -> dict[str, Service]:
        # The stores accept what the new tasks log in with before there is one.
        accepted = [*credentials.accepted.values(), *([stores.cache.user] if stores.cache is not None else [])]
        made: dict[str, Service] = {}
        called = {name for service in self._system.services.values() for name in service.calls}
        # Internal services first: their callers need their security groups, and find them only once they are there.
        for name in sorted(self._system.services, key=lambda name: (name not in called, name)):
            service = self._system.services[name]
            own = self._own.services[name]
            profile = self._settings.profile
            reached = stores.reached(service.needs)
            for other in service.calls:
                port = self._system.services[other].port
                if port is not None:
                    reached[other] = Endpoint(security_group_id=made[other].security_group_id, port=port)
            made[name] = Service(
                self._name(name),
                ServiceArgs(
                    service_name=self._name(name),
                    task=self._task(
                        name,
                        service.image,
                        images,
                        repositories,
                        secrets,
                        service.secrets,
                        command=service.command,
                        port=service.port,
                        size=own.size,
                        environment=self._environment(service.environment),
                        writable_paths=service.writable_paths,
                        writable_mib=service.writable_mib,
                        user=service.user,
                        execute_command=profile.execute_command,
                    ),
                    cluster_arn=self._platform.cluster.arn,
                    cluster_name=self._platform.cluster.cluster_name,
                    vpc_id=self._platform.network.vpc_id,
                    subnet_ids=self._platform.network.private_subnet_ids,
                    health_check=service.health_check,
                    capacity=profile.worker_capacity if service.role is Role.WORKER else profile.web_capacity,
                    scaling=own.scaling,
                    longest_request_seconds=service.longest_request_seconds,
                    stores=reached,
                    targets=self.targets(name),
                    service_connect=self._service_connect(name, service, called),
                    queue=queue_of(self._settings, self._own, name, stores),
                    deployment=own.deployment,
                    alarms_topic_arn=self._platform.notifications.topic_arn,
                    after=[migration.run, *accepted, *(made[other].rollout for other in service.calls)],
                    tags=self._tags,
                ),
            )
        return made

    def _environment(self, own: Mapping[str, str]) -> dict[str, str]:
        return {**self._system.environment, **self._own.urls, **own}

    def _service_connect(self, name: str, service: model.Service, called: set[str]) -> ServiceConnect | None:
        if name not in called and not service.calls:
            return None
        return ServiceConnect(
            namespace_arn=self._platform.cluster.namespace_arn,
            alias=name if name in called else None,
            request_timeout_seconds=service.longest_request_seconds,
        )

    def targets(self, name: str) -> dict[str, TargetArgs]:
        """Return how load balancers reach a service: none, the public one, or both."""
        service = self._system.services[name]
        if service.role is not Role.WEB or service.port is None:
            return {}
        balancers = {"public": self._platform.load_balancer}
        if self._platform.internal_load_balancer is not None and service.private_paths:
            balancers["internal"] = self._platform.internal_load_balancer
        return {
            kind: TargetArgs(
                system=self._system.name,
                service=name,
                vpc_id=self._platform.network.vpc_id,
                listener_arn=balancer.https_listener_arn,
                load_balancer_arn_suffix=balancer.arn_suffix,
                load_balancer_security_group_id=balancer.security_group_id,
                port=service.port,
                health_path=service.health_path,
                hosts=(self._own.host(service),),
                # Inside the network the host leads to the internal load balancer, which therefore serves all of it.
                denied_paths=service.private_paths if kind == "public" else (),
                drain_seconds=service.longest_request_seconds,
                tags=self._tags,
            )
            for kind, balancer in balancers.items()
        }

    def _aliases(self) -> None:
        """Point the hosts at the load balancers: public ones for everyone, private ones inside the network only."""
        for service in self._system.services.values():
            if service.role is not Role.WEB:
                continue
            host = self._own.host(service)
            AliasRecord(
                f"alias-{host}",
                AliasRecordArgs(
                    host=host,
                    zone_id=self._platform.zone_ids[self._own.zone],
                    target_dns_name=self._platform.load_balancer.dns_name,
                    target_zone_id=self._platform.load_balancer.zone_id,
                ),
            )
            if self._platform.internal_load_balancer is not None and service.private_paths:
                PrivateHost(
                    f"private-{host}",
                    PrivateHostArgs(
                        host=host,
                        vpc_id=self._platform.network.vpc_id,
                        target_dns_name=self._platform.internal_load_balancer.dns_name,
                        target_zone_id=self._platform.internal_load_balancer.zone_id,
                        tags=self._tags,
                    ),
                )

    def _outputs(
        self,
        stores: Stores,
        secrets: Mapping[str, Secret],
        repositories: Mapping[str, Repository],
        digests: Mapping[str, pulumi.Output[str]],
        services: Mapping[str, Service],
        migration: Migration | None,
        credentials: Credentials,
    ) -> dict[str, Any]:
        outputs: dict[str, Any] = {
            "release": self._own.release,
            "urls": dict(self._own.urls),
            "repositories": {image: repository.url for image, repository in repositories.items()},
            "digests": dict(digests),
            "services": {name: service.service_name for name, service in services.items()},
            "taskDefinitions": {name: service.task_definition_arn for name, service in services.items()},
            "secrets": {variable: secret.arn for variable, secret in secrets.items()},
            "database": pulumi.Output.concat(stores.database.address, ":", stores.database.port.apply(str)),
        }
        outputs["rotation"] = secret_facts(self._own)
        outputs["credentials"] = {"function": credentials.function_name, "requests": dict(credentials.requests)}
        if stores.cache is not None:
            outputs["cacheUser"] = stores.cache.user.user_id
            outputs["cache"] = pulumi.Output.concat(stores.cache.address, ":", stores.cache.port.apply(str))
        if stores.broker is not None:
            outputs["broker"] = pulumi.Output.concat(stores.broker.host, ":", stores.broker.port.apply(str))
        if migration is not None:
            outputs["proven"] = {
                "migration": migration.run.migrated.apply(lambda migrated: sorted(migrated or {})),
                **{name: service.rollout.proven for name, service in services.items()},
            }
            outputs["migration"] = {
                "taskDefinition": migration.task_definition_arn,
                "securityGroup": migration.security_group_id,
            }
        return outputs


def _dashed(variable: str) -> str:
    return variable.lower().replace("_", "-")
