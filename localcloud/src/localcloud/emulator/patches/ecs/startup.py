"""Whether a task could start, and the reason that ECS gives when not.

moto starts every task. Here one starts only if its image is in the registry, its secrets are there in the versions
that it names, its log group exists and ECS may take on its execution role. The reasons are worded as ECS words them:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

import json
import re
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecr.models import ecr_backends
from moto.ecs.models import TaskDefinition
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from localcloud.emulator.patches.ecs.definitions import containers_of

#: An image in a registry of ECR: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push.html
_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]+))?"
)
#: `arn:…:secret:<name>[:<json key>:<version stage>:<version id>]`:
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
_SECRET = re.compile(
    r"(?P<arn>arn:[^:]+:secretsmanager:(?P<region>[^:]+):(?P<account>\d+):secret:[^:]+)"
    r"(?::(?P<key>[^:]*):(?P<stage>[^:]*):(?P<version>[^:]*))?"
)
_PARAMETER = re.compile(r"arn:[^:]+:ssm:(?P<region>[^:]+):(?P<account>\d+):parameter(?P<name>/.+)")

_PULL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "


def refusal(definition: TaskDefinition, account: str, region: str) -> str | None:
    """Return why a task of this definition can't start, as its `stoppedReason`, or None when it can."""
    for container in containers_of(definition):
        reason = (
            _image_refusal(str(container.get("image", "")))
            or _secrets_refusal(container, account, region)
            or _log_refusal(container, account, region)
        )
        if reason:
            return reason
    return None


def role_refusal(definition: TaskDefinition, account: str) -> str | None:
    """Return why ECS can't take on the roles of a task definition, or None when it can."""
    for name in ("execution_role_arn", "task_role_arn"):
        arn = getattr(definition, name, None)
        if arn and not trusts(str(arn), account, "ecs-tasks.amazonaws.com"):
            return (
                f"ECS was unable to assume the role '{arn}' that was provided for this task. Please verify that the "
                "role being passed has the proper trust relationship and permissions and that your IAM user has "
                "permissions to pass this role."
            )
    return None


def trusts(arn: str, account: str, service: str) -> bool:
    """Tell whether a role is there and lets an AWS service take it on."""
    backend = iam_backends[account]["aws"]
    role = next((one for one in backend.get_roles() if arn in (one.arn, one.name)), None)
    if role is None:
        return False
    statements = json.loads(role.assume_role_policy_document).get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        if statement.get("Effect") == "Allow" and service in (services if isinstance(services, list) else [services]):
            return True
    return False


def _image_refusal(image: str) -> str | None:
    match = _ECR_IMAGE.fullmatch(image)
    if match is None:
        return None  # another registry, which isn't emulated
    repository = ecr_backends[match["account"]][match["region"]].repositories.get(match["repository"])
    if repository is None:
        return (
            f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: "
            "pulling from host failed with status code: the repository with name "
            f"'{match['repository']}' does not exist in the registry with id '{match['account']}'"
        )
    tag = match["tag"] or (None if match["digest"] else "latest")
    for one in repository.images:
        if match["digest"] and one.get_image_digest() == match["digest"]:
            return None
        if not match["digest"] and tag in one.image_tags:
            return None
    return (
        f"CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {image}: "
        f"{image}: not found"
    )


def _secrets_refusal(container: dict[str, Any], account: str, region: str) -> str | None:
    for secret in container.get("secrets") or []:
        value_from = str(secret.get("valueFrom", ""))
        try:
            reason = _secret_refusal(value_from, account, region)
        except (ServiceException, KeyError) as error:
            reason = f"{type(error).__name__}: {error}"
        if reason:
            return reason
    return None


def _secret_refusal(value_from: str, account: str, region: str) -> str | None:
    match = _SECRET.fullmatch(value_from)
    if match is None:
        return _parameter_refusal(value_from, account, region)
    asm = f"{_PULL}unable to retrieve secret from asm: "
    store = secretsmanager_backends[match["account"]][match["region"]]
    fetching = (
        f"{asm}service call has been retried 1 time(s): failed to fetch secret {match['arn']} from secrets manager: "
    )
    secret = store.secrets.get(match["arn"])
    if secret is None:
        return f"{fetching}ResourceNotFoundException: Secrets Manager can't find the specified secret."
    if secret.is_deleted():
        return (
            f"{fetching}InvalidRequestException: You can't perform this operation on the secret because it was marked "
            "for deletion."
        )
    stage, version_id = match["stage"], match["version"]
    version = (
        secret.versions.get(version_id)
        if version_id
        else next((v for v in secret.versions.values() if (stage or "AWSCURRENT") in v["version_stages"]), None)
    )
    if version is None:
        which = f"VersionId: {version_id}" if version_id else f"staging label: {stage or 'AWSCURRENT'}"
        return f"{fetching}ResourceNotFoundException: Secrets Manager can't find the specified secret value for {which}"
    if match["key"]:
        text = version.get("secret_string") or ""
        try:
            document = json.loads(text)
        except ValueError:
            document = None
        if not isinstance(document, dict) or match["key"] not in document:
            return f"{asm}retrieved secret from Secrets Manager did not contain json key {match['key']}"
    return None


def _parameter_refusal(value_from: str, account: str, region: str) -> str | None:
    match = _PARAMETER.fullmatch(value_from)
    name = value_from
    if match is not None:
        account, region, name = match["account"], match["region"], match["name"]
    elif value_from.startswith("arn:"):
        return f"{_PULL}unable to retrieve secrets: invalid resource {value_from}"
    store = ssm_backends[account][region]
    if store.get_parameters([name]) or store.get_parameters([name.removeprefix("/")]):
        return None
    return (
        f"{_PULL}unable to retrieve secrets from ssm: service call has been retried 1 time(s): "
        f"invalid parameters: {name}"
    )


def _log_refusal(container: dict[str, Any], account: str, region: str) -> str | None:
    log = container.get("logConfiguration") or {}
    options = log.get("options") or {}
    if log.get("logDriver") != "awslogs" or str(options.get("awslogs-create-group", "")).lower() == "true":
        return None
    group = str(options.get("awslogs-group", ""))
    if group in logs_backends[account][str(options.get("awslogs-region") or region)].groups:
        return None
    return (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed "
        "to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.: exit "
        "status 1"
    )
