"""`retire`: ends what was valid before the last rotation at a system's stores, once nothing uses it any more."""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.exceptions import ClientError

from components.core.inert import inert
from components.core.polling import poll
from functions.credentials.events import Action, Request
from operations.account import deployments, revisions, secret_versions, services
from operations.account.account import Account, in_batches
from operations.account.revisions import Revision
from operations.commands import shell, target
from operations.errors import OperationError
from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow
from operations.state.stack import Stack, System

#: How many tasks a call takes: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
_TASKS_PER_CALL = 100
#: How long the function's answer is waited for, in seconds: it may take 300, and botocore gives up after 60.
_ANSWER_SECONDS = 330
#: How long ElastiCache may take to change a user, in seconds.
_USER_SECONDS = 300


def permissions(scope: Scope) -> list[Statement]:
    """Return what the command needs."""
    systems = scope.stack.systems.values()
    functions = (system.rotation.function for system in systems)
    users = (system.rotation.cache_user for system in systems)
    passwords = [arn for system in systems if system.rotation.cache_user for _, arn in _cache_secrets(system)]
    return [
        *secret_versions.permissions(scope),
        *services.description_permissions(scope),
        *deployments.permissions(scope),
        *shell.task_list_permissions(scope),
        allow("ecs:DescribeTasks", scope.in_ecs("task"), scope.in_cluster),
        allow("lambda:InvokeFunction", scope.arns("lambda", (f"function:{name}" for name in functions if name))),
        allow(
            "elasticache:DescribeUsers elasticache:ModifyUser",
            scope.arns("elasticache", (f"user:{user}" for user in users if user)),
        ),
        allow("secretsmanager:GetSecretValue", passwords),
        # Secrets Manager names the secret to the key:
        # https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
        allow(
            "kms:Decrypt",
            (scope.resources.key,) if scope.resources.key and passwords else (),
            {
                "StringEquals": {
                    "kms:ViaService": f"secretsmanager.{scope.region}.amazonaws.com",
                    "kms:EncryptionContext:SecretARN": passwords,
                }
            },
        ),
    ]


def _cache_secrets(system: System) -> Iterator[tuple[str, str]]:
    """Yield (kind, ARN) of each secret that is or holds the password of the system's cache."""
    for variable, facts in system.rotation.secrets.items():
        if facts.store == "redis" and variable in system.secrets:
            yield facts.kind, system.secrets[variable]


def main(options: argparse.Namespace) -> int:
    """End what was valid before the last rotation; harmless when nothing is left of it. Print a line a store.

    With `--force`, for an emergency: also while it may be in use, and with the sessions of the current logins.

    Raises:
        OperationError: something may still use it (nothing was ended then), or a store refused.
    """
    account, stack = target.account_and_stack(options)
    system = stack.system(options.system)
    current = _current(account, stack, system)
    if not options.force:
        _refuse_in_use(account, stack, system, current)
    action = Action.RETIRE_BY_FORCE if options.force else Action.RETIRE
    for store, request in sorted(system.rotation.requests.items()):
        done, unexpected = _invoke(account, system, store, replace(request, action=action))
        text = ", ".join(done) or f"nothing left to end; {request.username} alone logs in"
        print(inert(f"{store}: {text}"), flush=True)
        for found in unexpected:
            print(inert(f"{store}: not made by this program: {found}"), flush=True)
    if system.rotation.cache_user is not None:
        ended = _end_old_password(account, stack, system, system.rotation.cache_user, current)
        print("redis: " + ("end the password before the current one" if ended else "nothing left to end"), flush=True)
    return 0


def _current(account: Account, stack: Stack, system: System) -> dict[str, str]:
    """Return the current version of each secret that is or holds a store's password, by ARN.

    Raises:
        OperationError: the stack's outputs and the account don't fit together: an `up` didn't end.
    """
    system.rotation.require(system.name, stack.name)
    again = f"run up for stack {stack.name!r} to its end, and try again. Nothing was ended"
    if unfinished := system.rotation.unfinished:
        raise OperationError(
            f"an `up` began to rotate {', '.join(unfinished)} of {system.name} and didn't end: {again}"
        )
    found = {}
    for variable, facts in system.rotation.secrets.items():
        arn = system.secrets.get(variable)
        if facts.store is None or arn is None:
            continue
        version = next((one for one in secret_versions.of_secret(account, arn) or () if one.current), None)
        if version is None:
            raise OperationError(f"the secret of {variable} isn't there any more: {again}")
        found[arn] = version.id
    for store, request in system.rotation.requests.items():
        if found.get(request.password.secret) != request.password.version:
            raise OperationError(f"{store} was asked to accept another password than the current one: {again}")
    return found


def _refuse_in_use(account: Account, stack: Stack, system: System, current: Mapping[str, str]) -> None:
    """Refuse while anything runs, or may be started again, with other versions than the current ones.

    Raises:
        OperationError: naming each service and task, and what to do about it.
    """
    in_use = [*_services_in_use(account, stack, system, current), *_tasks_in_use(account, stack, current)]
    if in_use:
        raise OperationError(
            f"what was valid before the last rotation may still be used in {system.name}:\n"
            + "\n".join(f"  {item}" for item in in_use)
            + "\nNothing was ended"
        )


def _services_in_use(account: Account, stack: Stack, system: System, current: Mapping[str, str]) -> Iterator[str]:
    ecs = account.client("ecs")
    for name, service in sorted(services.describe_all(account, stack, list(system.services.values())).items()):
        # A service that has no task now starts its next one from what its deployments name.
        found = [revisions.describe(ecs, deployment["taskDefinition"]) for deployment in service["deployments"]]
        for one in found:
            if old := _outdated(one, current):
                yield (
                    f"service {name}: revision {one.number} reads {old} as before; run up for stack {stack.name!r}, "
                    "and wait until the revision is gone"
                )
        if not any(secret.arn in current for one in found for secret in one.secrets):
            continue
        # Until it has completed it may fail, and then the revision before it is started again:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
        last = deployments.last_of(ecs, stack.cluster, name)
        if last is not None and not last.settled:
            yield f"service {name}: its last deployment: {last.outcome}; wait for its end"


def _tasks_in_use(account: Account, stack: Stack, current: Mapping[str, str]) -> Iterator[str]:
    ecs = account.client("ecs")
    pages = ecs.get_paginator("list_tasks")
    arns = [
        arn
        # A task that is told to stop goes on until its stop timeout is over.
        for status in ("RUNNING", "STOPPED")
        for page in pages.paginate(cluster=stack.cluster, desiredStatus=status)
        for arn in page["taskArns"]
    ]
    for batch in in_batches(arns, _TASKS_PER_CALL):
        for task in ecs.describe_tasks(cluster=stack.cluster, tasks=batch)["tasks"]:
            if task["lastStatus"] == "STOPPED":
                continue
            found = revisions.describe(ecs, task["taskDefinitionArn"])
            if old := _outdated(found, current):
                id = task["taskArn"].rsplit("/", 1)[-1]
                whose = task.get("group") or f"family:{found.family}"
                advice = (
                    "wait until it has stopped"
                    if task["desiredStatus"] == "STOPPED"
                    else "wait for its end"
                    if whose.startswith("service:")
                    else f"wait for its end, or stop it: aws ecs stop-task --cluster {stack.cluster} --task {id}"
                )
                yield f"task {id} ({whose}): revision {found.number} reads {old} as before; {advice}"


def _outdated(revision: Revision, current: Mapping[str, str]) -> str:
    """Return the variables that a revision reads in another version than the current one, or nothing."""
    return ", ".join(
        secret.variable for secret in revision.secrets if current.get(secret.arn, secret.version) != secret.version
    )


def _invoke(account: Account, system: System, store: str, request: Request) -> tuple[list[str], list[str]]:
    """Have the function retire the other login of a store; return what it changed, and what it didn't expect there."""
    client = account.client("lambda", read_seconds=_ANSWER_SECONDS)
    answer = client.invoke(
        FunctionName=system.rotation.function,
        Payload=json.dumps(request.to_event(), sort_keys=True),
    )
    payload = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        reason = (payload or {}).get("errorMessage") or answer["FunctionError"]
        raise OperationError(f"{store}: the function {system.rotation.function} couldn't end {request.other}: {reason}")
    return [str(step) for step in payload["done"]], [str(found) for found in payload.get("unexpected") or ()]


def _end_old_password(account: Account, stack: Stack, system: System, user_id: str, current: Mapping[str, str]) -> bool:
    """Leave the cache's user its current password alone; tell whether it had another."""
    client = account.client("elasticache")
    if _unchanging_user(client, user_id)["Authentication"].get("PasswordCount", 0) < 2:
        return False
    password = _cache_password(account, system, current)
    # An `up` may have begun in the meantime. It makes new versions before it changes the user.
    if _current(account, stack, system) != current:
        raise OperationError("redis: another rotation has begun since; let its `up` end, then retire again")
    try:
        client.modify_user(UserId=user_id, Passwords=[password])
    except ClientError as error:
        # AWS's message may quote the password.
        code = error.response["Error"]["Code"]
        raise OperationError(f"redis: ElastiCache refused the change of user {user_id}: {code}") from None
    _unchanging_user(client, user_id)
    return True


def _unchanging_user(client: Any, user_id: str) -> dict[str, Any]:  # noqa: ANN401 - a boto3 client
    """Return the cache's user once no change of it is in progress."""
    for _ in poll(_USER_SECONDS):
        user: dict[str, Any] = client.describe_users(UserId=user_id)["Users"][0]
        if user["Status"] != "modifying":
            return user
    raise OperationError(f"redis: ElastiCache still changes user {user_id} after {_USER_SECONDS} s; try again later")


def _cache_password(account: Account, system: System, current: Mapping[str, str]) -> str:
    """Return the cache's current password, from the secret that is it or from the URL that holds it."""
    for kind, arn in _cache_secrets(system):
        client = account.client("secretsmanager", arn.split(":")[3])
        value = str(client.get_secret_value(SecretId=arn, VersionId=current[arn])["SecretString"])
        password = unquote(urlsplit(value).password or "") if kind == "composed" else value
        if password:
            return password
    raise OperationError(f"redis: no secret of {system.name} holds the cache's password")
