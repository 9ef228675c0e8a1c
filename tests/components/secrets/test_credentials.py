"""What the function of the logins is asked, what it may read and reach, and what waits for it."""

import json
from typing import Any

import pulumi
import pytest

from components.core.endpoint import Endpoint
from components.secrets.alternating_users import AlternatingUsers
from components.secrets.credentials import Administrator, Credentials, CredentialsArgs, StoreLogin
from components.secrets.secret import Secret, SecretArgs
from functions.credentials.events import LOGINS_VARIABLE, PostgresStore, RabbitmqStore, Store, StoreKind
from tests.components.recording import ACCOUNT, KEY, TAGS, Recording, placement, record

VALUES = {"DB_PASSWORD": "planted-database", "DATABASE_ADMIN_PASSWORD": "planted-admin", "UNRELATED": "planted-other"}


def _secret(variable: str) -> Secret:
    return Secret(
        variable.lower(),
        SecretArgs(
            variable=variable, value=VALUES.get(variable, "x"), kms_key_arn=KEY, recovery_window_days=0, tags=TAGS
        ),
    )


_STORES: dict[StoreKind, Store] = {
    StoreKind.POSTGRES: PostgresStore(host="db.example", port=5432, database="aprendeai", owner="aprendeai_owner"),
    StoreKind.RABBITMQ: RabbitmqStore(url="https://broker.example", vhost="aprendeai"),
}


def _login(rotation: int = 1, previous: bool = False, kind: StoreKind = StoreKind.POSTGRES) -> StoreLogin:
    return StoreLogin(
        kind=kind,
        endpoint=Endpoint(security_group_id="sg-database", port=5432),
        store=pulumi.Output.all(_STORES[kind]).apply(lambda known: known[0]),
        administrator=Administrator(
            username="alicerce",
            password=_secret("DATABASE_ADMIN_PASSWORD"),
            previous=_secret("DATABASE_ADMIN_PASSWORD_PREVIOUS") if previous else None,
        ),
        users=AlternatingUsers(username="aprendeai", rotation=rotation),
        password=_secret("DB_PASSWORD"),
    )


def _built(region: str = "us-east-1", **login: Any) -> Recording:  # noqa: ANN401 - of `_login`
    def program() -> None:
        _secret("UNRELATED")
        Credentials(
            "aprendeai-credentials",
            CredentialsArgs(
                stores=[_login(**login)],
                placement=placement(region=region),
                log_group_name="/prod/aprendeai/credentials",
                dead_letter_topic_arn="arn:aws:sns:us-east-1:123456789012:notifications",
            ),
        )

    return record(program)


def _arn(name: str) -> str:
    return f"arn:aws:test:us-east-1:{ACCOUNT}:{name}-secret"


def test_a_region_whose_databases_the_function_would_not_believe_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"is 'il-central-1'.*allowed: af-south-1, .*us-west-2\. "):
        _built(region="il-central-1")


def test_the_store_is_asked_to_accept_the_user_whose_turn_it_is() -> None:
    call = _built(rotation=2).named("aprendeai-credentials-postgres-login").inputs
    assert json.loads(call["input"]) == {
        "action": "ensure",
        "store": "postgres",
        "username": "aprendeai_2",
        "versions": {"admin": "version-1", "password": "version-1"},
    }


@pytest.mark.parametrize("rotation", [1, 2])
def test_where_to_go_as_whom_and_with_which_secrets_is_fixed_at_deployment(rotation: int) -> None:
    recording = _built(rotation=rotation)
    variables = recording.named("aprendeai-credentials-function").inputs["environment"]["variables"]
    pinned = json.loads(variables[LOGINS_VARIABLE])
    assert pinned == {
        "postgres": {
            "host": "db.example",
            "port": 5432,
            "database": "aprendeai",
            "owner": "aprendeai_owner",
            "users": ["aprendeai", "aprendeai_2"],
            "admin": "alicerce",
            "secrets": {"admin": _arn("database_admin_password"), "password": _arn("db_password")},
        }
    }, "the same in each rotation: whose turn it is, is the event's"
    triggers = recording.named("aprendeai-credentials-postgres-login").inputs["triggers"]
    assert json.loads(triggers["login"]) == pinned["postgres"], "another store is asked anew"


def test_the_call_names_secrets_and_holds_no_value() -> None:
    recording = _built()
    text = json.dumps([one.inputs for one in recording.resources if one.type.startswith("aws:lambda/")], default=str)
    assert not [value for value in VALUES.values() if value in text], "an invocation's input is logged and in state"


def test_a_broker_is_told_its_administrators_new_password_by_means_of_the_one_before() -> None:
    first = json.loads(_built(kind=StoreKind.RABBITMQ).named("aprendeai-credentials-rabbitmq-login").inputs["input"])
    assert first["versions"]["previous"] is None
    later = _built(kind=StoreKind.RABBITMQ, previous=True).named("aprendeai-credentials-rabbitmq-login").inputs
    assert json.loads(later["input"])["versions"]["previous"] == "version-1"
    secrets = json.loads(later["triggers"]["login"])["secrets"]
    assert secrets["previous"] == _arn("database_admin_password_previous")


def test_the_function_reads_the_stores_secrets_and_no_other() -> None:
    document = json.loads(_built().named("aprendeai-credentials-policy").inputs["policy"])
    (statement,) = [one for one in document["Statement"] if one["Sid"] == "ReadOwnSecrets"]
    assert statement["Resource"] == [_arn("database_admin_password"), _arn("db_password")]


def test_the_function_reaches_the_stores_and_no_other() -> None:
    rules = _built().of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert [rule.inputs["fromPort"] for rule in rules if "cidrIpv4" not in rule.inputs] == [5432]


def test_the_code_is_the_projects_own_archive() -> None:
    code = _built().named("aprendeai-credentials-function").inputs["code"]
    assert isinstance(code, pulumi.FileArchive)
    assert code.path.endswith("credentials.zip")
