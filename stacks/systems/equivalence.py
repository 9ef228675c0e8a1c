"""equivalence: an API and RQ workers, both from one image."""

from components.compute.container import HealthCheck, process_lives
from components.compute.fargate import TaskSize
from components.secrets.generated_value import GeneratedKind
from stacks.systems.spec import (
    BacklogSpec,
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

_SECRETS = (
    "POSTGRES_PASSWORD",
    "DATABASE_URL",
    "REDIS_URL",
    "API_KEY_SALT",
    "EMBED_API_KEY",
    "LLM_API_KEY",
)

EQUIVALENCE = SystemSpec(
    name="equivalence",
    images={"api": ImageSpec(dockerfile="Dockerfile")},
    urls={"API_URL": "Where clients find the API"},
    environment={},
    secrets={
        "POSTGRES_PASSWORD": Generated(kind=GeneratedKind.PASSWORD, length=40),
        "REDIS_PASSWORD": Generated(kind=GeneratedKind.PASSWORD, length=40),
        "API_KEY_SALT": Generated(
            kind=GeneratedKind.HEX, length=32, ends="every API key that was issued stops working"
        ),
        "DATABASE_URL": PostgresUrl(password="POSTGRES_PASSWORD", scheme="postgresql+psycopg2"),
        "REDIS_URL": RedisUrl(password="REDIS_PASSWORD", database=0),
        "EMBED_API_KEY": Supplied(description="the key of the embedding API"),
        "LLM_API_KEY": Supplied(description="the key of the language model API"),
    },
    database=DatabaseSpec(name="equivalence", username="equivalence", password="POSTGRES_PASSWORD"),
    cache=CacheSpec(username="equivalence", password="REDIS_PASSWORD"),
    migration=MigrationSpec(image="api", command=("alembic", "upgrade", "head"), secrets=("DATABASE_URL",)),
    services={
        "api": ServiceSpec(
            role=Role.WEB,
            image="api",
            port=8000,
            url="API_URL",
            private_paths=("/admin", "/metrics"),
            size=TaskSize(cpu=1024, memory=2048),
            small_size=TaskSize(cpu=256, memory=1024),
            health_check=HealthCheck(
                command=(
                    "CMD",
                    "python",
                    "-c",
                    "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)",
                )
            ),
            secrets=_SECRETS,
            needs=frozenset({Need.POSTGRES, Need.REDIS}),
        ),
        "worker": ServiceSpec(
            role=Role.WORKER,
            image="api",
            # A shell, since `rq` takes the address as an argument and ECS puts no variables into a command.
            command=("sh", "-c", 'exec rq worker --url "$REDIS_URL"'),
            size=TaskSize(cpu=1024, memory=2048),
            small_size=TaskSize(cpu=256, memory=1024),
            # Alive, not connected: a cache that fails over must not end in every worker being replaced.
            health_check=HealthCheck(command=("CMD-SHELL", process_lives("[r]q"))),
            longest_request_seconds=110,
            # `rq worker` without names works on the queue `default`. Until someone has measured it: a job is a few
            # requests to the embedding and language model APIs.
            backlog=BacklogSpec(store=Need.REDIS, queue="default", latency_seconds=60, job_seconds=10),
            secrets=_SECRETS,
            needs=frozenset({Need.POSTGRES, Need.REDIS}),
        ),
    },
)
