"""AprendeAI: an API, a frontend, an AI service and RabbitMQ workers."""

from components.compute.container import HealthCheck, process_lives
from components.compute.fargate import TaskSize
from components.secrets.generated_value import GeneratedKind
from stacks.systems.spec import (
    AmqpUrl,
    BacklogSpec,
    BrokerSpec,
    CacheSpec,
    DatabaseSpec,
    Generated,
    ImageSpec,
    MigrationSpec,
    Need,
    PostgresUrl,
    RedisUrl,
    Role,
    ServiceSpec,
    Supplied,
    SystemSpec,
)

#: Some requests to the AI service take longer than 30 seconds; nothing on their way cuts them before this.
_AI_REQUEST_SECONDS = 110


def _node_asks(port: int, path: str) -> HealthCheck:
    """Ask the service itself over HTTP, with the runtime that its image has anyway."""
    script = f"fetch('http://127.0.0.1:{port}{path}').then(r=>process.exit(r.status<400?0:1),()=>process.exit(1))"
    return HealthCheck(command=("CMD", "node", "-e", script))


APRENDEAI = SystemSpec(
    name="aprendeai",
    images={
        "api": ImageSpec(dockerfile="infra/docker/api.Dockerfile"),
        "frontend": ImageSpec(dockerfile="infra/docker/frontend.Dockerfile"),
        "ai": ImageSpec(dockerfile="infra/docker/ai.Dockerfile"),
        "worker": ImageSpec(dockerfile="infra/docker/worker.Dockerfile"),
    },
    urls={"FRONTEND_URL": "Where people find the frontend", "API_URL": "Where the frontend finds the API"},
    environment={"NODE_ENV": "production", "ENV": "production", "AI_SERVICE_URL": "http://ai:8001"},
    secrets={
        "JWT_SECRET": Generated(kind=GeneratedKind.HEX, length=64, offers_previous=True),
        "AI_SERVICE_SECRET": Generated(kind=GeneratedKind.HEX, length=32, offers_previous=True),
        "DB_PASSWORD": Generated(kind=GeneratedKind.PASSWORD, length=40),
        "REDIS_PASSWORD": Generated(kind=GeneratedKind.PASSWORD, length=40),
        "RABBITMQ_PASS": Generated(kind=GeneratedKind.PASSWORD, length=40),
        "DATABASE_URL": PostgresUrl(password="DB_PASSWORD"),
        "REDIS_URL": RedisUrl(password="REDIS_PASSWORD"),
        "RABBITMQ_URL": AmqpUrl(password="RABBITMQ_PASS"),
        "SENTRY_DSN": Supplied(description="where Sentry takes errors; turns it on", required=False),
    },
    database=DatabaseSpec(name="aprendeai", username="aprendeai", password="DB_PASSWORD"),
    cache=CacheSpec(username="aprendeai", password="REDIS_PASSWORD"),
    broker=BrokerSpec(username="aprendeai", password="RABBITMQ_PASS"),
    migration=MigrationSpec(image="api", command=("npx", "prisma", "migrate", "deploy"), secrets=("DATABASE_URL",)),
    services={
        "api": ServiceSpec(
            role=Role.WEB,
            image="api",
            port=4000,
            url="API_URL",
            size=TaskSize(cpu=1024, memory=2048),
            small_size=TaskSize(cpu=256, memory=1024),
            health_check=_node_asks(4000, "/health"),
            longest_request_seconds=_AI_REQUEST_SECONDS,  # it waits for the AI service
            secrets=(
                "JWT_SECRET",
                "AI_SERVICE_SECRET",
                "DB_PASSWORD",
                "RABBITMQ_PASS",
                "DATABASE_URL",
                "REDIS_URL",
                "RABBITMQ_URL",
                "SENTRY_DSN",
            ),
            needs=frozenset({Need.POSTGRES, Need.REDIS, Need.RABBITMQ}),
            calls=("ai",),
        ),
        "frontend": ServiceSpec(
            role=Role.WEB,
            image="frontend",
            port=3000,
            url="FRONTEND_URL",
            health_path="/",
            size=TaskSize(cpu=512, memory=1024),
            small_size=TaskSize(cpu=256, memory=512),
            health_check=_node_asks(3000, "/"),
            secrets=("SENTRY_DSN",),
        ),
        "ai": ServiceSpec(
            role=Role.INTERNAL,
            image="ai",
            port=8001,
            size=TaskSize(cpu=4096, memory=8192),
            small_size=TaskSize(cpu=1024, memory=2048),
            health_check=HealthCheck(
                command=(
                    "CMD",
                    "python",
                    "-c",
                    "import urllib.request as r; r.urlopen('http://127.0.0.1:8001/health', timeout=4)",
                ),
                start_period=180,  # it loads its models first
            ),
            longest_request_seconds=_AI_REQUEST_SECONDS,
            secrets=("AI_SERVICE_SECRET", "SENTRY_DSN"),
        ),
        "worker": ServiceSpec(
            role=Role.WORKER,
            image="worker",
            size=TaskSize(cpu=1024, memory=2048),
            small_size=TaskSize(cpu=256, memory=512),
            # Alive, not connected: a broker that is away for a minute must not end in every worker being replaced.
            health_check=HealthCheck(command=("CMD-SHELL", process_lives("[n]ode"))),
            longest_request_seconds=_AI_REQUEST_SECONDS,
            # Until someone has measured it: a job is about one request to the AI service.
            backlog=BacklogSpec(store=Need.RABBITMQ, latency_seconds=120, job_seconds=30),
            secrets=(
                "AI_SERVICE_SECRET",
                "DB_PASSWORD",
                "RABBITMQ_PASS",
                "DATABASE_URL",
                "REDIS_URL",
                "RABBITMQ_URL",
                "SENTRY_DSN",
            ),
            needs=frozenset({Need.POSTGRES, Need.REDIS, Need.RABBITMQ}),
            calls=("ai",),
        ),
    },
)
