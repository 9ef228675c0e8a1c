"""What Lambda calls, once a minute."""

import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .depth import Depth, metric_data
from .redis_reading import LoginRefusedError, QueueDepthError, read_depths


def handler(event: object, context: object) -> dict[str, Any]:
    """Read the depth of a system's RQ queues and publish it.

    What it needs to know is in its environment: `REDIS_SECRET_ARN` (the secret of the URL; its current version is
    read), `NAMESPACE`, `SYSTEM`, `ENVIRONMENT`, and `QUEUES`, names with commas between them.

    Args:
        event: what the schedule sends; not looked at.
        context: Lambda's; not looked at.

    Returns:
        Each queue's numbers by its name, for who calls it by hand.

    Raises:
        QueueDepthError: when the secret or the queues can't be read. Then nothing is published, so that nobody takes
            what isn't known for an empty queue.
    """
    del event, context
    # At DEBUG botocore writes every answer, the value of a secret among them.
    logging.getLogger("botocore").setLevel(logging.INFO)
    environment = _environment(os.environ)
    now = datetime.now(UTC)
    named = [name for name in environment["QUEUES"].split(",") if name]
    depths = _depths(environment["REDIS_SECRET_ARN"], named, now)
    cloudwatch = boto3.client("cloudwatch")
    dimensions = {"System": environment["SYSTEM"], "Environment": environment["ENVIRONMENT"]}
    for data in metric_data(depths, dimensions, now):
        cloudwatch.put_metric_data(Namespace=environment["NAMESPACE"], MetricData=data)
    return {name: asdict(depth) for name, depth in depths.items()}


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    names = ("REDIS_SECRET_ARN", "NAMESPACE", "SYSTEM", "ENVIRONMENT", "QUEUES")
    if missing := [name for name in names if name not in given]:
        raise QueueDepthError(f"the function's environment has no {', '.join(missing)}")
    return {name: given[name] for name in names}


def _depths(arn: str, named: list[str], now: datetime) -> dict[str, Depth]:
    """Read with the current URL; with the one before, where the cache doesn't take the new login yet or any more."""
    try:
        return read_depths(_secret(arn, "AWSCURRENT"), named, now)
    except LoginRefusedError as refused:
        try:
            before = _secret(arn, "AWSPREVIOUS")
        except QueueDepthError:  # there is none
            raise refused from None
        return read_depths(before, named, now)


def _secret(arn: str, stage: str) -> str:
    try:
        answer = boto3.client("secretsmanager").get_secret_value(SecretId=arn, VersionStage=stage)
    except ClientError as error:
        raise QueueDepthError(f"{arn}: reading the secret failed: {error.response['Error']['Code']}") from None
    except BotoCoreError as error:
        raise QueueDepthError(f"{arn}: reading the secret failed: {type(error).__name__}") from None
    return str(answer["SecretString"])
