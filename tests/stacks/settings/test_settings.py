"""What config is refused, in which words; what an accepted one means."""

from collections.abc import Mapping

import pytest

from components.compute.fargate import TaskSize
from components.delivery.deployment_strategy import DeploymentStrategy, Strategy
from components.services.backlog import AcceptedLatency
from stacks.settings.problems import SettingsError
from stacks.systems import SYSTEMS
from stacks.systems.aprendeai import APRENDEAI
from stacks.systems.equivalence import EQUIVALENCE
from stacks.systems.spec import Role
from stacks.wiring.secrets import secret_facts
from tests.every import every
from tests.stacks.configs import SECRETS, config, settings_of


def _refusal(values: Mapping[str, str], stack: str = "prod", secrets: frozenset[str] = SECRETS) -> str:
    """Return the one line about the one problem."""
    with pytest.raises(SettingsError) as refused:
        settings_of(values, stack, secrets)
    assert len(refused.value.problems) == 1, str(refused.value)
    return str(refused.value.problems[0])


def test_a_good_config_is_taken_and_decides_hosts_and_counters() -> None:
    settings = settings_of(config(aprendeai__rotation={"JWT_SECRET": 3}))
    own = settings.systems["aprendeai"]
    assert own.hosts["frontend"] == "app.aprendeai.com"
    assert own.rotation == {
        "JWT_SECRET": 3,
        "AI_SERVICE_SECRET": 1,
        "DB_PASSWORD": 1,
        "REDIS_PASSWORD": 1,
        "RABBITMQ_PASS": 1,
        "DATABASE_ADMIN_PASSWORD": 1,
        "BROKER_ADMIN_PASSWORD": 1,
    }


def test_an_empty_value_is_a_value_that_is_not_set() -> None:
    assert settings_of(config(aprendeai__release="")).systems["aprendeai"].config.release is None


def test_a_stack_named_like_a_profile_takes_it() -> None:
    assert settings_of(stack="staging").profile.name == "staging"


def test_a_stack_of_another_name_takes_the_profile_that_config_names() -> None:
    assert settings_of(config(alicerce__profile="staging"), stack="pr-123").profile.name == "staging"


def test_a_stack_of_another_name_without_a_profile_is_refused() -> None:
    assert _refusal(config(), stack="pr-123") == (
        "alicerce:profile is not set, and the stack's name 'pr-123' is no profile. Allowed: prod, staging, local. "
        "Fix: pulumi config set alicerce:profile staging"
    )


def test_an_unknown_profile_is_refused() -> None:
    assert _refusal(config(alicerce__profile="qa")) == (
        "alicerce:profile is 'qa', which is no profile. Allowed: prod, staging, local. "
        "Fix: pulumi config set alicerce:profile staging"
    )


def test_every_problem_is_reported_at_once() -> None:
    values = config(
        aprendeai__API_URL=None, alicerce__cidr="10.0.0.0/30", equivalence__relase="v2", aprendeai__zone="nowhere"
    )
    with pytest.raises(SettingsError) as refused:
        settings_of(values)
    assert {problem.key for problem in refused.value.problems} == {
        "aprendeai:API_URL",
        "alicerce:cidr",
        "equivalence:relase",
        "aprendeai:zone",
    }
    assert str(refused.value).startswith("4 problems in Pulumi.prod.yaml, nothing was created:\n  - ")


def test_a_missing_required_key_is_refused() -> None:
    assert _refusal(config(aprendeai__API_URL=None)) == (
        "aprendeai:API_URL is missing. Allowed: https:// and a host name. "
        "Fix: pulumi config set aprendeai:API_URL https://api.example.com"
    )


def test_a_missing_required_secret_is_refused() -> None:
    assert _refusal(config(equivalence__LLM_API_KEY=None)) == (
        "equivalence:LLM_API_KEY is missing. Allowed: the key of the language model API, encrypted. "
        "Fix: pulumi config set --secret equivalence:LLM_API_KEY"
    )


def test_an_optional_secret_may_be_missing() -> None:
    assert "SENTRY_DSN" not in settings_of().systems["aprendeai"].supplied


def test_the_local_profile_needs_no_secret_from_anyone() -> None:
    settings_of(config(equivalence__LLM_API_KEY=None, equivalence__EMBED_API_KEY=None), stack="local")


def test_a_secret_in_plain_text_is_refused_and_its_value_not_repeated() -> None:
    refusal = _refusal(config(equivalence__LLM_API_KEY="sk-planted"), secrets=SECRETS - {"equivalence:LLM_API_KEY"})
    assert refusal == (
        "equivalence:LLM_API_KEY is in plain text, and whoever reads the file has it. Allowed: an encrypted value. "
        "Fix: pulumi config set --secret equivalence:LLM_API_KEY, and have whoever issued it issue another"
    )
    assert "sk-planted" not in refusal, "an error message ends up in a CI log"


def test_a_misspelt_key_is_refused_with_the_nearest_one() -> None:
    assert _refusal(config(aprendeai__relase="v2.0.0")) == (
        "aprendeai:relase is unknown (did you mean release?). Allowed: API_URL, FRONTEND_URL, SENTRY_DSN, "
        "confirmRotation, migrate, registry, release, rotation, rotationDays, services, source, zone. "
        "Fix: pulumi config rm aprendeai:relase"
    )


def test_a_misspelt_key_inside_an_object_is_refused() -> None:
    assert _refusal(config(aprendeai__services={"api": {"cpus": 1024}})) == (
        "aprendeai:services.api.cpus is unknown (did you mean cpu?). Allowed: bakeMinutes, canaryPercent, cpu, "
        "deployment, jobSeconds, latencySeconds, maximum, memory, minimum. "
        "Fix: pulumi config rm --path 'aprendeai:services.api.cpus'"
    )


def test_a_misspelt_namespace_is_refused() -> None:
    assert _refusal(config(aprendia__release="v2.0.0")) == (
        "aprendia:release is in an unknown namespace (did you mean aprendeai?). Allowed: alicerce, aprendeai, "
        "equivalence. Fix: pulumi config rm aprendia:release"
    )


def test_a_namespace_of_someone_else_is_let_alone() -> None:
    settings_of({**config(), "aws:region": "sa-east-1", "grafana:url": "https://example.com"})


def test_a_generated_secret_can_not_be_set() -> None:
    assert _refusal(config(aprendeai__JWT_SECRET="hunter2")) == (
        "aprendeai:JWT_SECRET can't be set: JWT_SECRET is made by the program. Allowed: aprendeai:rotation, which "
        "makes another value. Fix: pulumi config rm aprendeai:JWT_SECRET"
    )


def test_a_network_too_small_for_its_subnets_is_refused() -> None:
    assert _refusal(config(alicerce__cidr="10.0.0.0/24")) == (
        "alicerce:cidr is '10.0.0.0/24'. Allowed: a private block between /16 and /22. Fix: four zones of three "
        "subnets need 1024 addresses and this has 256: take a larger one, for instance "
        "pulumi config set alicerce:cidr 10.0.0.0/16"
    )


def test_a_network_that_overlaps_another_is_refused() -> None:
    assert _refusal(config(alicerce__cidr="10.0.0.0/16", alicerce__reservedCidrs=["10.0.128.0/20"])) == (
        "alicerce:cidr is '10.0.0.0/16', which overlaps 10.0.128.0/20 of alicerce:reservedCidrs. Allowed: a block that "
        "no other network of yours uses. Fix: pulumi config set alicerce:cidr 10.1.0.0/16"
    )


def test_two_systems_on_one_host_are_refused() -> None:
    values = config(equivalence__zone="aprendeai.com", equivalence__API_URL="https://api.aprendeai.com")
    assert _refusal(values) == (
        "equivalence:API_URL has the host api.aprendeai.com, which aprendeai:API_URL has already. Allowed: a host of "
        "its own for each URL. Fix: pulumi config set equivalence:API_URL https://equivalence.aprendeai.com"
    )


def test_a_host_outside_its_zone_is_refused() -> None:
    assert _refusal(config(aprendeai__API_URL="https://api.aprendeai.org")) == (
        "aprendeai:API_URL has the host api.aprendeai.org, which is outside the zone aprendeai.com of aprendeai:zone. "
        "Allowed: aprendeai.com or a name that ends in .aprendeai.com. "
        "Fix: pulumi config set aprendeai:API_URL https://api.aprendeai.com"
    )


def test_a_host_that_only_ends_like_the_zone_is_outside_it() -> None:
    assert "outside the zone" in _refusal(config(aprendeai__API_URL="https://notaprendeai.com"))


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://api.aprendeai.com", "the load balancer serves https only"),
        ("https://api.aprendeai.com/v1", "what follows https:// must be a host name in lower case and nothing else"),
    ],
)
def test_a_url_that_is_more_or_less_than_https_and_a_host_is_refused(url: str, reason: str) -> None:
    assert _refusal(config(aprendeai__API_URL=url)) == (
        f"aprendeai:API_URL is {url!r}: {reason}. Allowed: https:// and a host name. "
        "Fix: pulumi config set aprendeai:API_URL https://api.example.com"
    )


def test_a_pair_that_fargate_has_not_is_refused() -> None:
    assert _refusal(config(aprendeai__services={"ai": {"cpu": 1024, "memory": 512}})) == (
        "aprendeai:services.ai has cpu 1024 and memory 512: Fargate doesn't pair 1024 CPU units with 512 MiB: with "
        "1024 it takes 2048 to 8192 in steps of 1024 MiB of memory. Allowed: a pair of "
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html. "
        "Fix: pulumi config set --path 'aprendeai:services.ai.memory' 2048"
    )


def test_half_a_pair_is_checked_with_the_other_half_from_the_system() -> None:
    assert _refusal(config(aprendeai__services={"ai": {"cpu": 256}})).startswith(
        "aprendeai:services.ai has cpu 256 and memory 8192: "
    )


def test_a_service_that_is_not_there_is_refused() -> None:
    assert _refusal(config(equivalence__services={"wroker": {"cpu": 1024}})) == (
        "equivalence:services.wroker is no service (did you mean worker?). Allowed: api, worker. "
        "Fix: pulumi config rm --path 'equivalence:services.wroker'"
    )


def test_a_minimum_above_the_maximum_is_refused() -> None:
    assert _refusal(config(equivalence__services={"api": {"minimum": 4, "maximum": 3}})) == (
        "equivalence:services.api has minimum 4 and maximum 3. Allowed: a minimum that is no more than the maximum. "
        "Fix: pulumi config set --path 'equivalence:services.api.maximum' 4"
    )


def test_what_is_accepted_of_a_queue_comes_from_config_and_else_from_the_system() -> None:
    default = settings_of().systems["aprendeai"].services["worker"].scaling.latency
    assert default == AcceptedLatency(seconds=120, job_seconds=30)
    changed = settings_of(config(aprendeai__services={"worker": {"latencySeconds": 90.5}}))
    own = changed.systems["aprendeai"].services["worker"].scaling.latency
    assert own == AcceptedLatency(seconds=90.5, job_seconds=30)
    changed = settings_of(config(equivalence__services={"worker": {"latencySeconds": 60, "jobSeconds": 5}}))
    latency = changed.systems["equivalence"].services["worker"].scaling.latency
    assert latency is not None
    assert latency.jobs_per_task == 12


def test_only_workers_follow_a_queue() -> None:
    for own in every(settings_of().systems.values()):
        for name, service in every(own.services.items()):
            assert (service.scaling.latency is not None) == (own.system.services[name].role is Role.WORKER), name


@pytest.mark.parametrize(
    ("option", "value", "example"),
    [("latencySeconds", 0, "60"), ("jobSeconds", -5, "5"), ("latencySeconds", -60, "60")],
)
def test_a_time_that_is_none_is_refused(option: str, value: int, example: str) -> None:
    what = "may wait" if option == "latencySeconds" else "takes"
    assert _refusal(config(equivalence__services={"worker": {option: value}})) == (
        f"equivalence:services.worker.{option} is {value}: input should be greater than 0. Allowed: seconds that a job "
        f"{what}, above 0. Fix: pulumi config set --path 'equivalence:services.worker.{option}' {example}"
    )


def test_a_latency_shorter_than_a_job_is_refused() -> None:
    assert _refusal(config(equivalence__services={"worker": {"latencySeconds": 3, "jobSeconds": 5}})) == (
        "equivalence:services.worker.latencySeconds is 3, and a job takes 5 seconds. Allowed: at least as long as a "
        "job takes. Fix: pulumi config set --path 'equivalence:services.worker.latencySeconds' 10"
    )


def test_a_job_that_outgrows_the_latency_is_refused_though_only_the_job_is_set() -> None:
    assert _refusal(config(equivalence__services={"worker": {"jobSeconds": 90}})).startswith(
        "equivalence:services.worker.latencySeconds is 60, and a job takes 90 seconds."
    )


def test_a_job_that_a_stopping_task_can_not_finish_is_refused() -> None:
    assert _refusal(config(equivalence__services={"worker": {"latencySeconds": 900, "jobSeconds": 300}})) == (
        "equivalence:services.worker.jobSeconds is 300, and a stopping task has 110 seconds to finish its job. "
        "Allowed: seconds above 0, up to 110. "
        "Fix: pulumi config set --path 'equivalence:services.worker.jobSeconds' 10, and hand longer work over in "
        "parts"
    )


def test_times_of_a_queue_for_a_service_without_one_are_refused() -> None:
    assert _refusal(config(aprendeai__services={"api": {"latencySeconds": 60}})) == (
        "aprendeai:services.api.latencySeconds is set, and api works on no queue. Allowed: times for services that "
        "work on one: worker. Fix: pulumi config rm --path 'aprendeai:services.api.latencySeconds'"
    )


def test_times_of_a_queue_where_nothing_scales_are_refused() -> None:
    values = config(equivalence__services={"worker": {"jobSeconds": 5}})
    assert _refusal(values, stack="staging") == (
        "equivalence:services.worker.jobSeconds is set, and worker has 1 tasks at the least and at the most. "
        "Allowed: a minimum below the maximum, where times are given. "
        "Fix: pulumi config set --path 'equivalence:services.worker.maximum' 2"
    )


def test_a_worker_may_have_no_task_while_its_queue_is_empty() -> None:
    settings = settings_of(config(equivalence__services={"worker": {"minimum": 0}}), stack="staging")
    scaling = settings.systems["equivalence"].services["worker"].scaling
    assert (scaling.minimum, scaling.maximum) == (0, 1)


def test_a_service_without_a_queue_keeps_a_task() -> None:
    assert _refusal(config(aprendeai__services={"api": {"minimum": 0}})) == (
        "aprendeai:services.api.minimum is 0, and api works on no queue that could start its first task. Allowed: 1 or "
        "more; 0 for services that work on a queue: worker. "
        "Fix: pulumi config set --path 'aprendeai:services.api.minimum' 1"
    )


def test_a_service_is_deployed_as_config_says() -> None:
    services = {"api": {"deployment": "canary", "bakeMinutes": 30, "canaryPercent": 5}}
    own = settings_of(config(equivalence__services=services)).systems["equivalence"].services
    assert own["api"].deployment == DeploymentStrategy(strategy=Strategy.CANARY, bake_minutes=30, canary_percent=5)
    assert own["worker"].deployment == DeploymentStrategy(strategy=Strategy.ROLLING)


@pytest.mark.parametrize(
    ("system", "service", "role"), [("equivalence", "worker", "worker"), ("aprendeai", "ai", "internal")]
)
def test_only_web_services_have_traffic_that_can_be_shifted(system: str, service: str, role: str) -> None:
    assert _refusal(config(**{f"{system}__services": {service: {"deployment": "canary", "bakeMinutes": 10}}})) == (
        f"{system}:services.{service}.deployment is 'canary', and no load balancer sends requests to a service of role "
        f"{role}. Allowed: rolling; blue_green and canary are for web services. "
        f"Fix: pulumi config rm --path '{system}:services.{service}.deployment'"
    )


@pytest.mark.parametrize(
    ("services", "message"),
    [
        (
            {"bakeMinutes": 10},
            "equivalence:services.api.bakeMinutes is 10, and the deployment is rolling. Allowed: only with the "
            "deployment blue_green or canary. Fix: pulumi config rm --path 'equivalence:services.api.bakeMinutes', "
            "or pulumi config set --path 'equivalence:services.api.deployment' canary",
        ),
        (
            {"deployment": "blue_green", "canaryPercent": 10},
            "equivalence:services.api.canaryPercent is 10, and the deployment is blue_green. Allowed: only with the "
            "deployment canary. Fix: pulumi config rm --path 'equivalence:services.api.canaryPercent', "
            "or pulumi config set --path 'equivalence:services.api.deployment' canary",
        ),
        (
            {"deployment": "canary", "bakeMinutes": 4},
            "equivalence:services.api.bakeMinutes is 4: input should be greater than or equal to 5. Allowed: minutes, "
            "5 to 1440. Fix: pulumi config set --path 'equivalence:services.api.bakeMinutes' 10",
        ),
        (
            {"deployment": "canary", "canaryPercent": 100},
            "equivalence:services.api.canaryPercent is 100: input should be less than or equal to 99. Allowed: percent "
            "of the requests, 1 to 99. Fix: pulumi config set --path 'equivalence:services.api.canaryPercent' 10",
        ),
        (
            {"deployment": "linear"},
            "equivalence:services.api.deployment is 'linear': input should be 'rolling', 'blue_green' or 'canary'. "
            "Allowed: rolling, blue_green or canary. "
            "Fix: pulumi config set --path 'equivalence:services.api.deployment' canary",
        ),
    ],
)
def test_a_deployment_that_is_none_is_refused(services: dict[str, object], message: str) -> None:
    assert _refusal(config(equivalence__services={"api": services})) == message


def test_credentials_that_only_the_provider_could_take_are_refused() -> None:
    assert _refusal({**config(), "aws:assumeRoleWithWebIdentity": '{"roleArn": "arn:aws:iam::1:role/ci"}'}) == (
        "aws:assumeRoleWithWebIdentity is set, and migrations and rollouts can't take credentials that way. Allowed: "
        "aws:profile, aws:accessKey, aws:secretKey, aws:token, aws:assumeRoles, aws:endpoints, or credentials of the "
        "environment. Fix: pulumi config rm aws:assumeRoleWithWebIdentity"
    )


def test_a_negative_retention_is_refused() -> None:
    assert _refusal(config(alicerce__retention={"backups": -1})) == (
        "alicerce:retention.backups is -1: input should be greater than or equal to 1. "
        "Allowed: days of point-in-time recovery, 1 to 35. "
        "Fix: pulumi config set --path 'alicerce:retention.backups' 14"
    )


def test_a_log_retention_that_cloudwatch_has_not_is_refused() -> None:
    refusal = _refusal(config(alicerce__retention={"logs": 100}))
    assert refusal.startswith(
        "alicerce:retention.logs is 100: CloudWatch Logs doesn't keep log lines for this long. Allowed: days that "
        "CloudWatch Logs takes: 1, 3, 5, 7, 14, 30, "
    )


@pytest.mark.parametrize(
    ("counter", "reason"),
    [
        (0, "input should be greater than or equal to 1"),
        (-2, "input should be greater than or equal to 1"),
        (1.5, "input should be a valid integer, got a number with a fractional part"),
        ("twice", "input should be a valid integer, unable to parse string as an integer"),
    ],
)
def test_a_rotation_counter_that_is_no_positive_integer_is_refused(counter: object, reason: str) -> None:
    assert _refusal(config(aprendeai__rotation={"JWT_SECRET": counter})) == (
        f"aprendeai:rotation.JWT_SECRET is {counter!r}: {reason}. Allowed: positive integers, 1 for the first value. "
        "Fix: pulumi config set --path 'aprendeai:rotation.JWT_SECRET' 2"
    )


def test_a_rotation_of_what_is_not_generated_is_refused() -> None:
    assert _refusal(config(equivalence__rotation={"DATABASE_URL": 2})) == (
        "equivalence:rotation.DATABASE_URL names no generated secret. Allowed: POSTGRES_PASSWORD, REDIS_PASSWORD, "
        "API_KEY_SALT, DATABASE_ADMIN_PASSWORD. Fix: pulumi config rm --path 'equivalence:rotation.DATABASE_URL'"
    )


def test_a_rotation_that_ends_something_for_good_needs_a_second_line() -> None:
    refused = (
        "equivalence:rotation.API_KEY_SALT is 2, and with that rotation every API key that was issued stops working. "
        "Allowed: 2 together with equivalence:confirmRotation.API_KEY_SALT set to 2. "
        "Fix: pulumi config set --path 'equivalence:confirmRotation.API_KEY_SALT' 2"
    )
    rotated = {"equivalence__rotation": {"API_KEY_SALT": 2}}
    assert _refusal(config(**rotated)) == refused
    assert _refusal(config(**rotated, equivalence__confirmRotation={"API_KEY_SALT": 1})) == refused
    confirmed = settings_of(config(**rotated, equivalence__confirmRotation={"API_KEY_SALT": 2}))
    assert confirmed.systems["equivalence"].rotation["API_KEY_SALT"] == 2


def test_a_confirmation_of_what_needs_none_is_refused() -> None:
    assert _refusal(config(equivalence__confirmRotation={"POSTGRES_PASSWORD": 2})) == (
        "equivalence:confirmRotation.POSTGRES_PASSWORD confirms what needs no confirmation. Allowed: API_KEY_SALT. "
        "Fix: pulumi config rm --path 'equivalence:confirmRotation.POSTGRES_PASSWORD'"
    )


def test_secrets_are_due_as_the_profile_says_unless_the_stack_or_one_of_them_says_otherwise() -> None:
    def due(variable: str, stack: str = "prod", **changes: object) -> int | None:
        return settings_of(config(**changes), stack).systems["aprendeai"].due_days[variable]

    assert [due("JWT_SECRET", stack) for stack in ("prod", "staging", "local")] == [90, 180, None]
    assert due("SENTRY_DSN") == 90, "what people supply is due too"
    assert due("DATABASE_ADMIN_PASSWORD") == 90, "and so are administrators' passwords"
    assert due("JWT_SECRET", alicerce__rotationDays="60") == 60
    assert due("JWT_SECRET", alicerce__rotationDays="60", aprendeai__rotationDays={"JWT_SECRET": 30}) == 30
    assert due("DB_PASSWORD", alicerce__rotationDays="60", aprendeai__rotationDays={"JWT_SECRET": 30}) == 60
    assert due("JWT_SECRET", aprendeai__rotationDays={"JWT_SECRET": "never"}) is None
    assert due("JWT_SECRET", alicerce__rotationDays="never") is None
    assert due("JWT_SECRET", "local", alicerce__rotationDays="7") == 7
    assert "DATABASE_URL" not in settings_of().systems["aprendeai"].due_days, "a composed secret follows its password"


@pytest.mark.parametrize("days", [0, -1, 3651, 1.5, True, "soon"])
def test_days_that_are_neither_a_number_nor_never_are_refused(days: object) -> None:
    assert _refusal(config(aprendeai__rotationDays={"JWT_SECRET": days})) == (
        f"aprendeai:rotationDays.JWT_SECRET is {days!r}: not a number of days, and not never. "
        "Allowed: days, 1 to 3650, or never. Fix: pulumi config set --path 'aprendeai:rotationDays.JWT_SECRET' 30"
    )


def test_the_stacks_own_days_are_checked_too() -> None:
    assert _refusal(config(alicerce__rotationDays="0")) == (
        "alicerce:rotationDays is '0': not a number of days, and not never. "
        "Allowed: days, 1 to 3650, or never. Fix: pulumi config set alicerce:rotationDays 90"
    )


def test_days_for_what_is_not_rotated_are_refused() -> None:
    known = (
        "POSTGRES_PASSWORD, REDIS_PASSWORD, API_KEY_SALT, DATABASE_ADMIN_PASSWORD, EMBED_API_KEY, LLM_API_KEY. "
        "Fix: pulumi config rm --path"
    )
    assert _refusal(config(equivalence__rotationDays={"API_KEY_SALTS": 30})) == (
        "equivalence:rotationDays.API_KEY_SALTS names no secret that is rotated (did you mean API_KEY_SALT?). "
        f"Allowed: {known} 'equivalence:rotationDays.API_KEY_SALTS'"
    )
    assert _refusal(config(equivalence__rotationDays={"DATABASE_URL": 30})) == (
        "equivalence:rotationDays.DATABASE_URL names a secret that is composed of others, and follows "
        f"POSTGRES_PASSWORD. Allowed: {known} 'equivalence:rotationDays.DATABASE_URL'"
    )


def test_what_is_exported_of_secrets_says_how_each_is_rotated() -> None:
    own = settings_of(config(equivalence__rotation={"POSTGRES_PASSWORD": 3})).systems["equivalence"]
    assert secret_facts(own) == {
        "POSTGRES_PASSWORD": {"kind": "generated", "rotation": 3, "dueDays": 90, "store": "postgres"},
        "REDIS_PASSWORD": {"kind": "generated", "rotation": 1, "dueDays": 90, "store": "redis"},
        "API_KEY_SALT": {
            "kind": "generated",
            "rotation": 1,
            "dueDays": 90,
            "ends": "every API key that was issued stops working",
        },
        "DATABASE_ADMIN_PASSWORD": {"kind": "generated", "rotation": 1, "dueDays": 90},
        "EMBED_API_KEY": {"kind": "supplied", "dueDays": 90},
        "LLM_API_KEY": {"kind": "supplied", "dueDays": 90},
        "DATABASE_URL": {"kind": "composed", "follows": "POSTGRES_PASSWORD", "store": "postgres"},
        "REDIS_URL": {"kind": "composed", "follows": "REDIS_PASSWORD", "store": "redis"},
    }


def test_what_is_exported_names_the_values_before_where_they_are_kept() -> None:
    facts = secret_facts(settings_of().systems["aprendeai"])
    assert {name: fact["follows"] for name, fact in facts.items() if fact["kind"] == "previous"} == {
        "JWT_SECRET_PREVIOUS": "JWT_SECRET",
        "AI_SERVICE_SECRET_PREVIOUS": "AI_SERVICE_SECRET",
        "BROKER_ADMIN_PASSWORD_PREVIOUS": "BROKER_ADMIN_PASSWORD",
    }


def test_latest_is_no_release() -> None:
    assert _refusal(config(aprendeai__release="latest")) == (
        "aprendeai:release is 'latest': latest names no release: it moves, and can't be gone back to. "
        "Allowed: an image tag other than latest, or none yet. Fix: pulumi config set aprendeai:release v1.0.0"
    )


def test_a_list_member_that_is_no_network_is_refused() -> None:
    assert _refusal(config(alicerce__adminCidrs=["10.8.0.1/24"])) == (
        "alicerce:adminCidrs.0 is '10.8.0.1/24': 10.8.0.1/24 has host bits set. Allowed: a list of IPv4 blocks. "
        "Fix: pulumi config set --path 'alicerce:adminCidrs[0]' 10.8.0.0/24"
    )


def test_a_public_block_is_no_place_to_administer_from() -> None:
    assert _refusal(config(alicerce__adminCidrs=["10.8.0.0/24", "0.0.0.0/0"])) == (
        "alicerce:adminCidrs.1 is '0.0.0.0/0', which reaches beyond private networks. Allowed: private IPv4 blocks, "
        "such as a VPN's. Fix: pulumi config set --path 'alicerce:adminCidrs[1]' 10.8.0.0/24"
    )


@pytest.mark.parametrize("block", ["10.0.0.0/8", "10.0.4.0/24", "10.0.0.0/16"])
def test_a_network_of_administrators_that_holds_the_stacks_own_is_refused(block: str) -> None:
    assert _refusal(config(alicerce__adminCidrs=[block])) == (
        f"alicerce:adminCidrs.0 is '{block}', which holds addresses of the stack's own network 10.0.0.0/16. Allowed: "
        "blocks outside it: every task would reach the private paths otherwise. Fix: pulumi config set --path "
        "'alicerce:adminCidrs[0]' 172.16.8.0/24"
    )


def test_a_stack_name_that_no_repository_takes_is_refused() -> None:
    assert _refusal(config(alicerce__profile="staging"), stack="PR-123") == (
        "the stack's name PR-123 can't begin the name of a registry's repository. Allowed: lower case letters, digits "
        "and single hyphens between them. Fix: pulumi stack rename pr-123, for instance"
    )


def test_repositories_of_another_stack_are_not_this_ones_to_share() -> None:
    assert _refusal(config(aprendeai__registry={"stack": "staging", "sharedWith": ["qa"]})) == (
        "aprendeai:registry.sharedWith is set, and so is aprendeai:registry.stack. Allowed: one of the two: the "
        "repositories are this stack's to share, or another stack's. "
        "Fix: pulumi config rm --path 'aprendeai:registry.sharedWith'"
    )


def test_one_stack_to_share_with_is_a_list_too() -> None:
    assert _refusal(config(aprendeai__registry={"sharedWith": "prod"})) == (
        "aprendeai:registry.sharedWith is 'prod': input should be a valid tuple. Allowed: a list of names of other "
        "stacks of this account. Fix: pulumi config set --path 'aprendeai:registry.sharedWith[0]' prod"
    )


def test_repositories_are_shared_with_whoever_config_names() -> None:
    own = settings_of(config(aprendeai__registry={"sharedWith": ["prod", "qa"]})).systems["aprendeai"].config.registry
    assert (own.stack, own.sharedWith) == (None, ("prod", "qa"))
    assert settings_of().systems["aprendeai"].config.registry.sharedWith == ()


def test_the_number_of_zones_fits_the_profile() -> None:
    assert _refusal(config(alicerce__availabilityZones=["us-east-1a"])) == (
        "alicerce:availabilityZones names 1 zones, where the profile has 3. Allowed: 3 zones, or an empty list for the "
        "region's first 3. Fix: pulumi config rm alicerce:availabilityZones"
    )


def test_a_zone_that_is_named_twice_counts_once() -> None:
    values = config(alicerce__availabilityZones=["us-east-1a", "us-east-1b", "us-east-1b"])
    assert _refusal(values).startswith(
        "alicerce:availabilityZones names 3 zones, 2 of them different, where the profile has 3. "
    )


@pytest.mark.parametrize("provider", [{"aws:region": "us-east-1"}, {}])
def test_a_zone_of_another_region_is_refused(provider: dict[str, str]) -> None:
    values = config(alicerce__availabilityZones=["us-east-1a", "us-west-2b", "us-east-1c"])
    assert _refusal({**values, **provider}) == (
        "alicerce:availabilityZones.1 is 'us-west-2b'. Allowed: us-east-1a, us-east-1b, us-east-1c, us-east-1d. "
        "Fix: pulumi config set --path 'alicerce:availabilityZones[1]' us-east-1a"
    )


def test_a_region_whose_databases_could_not_be_verified_is_refused() -> None:
    refusal = _refusal({**config(), "aws:region": "il-central-1"})
    assert refusal.startswith(
        "aws:region is 'il-central-1', and the authorities of its databases aren't packed with functions/credentials. "
        "Allowed: af-south-1, "
    )
    assert refusal.endswith(
        ". Fix: pulumi config set aws:region us-east-1, or add its as functions/credentials/rds-ca.txt says"
    )


def test_a_host_that_no_listener_rule_takes_is_refused() -> None:
    url = f"https://{'a' * 60}.{'b' * 60}.aprendeai.com"
    assert _refusal(config(aprendeai__API_URL=url)) == (
        f"aprendeai:API_URL is {url!r}: a listener's rule takes no host of more than 128 characters. Allowed: https:// "
        "and a host name. Fix: pulumi config set aprendeai:API_URL https://api.example.com"
    )


def test_one_host_of_a_stack_is_short_enough_for_its_certificate() -> None:
    long = "a" * 60
    hosts = {
        "aprendeai__API_URL": f"https://api.{long}.aprendeai.com",
        "aprendeai__FRONTEND_URL": f"https://app.{long}.aprendeai.com",
    }
    settings_of(config(**hosts))  # equivalence has a short one
    assert _refusal(config(**hosts, equivalence__API_URL=f"https://api.{long}.equivalence.app")) == (
        f"aprendeai:FRONTEND_URL has the host app.{long}.aprendeai.com, which is the stack's shortest and has 78 "
        "characters. Allowed: at least one host of 64 characters or fewer, which the certificate begins with. "
        "Fix: pulumi config set aprendeai:FRONTEND_URL https://<a host of up to 64 characters>"
    )


def test_protection_can_be_taken_away_by_one_switch() -> None:
    assert settings_of().protection
    assert not settings_of(config(alicerce__protection="off")).protection


def test_services_take_the_profiles_size_unless_config_says_otherwise() -> None:
    assert settings_of().systems["aprendeai"].services["ai"].size == TaskSize(cpu=4096, memory=8192)
    assert settings_of(stack="staging").systems["aprendeai"].services["ai"].size == TaskSize(cpu=1024, memory=2048)
    changed = settings_of(config(aprendeai__services={"ai": {"cpu": 8192, "memory": 16384}}))
    assert changed.systems["aprendeai"].services["ai"].size == TaskSize(cpu=8192, memory=16384)


def test_production_runs_two_of_everything_that_people_wait_for() -> None:
    for own in every(settings_of().systems.values()):
        for name, service in every(own.services.items()):
            assert service.scaling.minimum >= 2, f"{name} alone would be an outage whenever it is replaced"


def test_a_third_system_is_one_file_of_data() -> None:
    assert {system.name for system in SYSTEMS} == {APRENDEAI.name, EQUIVALENCE.name}
