"""Rotating, retiring and watching secrets of a stack that is up: one story, in which counters only ever rise."""

import base64
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import pg8000.native
import pytest
from pg8000.exceptions import DatabaseError

from localcloud.emulator import standins
from localcloud.engine import Project
from localcloud.engine.values import to_python
from operations.account.account import Account
from operations.commands import secrets
from operations.state import preview, stack
from operations.state.stack import Stack
from tests.every import every
from tests.operations.place import CLUSTER, STACK, Place, outputs_of, project
from tests.stacks.conftest import succeed

#: What the story rotates together; of equivalence nothing is ever retired.
ROTATED = {
    "aprendeai": ("DB_PASSWORD", "REDIS_PASSWORD", "RABBITMQ_PASS", "JWT_SECRET"),
    "equivalence": ("POSTGRES_PASSWORD", "REDIS_PASSWORD"),
}


@dataclass
class Story:
    """A stack that is up, and what was learnt of it on the way."""

    place: Place
    leaked: dict[str, str] = field(default_factory=dict)
    """Each system's and variable's value before the first rotation."""
    told: list[str] = field(default_factory=list)
    """What commands said."""

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command; return exit code, output and error."""
        ran = self.place(*arguments)
        self.told += [ran.out, ran.err]
        return ran.code, ran.out, ran.err

    def refused(self, *arguments: str) -> str:
        """Run a command that fails; return what it says."""
        code, out, err = self(*arguments)
        assert (code, out) == (1, "")
        return err.removeprefix("error: ").rstrip("\n")

    def secret(self, system: str, variable: str) -> str:
        """Return the ARN of a secret."""
        found: str = stack.read(STACK, self.place.root).system(system).secrets[variable]
        return found

    def value(self, system: str, variable: str) -> str:
        """Return the current value of a secret."""
        manager = self.place.client("secretsmanager")
        return str(manager.get_secret_value(SecretId=self.secret(system, variable))["SecretString"])

    def passwords(self, system: str) -> int:
        """Return how many passwords the cache's user of a system has."""
        users = self.place.client("elasticache").describe_users()["Users"]
        return int(next(user for user in users if user["UserName"] == system)["Authentication"]["PasswordCount"])


def opens(story: Story, url: str) -> bool:
    """Tell whether a store takes the user and password of a URL."""
    parts = urlsplit(url)
    host, user, password = parts.hostname or "", parts.username or "", unquote(parts.password or "")
    found = standins.ask(story.place.account.url)
    (port,) = (number for (name, _), number in found.ports.items() if name == host)
    connection = socket.create_connection(("127.0.0.1", port))
    if parts.scheme.startswith("amqp"):
        asked = http.client.HTTPSConnection(host)
        asked.sock = found.context().wrap_socket(connection, server_hostname=host)
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        asked.request("GET", "/api/whoami", headers={"Authorization": f"Basic {pair}"})
        answer = json.loads(asked.getresponse().read())
        asked.close()
        # Who may log in and is no administrator is told so.
        return bool(answer.get("reason") == "Not management user")
    try:
        pg8000.native.Connection(
            user,
            host=host,
            password=password,
            database=parts.path.lstrip("/"),
            sock=connection,
            ssl_context=found.context(),
        ).close()
    except DatabaseError as error:
        assert error.args[0]["C"] in ("28P01", "28000"), error
        return False
    return True


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Both systems run their first release, and nothing was rotated yet."""
    with project(tmp_path_factory) as made:
        made.up()
        found = Story(made)
        found.leaked = {
            f"{system}:{variable}": found.value(system, variable)
            for system, variables in {
                "aprendeai": ("DB_PASSWORD", "DATABASE_URL", "RABBITMQ_URL", "REDIS_URL", "JWT_SECRET"),
                "equivalence": ("POSTGRES_PASSWORD", "DATABASE_URL", "REDIS_URL"),
            }.items()
            for variable in variables
        }
        yield found


@pytest.fixture(autouse=True)
def previewed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which stacks were previewed, in place of doing it: `up` follows, and says more."""
    shown: list[str] = []

    def show(found: Stack, root: object) -> int:
        shown.append(found.name)
        return 0

    monkeypatch.setattr(preview, "show", show)
    return shown


def test_secrets_are_listed_with_counters_and_readers_and_who_follows_whom(story: Story) -> None:
    code, out, err = story("secrets")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].split()[:2] == ["aprendeai", "AI_SERVICE_SECRET"]
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()}
    assert rows["DB_PASSWORD"] == ["1", "0", "d", "never", "api,", "worker,", "credentials", "function"]
    assert rows["REDIS_PASSWORD"] == ["1", "0", "d", "never", "in", "REDIS_URL"]
    assert rows["DATABASE_URL"] == ["0", "d", "with", "POSTGRES_PASSWORD", "api,", "worker,", "migration"]
    assert rows["REDIS_URL"][-5:] == ["api,", "worker,", "queue", "depth", "function"]
    assert rows["DATABASE_ADMIN_PASSWORD"] == ["1", "0", "d", "never", "credentials", "function"]
    assert rows["LLM_API_KEY"] == ["1", "version", "0", "d", "never", "api,", "worker"]
    assert rows["SENTRY_DSN"] == ["not", "set"]
    assert not any("_PREVIOUS" in line for line in out.splitlines()), "there is none before the first rotation"
    assert out.endswith("✓ no secret of stack local is overdue\n")


def test_no_value_is_read_for_the_list(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    client = Account.client

    def watched(self: Account, name: str, region: str | None = None, *, read_seconds: int | None = None) -> Any:  # noqa: ANN401 - a boto3 client
        made = client(self, name, region, read_seconds=read_seconds)
        made.meta.events.register("before-call.*.*", lambda model, **_: asked.append(model.name))
        return made

    monkeypatch.setattr(Account, "client", watched)
    assert story("secrets")[0] == 0
    assert "ListSecretVersionIds" in asked
    assert not {"GetSecretValue", "BatchGetSecretValue"} & set(asked)


def test_a_secret_that_is_overdue_ends_with_exit_code_1_and_what_to_do(story: Story) -> None:
    def edit(resources: list[dict[str, Any]]) -> None:
        facts = outputs_of(resources)["equivalence"]["rotation"]
        facts["POSTGRES_PASSWORD"]["dueDays"] = facts["LLM_API_KEY"]["dueDays"] = facts["API_KEY_SALT"]["dueDays"] = 30
        outputs_of(resources)["equivalence"]["secrets"]["EMBED_API_KEY"] += "-gone"

    with story.place.another("dated", edit):
        reports = secrets.reports(Account.open(), stack.read("dated", story.place.root))
        assert story("secrets", "--stack", "dated")[0] == 1, "for CI"
    problems = {}
    for days in (0, 29, 31):
        now = datetime.now(UTC) + timedelta(days=days)
        problems[days] = [problem for report in reports if (problem := report.problem("dated", now))]
    gone = "EMBED_API_KEY of equivalence isn't in Secrets Manager any more; run up for stack 'dated' again"
    assert problems[0] == problems[29] == [gone]
    texts = [problem.partition(": ")[2] for problem in problems[31]]
    assert texts == [
        "python -m operations rotate equivalence API_KEY_SALT --stack dated --confirm",
        "",
        "pulumi config set --secret equivalence:LLM_API_KEY --stack dated",
        "python -m operations rotate equivalence POSTGRES_PASSWORD --stack dated",
    ]
    assert "of equivalence has been due since " in problems[31][0]
    assert ", 30 days after its last change: " in problems[31][0]


def test_rotate_raises_counters_by_one_and_keeps_the_file_as_it_was(story: Story, previewed: list[str]) -> None:
    before = story.place.config.read_text()
    code, out, err = story("rotate", "aprendeai", *ROTATED["aprendeai"])
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        *(f"aprendeai:rotation.{variable} is 2 now, and was 1" for variable in ROTATED["aprendeai"]),
        "Nothing was deployed. Rotate by running up for stack 'local'",
        "What the stores took before stays valid until the next rotation; to end it sooner, after that: "
        "python -m operations retire aprendeai --stack local",
    ]
    assert previewed == [STACK]
    assert story.place.config.read_text() == before.replace(
        "  aprendeai:rotation: {JWT_SECRET: 1, AI_SERVICE_SECRET: 1, DB_PASSWORD: 1}\n",
        "  aprendeai:rotation: {JWT_SECRET: 2, AI_SERVICE_SECRET: 1, DB_PASSWORD: 2, REDIS_PASSWORD: 2, "
        "RABBITMQ_PASS: 2}\n",
    )
    assert story.passwords("aprendeai") == 1, "nothing was deployed"


def test_a_second_step_before_the_first_is_refused(story: Story) -> None:
    before = story.place.config.read_text()
    assert story.refused("rotate", "aprendeai", "JWT_SECRET", "AI_SERVICE_SECRET") == (
        "JWT_SECRET: aprendeai:rotation.JWT_SECRET is 2 in the stack's config and 1 in its state: one step at a time. "
        "Run up for stack 'local' first\n"
        "Nothing was changed"
    )
    assert story.place.config.read_text() == before


def test_a_preview_that_fails_is_told_and_the_counters_stay(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    before = story.place.config.read_text()
    monkeypatch.setattr(preview, "show", lambda *_: 1)
    code, _, err = story("rotate", "equivalence", "API_KEY_SALT", "--confirm")
    assert (code, err) == (1, "error: the preview failed; the counters stay as they are now\n")
    assert "equivalence:confirmRotation: {API_KEY_SALT: 2}\n" in story.place.config.read_text()
    story.place.config.write_text(before)


def test_retire_refuses_while_an_up_that_began_hasnt_ended(story: Story) -> None:
    def begin(resources: list[dict[str, Any]]) -> None:
        guard = next(one for one in resources if one["urn"].endswith("::aprendeai-rotations"))
        guard["outputs"]["counters"]["REDIS_PASSWORD"] = 2

    with story.place.another("begun", begin):
        assert story.refused("retire", "aprendeai", "--stack", "begun") == (
            "an `up` began to rotate REDIS_PASSWORD of aprendeai and didn't end: run up for stack 'begun' to its end, "
            "and try again. Nothing was ended"
        )


def test_retire_refuses_when_outputs_and_account_dont_fit_together(story: Story) -> None:
    again = "run up for stack 'odd' to its end, and try again. Nothing was ended"

    def older(resources: list[dict[str, Any]]) -> None:
        requests = outputs_of(resources)["aprendeai"]["credentials"]["requests"]
        request = json.loads(requests["rabbitmq"])
        request["password"]["version"] = "0" * 32
        requests["rabbitmq"] = json.dumps(request)

    def gone(resources: list[dict[str, Any]]) -> None:
        outputs_of(resources)["aprendeai"]["secrets"]["REDIS_URL"] += "-gone"

    with story.place.another("odd", older):
        assert story.refused("retire", "aprendeai", "--stack", "odd") == (
            f"rabbitmq was asked to accept another password than the current one: {again}"
        )
    with story.place.another("odd", gone):
        assert story.refused("retire", "aprendeai", "--stack", "odd") == (
            f"the secret of REDIS_URL isn't there any more: {again}"
        )


def test_retire_refuses_while_anything_runs_with_the_credentials_of_before(story: Story) -> None:
    place, ecs = story.place, story.place.client("ecs")
    service = story.place.service("aprendeai-api")
    old = service["taskDefinition"]
    override = {"name": "api", "environment": [{"name": "LOCALCLOUD_RUN_SECONDS", "value": "forever"}]}
    task = ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=old,
        launchType="FARGATE",
        networkConfiguration=service["networkConfiguration"],
        overrides={"containerOverrides": [override]},
    )["tasks"][0]["taskArn"].rsplit("/", 1)[-1]
    code, _, err = story("rotate", "equivalence", *ROTATED["equivalence"])
    assert (code, err) == (0, "")
    place.up()
    assert story.passwords("aprendeai") == 2

    family = old.rsplit("/", 1)[-1].rpartition(":")[0]
    running = (
        f"  task {task} (family:{family}): revision 1 reads DATABASE_URL, DB_PASSWORD, RABBITMQ_PASS, RABBITMQ_URL, "
        f"REDIS_URL as before; wait for its end, or stop it: aws ecs stop-task --cluster {CLUSTER} --task {task}"
    )
    said = "what was valid before the last rotation may still be used in aprendeai:"
    assert story.refused("retire", "aprendeai").splitlines() == [said, running, "Nothing was ended"]
    assert story.passwords("aprendeai") == 2
    ecs.stop_task(cluster=CLUSTER, task=task)

    new = story.place.service("aprendeai-worker")["taskDefinition"]
    ecs.update_service(cluster=CLUSTER, service="aprendeai-worker", taskDefinition=f"{new.rpartition(':')[0]}:1")
    refused = story.refused("retire", "aprendeai").splitlines()
    assert refused[1] == (
        "  service aprendeai-worker: revision 1 reads DATABASE_URL, DB_PASSWORD, RABBITMQ_PASS, RABBITMQ_URL, "
        "REDIS_URL as before; run up for stack 'local', and wait until the revision is gone"
    )
    assert refused[2].endswith("as before; wait for its end"), "the service's task is named too"
    ecs.update_service(cluster=CLUSTER, service="aprendeai-worker", desiredCount=0)
    refused = story.refused("retire", "aprendeai").splitlines()
    assert [line.split()[0] for line in refused[1:-1]] == ["service"], "its next task would start with the old ones"
    ecs.update_service(cluster=CLUSTER, service="aprendeai-worker", taskDefinition=new, desiredCount=1)


def test_retire_refuses_while_a_deployment_may_still_go_back(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_progress(answer: dict[str, Any]) -> None:
        last = answer["serviceDeployments"][0]
        if last["serviceArn"].rsplit("/", 1)[-1] in ("aprendeai-api", "aprendeai-frontend"):
            last["status"] = "IN_PROGRESS"

    edit(monkeypatch, "ecs", "ListServiceDeployments", in_progress)
    assert story.refused("retire", "aprendeai").splitlines()[1:-1] == [
        "  service aprendeai-api: its last deployment: in progress; wait for its end"
    ], "the frontend reads nothing of the stores"


def edit(
    monkeypatch: pytest.MonkeyPatch, service: str, operation: str, change: Callable[[dict[str, Any]], None]
) -> None:
    """Change what AWS answers to one operation."""
    client = Account.client

    def edited(self: Account, name: str, region: str | None = None, *, read_seconds: int | None = None) -> Any:  # noqa: ANN401 - a boto3 client
        made = client(self, name, region, read_seconds=read_seconds)
        if name == service:
            made.meta.events.register(f"after-call.{name}.{operation}", lambda parsed, **_: change(parsed))
        return made

    monkeypatch.setattr(Account, "client", edited)


def test_a_stopping_task_counts_until_it_has_stopped(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopping(answer: dict[str, Any]) -> None:
        for task in answer["tasks"]:
            if task["lastStatus"] == "STOPPED" and task["taskDefinitionArn"].endswith("-worker:1"):
                task["lastStatus"] = "DEACTIVATING"

    edit(monkeypatch, "ecs", "DescribeTasks", stopping)
    refused = story.refused("retire", "aprendeai").splitlines()
    assert all(line.endswith("as before; wait until it has stopped") for line in every(refused[1:-1]))


def test_what_the_function_says_is_handed_on_and_the_other_stores_wait(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = stack.read(STACK, story.place.root).system("aprendeai").rotation.function

    def other(resources: list[dict[str, Any]]) -> None:
        requests = outputs_of(resources)["aprendeai"]["credentials"]["requests"]
        requests["postgres"] = requests["postgres"].replace('"username": "aprendeai_2"', '"username": "stranger"')

    with story.place.another("wrong", other):
        refused = story.refused("retire", "aprendeai", "--stack", "wrong")
    assert refused == (
        f"postgres: the function {function} couldn't end aprendeai: event.username is 'stranger'; allowed: aprendeai "
        "or aprendeai_2"
    )
    assert story.passwords("aprendeai") == 2


def test_until_it_is_retired_the_credential_of_before_is_taken(story: Story) -> None:
    for variable in ("DATABASE_URL", "RABBITMQ_URL"):
        assert opens(story, story.leaked[f"aprendeai:{variable}"]), "old tasks go on"
        assert opens(story, story.value("aprendeai", variable))


def test_retire_ends_what_was_valid_before_the_last_rotation(story: Story) -> None:
    code, out, err = story("retire", "aprendeai")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "postgres: disable aprendeai",
        "rabbitmq: disable aprendeai",
        "redis: end the password before the current one",
    ]
    for variable in ("DATABASE_URL", "RABBITMQ_URL"):
        assert not opens(story, story.leaked[f"aprendeai:{variable}"])
        assert opens(story, story.value("aprendeai", variable)), "what runs goes on"
    assert story.passwords("aprendeai") == 1
    assert story.passwords("equivalence") == 2, "the other system's are its own affair"


def test_a_second_retire_has_nothing_left_to_do(story: Story) -> None:
    assert story("retire", "aprendeai") == (
        0,
        "postgres: nothing left to end; aprendeai_2 alone logs in\n"
        "rabbitmq: nothing left to end; aprendeai_2 alone logs in\n"
        "redis: nothing left to end\n",
        "",
    )


def test_pulumi_sees_nothing_of_a_retirement_not_even_after_a_refresh(story: Story) -> None:
    again = Project(story.place.root).stack(STACK, home=story.place.account.home)
    assert [change.name for change in succeed(again.preview(refresh=True)).changes] == []


def test_after_two_rotations_a_leaked_value_is_taken_nowhere(story: Story) -> None:
    for system, variables in ROTATED.items():
        code, _, err = story("rotate", system, *variables)
        assert (code, err) == (0, "")
    story.place.up()
    manager = story.place.client("secretsmanager")
    current = {
        secret["Name"]: manager.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        for page in manager.get_paginator("list_secrets").paginate()
        for secret in page["SecretList"]
    }
    assert any("jwt-secret-previous" in name for name in current)
    for url in (story.leaked["aprendeai:DATABASE_URL"], story.leaked["equivalence:DATABASE_URL"]):
        assert not opens(story, url)
        parts = urlsplit(url)
        assert not opens(story, url.replace(f"//{parts.username}:", f"//{parts.username}_2:")), "nor as the other user"
    assert not opens(story, story.leaked["aprendeai:RABBITMQ_URL"])
    passwords = [urlsplit(url).password for name, url in story.leaked.items() if name.endswith("_URL")]
    leaked = [*passwords, story.leaked["aprendeai:JWT_SECRET"]]
    assert not [name for name, value in current.items() for one in leaked if one and one in value]
    # ElastiCache tells no password, so that what it was given is looked at.
    state = Project(story.place.root).stack(STACK, home=story.place.account.home)
    users = [one for one in state.resources() if one.type == "aws:elasticache/user:User"]
    given = [password for user in users for password in to_python(user.inputs["passwords"])]
    assert len(given) == 6
    assert not set(given) & set(leaked)
    for system, variable in (
        ("aprendeai", "DATABASE_URL"),
        ("aprendeai", "RABBITMQ_URL"),
        ("equivalence", "DATABASE_URL"),
    ):
        assert opens(story, story.value(system, variable))
    assert story("status")[0] == 0


def test_a_retired_login_is_as_good_as_any_when_its_turn_comes(story: Story) -> None:
    assert urlsplit(story.value("aprendeai", "DATABASE_URL")).username == "aprendeai"
    assert story("retire", "aprendeai")[1].splitlines() == [
        "postgres: disable aprendeai_2",
        "rabbitmq: disable aprendeai_2",
        "redis: end the password before the current one",
    ]


def test_rotated_secrets_are_listed_with_the_values_before_them(story: Story) -> None:
    rows = {line.split()[0]: line.split()[1:] for line in story("secrets")[1].splitlines()}
    assert rows["JWT_SECRET_PREVIOUS"] == ["0", "d", "with", "JWT_SECRET", "api"]
    assert rows["RABBITMQ_PASS"][0] == "3"


def test_neither_a_command_nor_the_function_told_a_value(story: Story) -> None:
    logs = story.place.client("logs")
    lines = [
        event["message"] for event in logs.filter_log_events(logGroupName="/local/aprendeai/credentials")["events"]
    ]
    assert any("disable aprendeai" in line for line in lines), "the function did write what it does"
    text = "\n".join([*story.told, *lines])
    values = [story.value("aprendeai", variable) for variable in ("DB_PASSWORD", "JWT_SECRET", "REDIS_URL")]
    hidden = [urlsplit(value).password or value for value in [*story.leaked.values(), *values]]
    assert not [secret for secret in hidden if secret in text]
