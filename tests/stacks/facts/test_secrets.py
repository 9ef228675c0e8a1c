"""Values, who finds them under which name, and who reads them."""

import json

from tests.every import every
from tests.stacks.conftest import PLANTED, Standing
from tests.stacks.reading import containers_of, definitions_of, pages, services_of

#: The variables of the two guides, and which service finds them.
_GUIDE_VARIABLES = {
    "aprendeai-api": {
        "NODE_ENV",
        "ENV",
        "FRONTEND_URL",
        "API_URL",
        "AI_SERVICE_URL",
        "JWT_SECRET",
        "AI_SERVICE_SECRET",
        "DB_PASSWORD",
        "RABBITMQ_PASS",
        "DATABASE_URL",
        "REDIS_URL",
        "RABBITMQ_URL",
        "SENTRY_DSN",
    },
    "aprendeai-frontend": {"NODE_ENV", "ENV", "FRONTEND_URL", "API_URL", "SENTRY_DSN"},
    "aprendeai-ai": {"ENV", "AI_SERVICE_SECRET", "SENTRY_DSN"},
    "aprendeai-worker": {"NODE_ENV", "ENV", "DATABASE_URL", "REDIS_URL", "RABBITMQ_URL", "AI_SERVICE_SECRET"},
    "equivalence-api": {
        "POSTGRES_PASSWORD",
        "DATABASE_URL",
        "REDIS_URL",
        "API_KEY_SALT",
        "EMBED_API_KEY",
        "LLM_API_KEY",
    },
    "equivalence-worker": {
        "POSTGRES_PASSWORD",
        "DATABASE_URL",
        "REDIS_URL",
        "API_KEY_SALT",
        "EMBED_API_KEY",
        "LLM_API_KEY",
    },
}


def _secret_values(standing: Standing) -> dict[str, str]:
    """Return every secret's value by its name."""
    manager = standing.client("secretsmanager")
    return {
        secret["Name"]: manager.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        for secret in pages(manager, "list_secrets", "SecretList")
    }


def test_generated_secrets_are_as_long_as_the_guides_say(standing: Standing) -> None:
    values = _secret_values(standing)
    jwt = next(value for name, value in values.items() if "jwt-secret" in name)
    salt = next(value for name, value in values.items() if "api-key-salt" in name)
    assert len(jwt) == 128, "openssl rand -hex 64"
    assert len(salt) == 64, "openssl rand -hex 32"
    assert int(jwt, 16) != int(salt, 16)


def test_an_app_finds_each_value_under_the_name_its_guide_uses(standing: Standing) -> None:
    containers = dict(containers_of(standing))
    for service, variables in _GUIDE_VARIABLES.items():
        container = containers[f"{standing.name}-{service}"]
        found = {item["name"] for item in container["environment"] + container["secrets"]}
        assert found >= variables, service


def test_urls_are_composed_of_the_stores_that_stand(standing: Standing) -> None:
    values = _secret_values(standing)
    address = {
        instance["DBName"]: instance["Endpoint"]["Address"]
        for instance in standing.client("rds").describe_db_instances()["DBInstances"]
    }
    own = {name: value for name, value in values.items() if name.startswith("aprendeai-")}
    password = next(value for name, value in own.items() if "db-password" in name)
    url = next(value for name, value in own.items() if "database-url" in name)
    assert url == f"postgresql://aprendeai:{password}@{address['aprendeai']}:5432/aprendeai?sslmode=require"
    url = next(v for n, v in values.items() if n.startswith("equivalence-database-url"))
    assert url.startswith("postgresql+psycopg2://equivalence:")
    url = next(v for n, v in values.items() if n.startswith("equivalence-redis-url"))
    assert url.startswith("rediss://equivalence:")
    assert url.endswith(":6379/0")
    url = next(v for n, v in values.items() if n.startswith("aprendeai-rabbitmq-url"))
    assert url.startswith("amqps://aprendeai:")
    assert url.endswith(":5671/aprendeai"), "the system has a virtual host of its own"


def test_each_definition_names_each_secret_with_a_version_that_is_there(standing: Standing) -> None:
    manager = standing.client("secretsmanager")
    named = [(family, secret) for family, container in containers_of(standing) for secret in container["secrets"]]
    assert len(named) > 20
    for family, variable in every(named):
        arn, key, stage, version = variable["valueFrom"].rsplit(":", 3)
        assert (key, stage) == ("", ""), family
        manager.get_secret_value(SecretId=arn, VersionId=version)


def test_each_execution_role_reads_its_own_secrets_and_no_others(standing: Standing) -> None:
    iam = standing.client("iam")
    for family, definition in every(definitions_of(standing).items()):
        role = definition["executionRoleArn"].rsplit("/", 1)[1]
        named = {
            variable["valueFrom"].rsplit(":", 3)[0]
            for container in definition["containerDefinitions"]
            for variable in container["secrets"]
        }
        assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        readable: set[str] = set()
        for name in every(iam.list_role_policies(RoleName=role)["PolicyNames"]):
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for statement in every(document["Statement"]):
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                assert not [action for action in actions if action.endswith("*")], family
                if any(action.startswith("secretsmanager:") for action in actions):
                    resources = statement["Resource"]
                    readable.update([resources] if isinstance(resources, str) else resources)
        assert readable == named, f"{family} could read another service's secrets"


def test_task_roles_can_do_nothing(standing: Standing) -> None:
    iam = standing.client("iam")
    for definition in every(definitions_of(standing).values()):
        role = definition["taskRoleArn"].rsplit("/", 1)[1]
        assert role != definition["executionRoleArn"].rsplit("/", 1)[1]
        assert not iam.list_role_policies(RoleName=role)["PolicyNames"]
        assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]


def test_no_secret_value_stands_anywhere_but_in_the_secrets_manager(standing: Standing) -> None:
    values = {*_secret_values(standing).values(), *PLANTED.values()}
    assert len(values) >= 12
    tags = [
        json.dumps(item, default=str)
        for item in pages(standing.client("resourcegroupstaggingapi"), "get_resources", "ResourceTagMappingList")
    ]
    places = {
        "task definitions": json.dumps(list(definitions_of(standing).values()), default=str),
        "services": json.dumps(list(services_of(standing).values()), default=str),
        "secrets' names and tags": json.dumps(
            standing.client("secretsmanager").list_secrets()["SecretList"], default=str
        ),
        "tags": "".join(tags),
        "outputs": json.dumps(standing.stack.outputs(show_secrets=True), default=str),
        "steps": "".join(f"{s.old_inputs}{s.new_inputs}{s.detailed_diff}" for s in standing.result.steps),
        "messages": "".join(d.message for d in standing.result.diagnostics),
        "state": standing.stack.state_file.path.read_text(),
    }
    for place, text in every(places.items()):
        assert text, place
        for value in every(values):
            assert value not in text, f"a secret's value stands in plain text in {place}"
