"""What a system is, as data: its services, variables, secrets and stores. Nothing here makes a resource."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from components.compute.container import HealthCheck
from components.compute.fargate import Architecture, TaskSize
from components.secrets.generated_value import GeneratedKind


class Need(StrEnum):
    """A store that a service speaks to."""

    POSTGRES = "postgres"
    REDIS = "redis"
    RABBITMQ = "rabbitmq"


class Role(StrEnum):
    """How a service is reached."""

    WEB = "web"
    """From the internet, through the load balancer."""
    INTERNAL = "internal"
    """From the services that call it, by name; never from outside."""
    WORKER = "worker"
    """By nobody: it takes its work from a queue."""


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A secret that the program makes up; raising its `rotation` in config makes another."""

    kind: GeneratedKind
    """How the value is written."""
    length: int
    """Bytes for hex (64 bytes are 128 digits), characters for a password."""
    offers_previous: bool = False
    """Whether services get the value before the last rotation too, as `<VARIABLE>_PREVIOUS`."""
    ends: str | None = None
    """What a rotation ends for good; it then takes a second line in config."""


@dataclass(frozen=True, kw_only=True)
class Supplied:
    """A secret that a person sets with `pulumi config set --secret <system>:<VARIABLE>`."""

    description: str
    """What it is, for the person who has to find it."""
    required: bool = True
    """Whether the stack refuses to work without it."""


@dataclass(frozen=True, kw_only=True)
class PostgresUrl:
    """A secret composed of the database's address and a password."""

    password: str
    """The variable that holds the password."""
    scheme: str = "postgresql"
    """What the application's driver wants."""
    query: Mapping[str, str] = field(default_factory=lambda: {"sslmode": "require"})
    """Parameters of the driver; the server takes TLS only."""


@dataclass(frozen=True, kw_only=True)
class RedisUrl:
    """A secret composed of the cache's address and a password."""

    password: str
    """The variable that holds the password."""
    database: int | None = None
    """The numbered database, where the application names one."""


@dataclass(frozen=True, kw_only=True)
class AmqpUrl:
    """A secret composed of the broker's address and a password."""

    password: str
    """The variable that holds the password."""


#: Who changes logins at databases and brokers. No application is it.
ADMINISTRATOR = "alicerce"
#: Variables of the administrators' passwords. No service reads them.
DATABASE_ADMIN_PASSWORD = "DATABASE_ADMIN_PASSWORD"
BROKER_ADMIN_PASSWORD = "BROKER_ADMIN_PASSWORD"

Composed = PostgresUrl | RedisUrl | AmqpUrl
SecretSpec = Generated | Supplied | Composed


@dataclass(frozen=True, kw_only=True)
class DatabaseSpec:
    """The system's PostgreSQL database."""

    name: str
    """Name of the database."""
    username: str
    """The role that the application logs in as; every second rotation it has another, with `_2` behind the name."""
    password: str
    """The variable that holds its password."""

    @property
    def owner(self) -> str:
        """The role that owns the database and everything in it, and that nobody can log in as."""
        return f"{self.username}_owner"


@dataclass(frozen=True, kw_only=True)
class CacheSpec:
    """The system's Redis-compatible cache."""

    username: str
    """The user that the application logs in as."""
    password: str
    """The variable that holds its password."""


@dataclass(frozen=True, kw_only=True)
class BrokerSpec:
    """The system's RabbitMQ broker."""

    username: str
    """The user that the application logs in as; every second rotation it has another, with `_2` behind the name."""
    password: str
    """The variable that holds its password."""


@dataclass(frozen=True, kw_only=True)
class ImageSpec:
    """One image of a release."""

    dockerfile: str
    """Where the checkout has its Dockerfile; the checkout is the build's context."""
    architecture: Architecture = Architecture.ARM64
    """What processor it is built for."""


@dataclass(frozen=True, kw_only=True)
class BacklogSpec:
    """The queue that a worker works on, and what its users accept; config may say otherwise for the two times."""

    store: Need
    """Where the queue is: RabbitMQ, or Redis for a queue of RQ's."""
    latency_seconds: float
    """How long a job may wait before a task takes it."""
    job_seconds: float
    """How long a task works on one job, on average."""
    concurrency: int = 1
    """How many jobs a task works on at once."""
    queue: str | None = None
    """The queue's name; None for all of the store's together. A worker of one queue names it: jobs of another, or dead
    letters, would otherwise count and never be worked on."""


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """One service: what it runs, what it needs and how it is reached."""

    role: Role
    """Web, internal or worker."""
    image: str
    """Which of the system's images it runs."""
    size: TaskSize
    """CPU and memory where real users are."""
    small_size: TaskSize
    """CPU and memory where only we are."""
    health_check: HealthCheck
    """How ECS tells that a task is well."""
    command: tuple[str, ...] = ()
    """Replaces the image's own command."""
    port: int | None = None
    """Where it listens."""
    url: str | None = None
    """For a web service: the variable that holds its public URL, whose host is routed to it."""
    health_path: str = "/health"
    """For a web service: what the load balancer asks for."""
    private_paths: tuple[str, ...] = ()
    """For a web service: paths that the public load balancer answers with 403, with everything below them."""
    longest_request_seconds: int = 30
    """The longest request or job; timeouts and stop times fit it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Plain variables of its own, beside the system's."""
    secrets: tuple[str, ...] = ()
    """Which of the system's secrets it reads."""
    needs: frozenset[Need] = frozenset()
    """Which stores it speaks to."""
    calls: tuple[str, ...] = ()
    """Which internal services it speaks to."""
    writable_paths: tuple[str, ...] = ("/tmp",)
    """Where it may write, in memory; all else is read-only."""
    writable_mib: int = 128
    """How much each of those paths holds."""
    user: str = "1000:1000"
    """The user of its image, by number; never root."""
    most_tasks: int = 10
    """How many tasks it may grow to where real users are."""
    backlog: BacklogSpec | None = None
    """For a worker: the queue that its tasks follow in number; None follows CPU and memory."""


@dataclass(frozen=True, kw_only=True)
class MigrationSpec:
    """What changes the database's schema before a release's services start."""

    image: str
    """Which of the system's images it runs in."""
    command: tuple[str, ...]
    """What it runs."""
    secrets: tuple[str, ...]
    """Which of the system's secrets it reads."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Plain variables of its own, beside the system's."""


class SpecError(pulumi.RunError):
    """A system's file says something that can't be; a `pulumi.RunError`, so that there is no Python traceback."""

    def __init__(self, system: str, problems: Sequence[str]) -> None:
        super().__init__("\n".join(f"{system}: {problem}" for problem in problems))


@dataclass(frozen=True, kw_only=True)
class SystemSpec:
    """A whole system.

    Adding one is one file that makes a `SystemSpec`, its name in `stacks/systems/__init__.py`, `make config`, and its
    values in the stack files.
    """

    name: str
    """Lower case; namespace of its keys in config and beginning of its resources' names."""
    images: Mapping[str, ImageSpec]
    """The images that a release is made of, by name."""
    services: Mapping[str, ServiceSpec]
    """Its services by name; a name is also the host under which others call an internal service."""
    urls: Mapping[str, str]
    """Variables that hold public URLs, set in config, with what each is; plain, and given to every service."""
    environment: Mapping[str, str]
    """Plain variables that every service gets."""
    secrets: Mapping[str, SecretSpec]
    """Its secrets by the variable's name."""
    database: DatabaseSpec
    """Its database."""
    migration: MigrationSpec
    """Its migration."""
    cache: CacheSpec | None = None
    """Its cache, if it has one."""
    broker: BrokerSpec | None = None
    """Its broker, if it has one."""

    def __post_init__(self) -> None:
        """Refuse a system that names what it hasn't.

        Raises:
            SpecError: with everything that is wrong, by service and field.
        """
        problems = [
            *(f"service {name!r} {text}" for name, service in self.services.items() for text in self._wrong(service)),
            *(f"the migration {text}" for text in self._wrong_task(self.migration)),
            *self._wrong_passwords(),
            *self._wrong_urls(),
        ]
        if problems:
            raise SpecError(self.name, problems)

    def _wrong(self, service: ServiceSpec) -> Iterator[str]:
        """Yield what is wrong with a service, beginning with a verb."""
        yield from self._wrong_task(service)
        if others := [other for other in service.calls if not self._is_internal(other)]:
            yield f"calls {', '.join(others)}: only the system's internal services are called"
        if (service.role is Role.WEB) != (service.url is not None):
            yield f"has role {service.role} and url {service.url!r}: web services have a url"
        elif service.url is not None and service.url not in self.urls:
            yield f"has url {service.url!r}: the system has {', '.join(self.urls)}"
        if (service.role is Role.WORKER) != (service.port is None):
            yield f"has role {service.role} and port {service.port}: all but workers have a port"
        if service.backlog is not None and (
            service.role is not Role.WORKER or service.backlog.store not in service.needs - {Need.POSTGRES}
        ):
            yield (
                f"has role {service.role} and a backlog in {service.backlog.store}: a worker follows a queue in redis "
                "or rabbitmq that it needs"
            )
        for need, store in ((Need.REDIS, self.cache), (Need.RABBITMQ, self.broker)):
            if need in service.needs and store is None:
                yield f"needs {need}: the system has none"

    def _wrong_task(self, task: ServiceSpec | MigrationSpec) -> Iterator[str]:
        if task.image not in self.images:
            yield f"runs image {task.image!r}: the system has {', '.join(self.images)}"
        if unknown := [variable for variable in task.secrets if variable not in self.secrets]:
            yield f"reads {', '.join(unknown)}: the system has {', '.join(self.secrets)}"

    def _wrong_passwords(self) -> Iterator[str]:
        users: dict[str, DatabaseSpec | CacheSpec | BrokerSpec | Composed | None] = {
            "the database": self.database,
            "the cache": self.cache,
            "the broker": self.broker,
            **self.composed,
        }
        for name, user in users.items():
            if user is not None and user.password not in self.generated:
                yield f"{name} has password {user.password!r}: the system generates {', '.join(self.generated)}"

    def _wrong_urls(self) -> Iterator[str]:
        """Yield URLs that are composed of a store that the system hasn't."""
        for variable, secret in self.secrets.items():
            for kind, store, need in ((RedisUrl, self.cache, "cache"), (AmqpUrl, self.broker, "broker")):
                if isinstance(secret, kind) and store is None:
                    yield f"{variable} is composed of a {need}: the system has none"

    def _is_internal(self, name: str) -> bool:
        return name in self.services and self.services[name].role is Role.INTERNAL

    @property
    def generated(self) -> dict[str, Generated]:
        """The secrets that the program makes up, by variable: the system's own, and its stores' administrators'."""
        own = {name: secret for name, secret in self.secrets.items() if isinstance(secret, Generated)}
        return {**own, **self.administrators}

    @property
    def administrators(self) -> dict[str, Generated]:
        """The passwords of the stores' administrators, by variable."""
        password = Generated(kind=GeneratedKind.PASSWORD, length=40)
        return {
            DATABASE_ADMIN_PASSWORD: password,
            **({BROKER_ADMIN_PASSWORD: password} if self.broker is not None else {}),
        }

    @property
    def supplied(self) -> dict[str, Supplied]:
        """The secrets that a person sets, by variable."""
        return {name: secret for name, secret in self.secrets.items() if isinstance(secret, Supplied)}

    @property
    def rotated(self) -> dict[str, Generated | Supplied]:
        """The secrets that have rotations of their own, by variable; composed ones follow their parts."""
        return {**self.generated, **self.supplied}

    @property
    def composed(self) -> dict[str, Composed]:
        """The secrets that are composed of a store's address and a password, by variable."""
        return {name: secret for name, secret in self.secrets.items() if isinstance(secret, Composed)}
