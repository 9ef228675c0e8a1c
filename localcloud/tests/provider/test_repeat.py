"""Creates whose answers a kill took: found again and finished, never done twice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.engine.requests import CreateRequest
from localcloud.provider import LocalProvider, ProviderError
from localcloud.provider.session import Session
from localcloud.provider.values import wrap_map

VPC = "aws:ec2/vpc:Vpc"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def _request(token: str, inputs: dict[str, Any], stands_for: str) -> CreateRequest:
    request = CreateRequest(f"urn:pulumi:test::demo::{token}::thing", wrap_map(inputs, set()), 0, False)
    request.token = stands_for
    return request


def _found(provider: LocalProvider, request: CreateRequest) -> str | None:
    answer = asyncio.run(provider.find(request))
    return answer.resource_id if answer else None


def _vpcs(aws: Session) -> list[str]:
    return [vpc["VpcId"] for vpc in aws.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]


def test_what_a_create_made_is_found_without_any_name(driver: Callable[..., Any], aws: Session) -> None:
    inputs = {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}
    made = asyncio.run(driver().provider.create(_request(VPC, inputs, "one")))
    # The process that comes after a kill has a provider of its own.
    assert _found(driver().provider, _request(VPC, inputs, "one")) == made.resource_id
    assert _vpcs(aws) == [made.resource_id]


def test_what_never_began_is_not_found_and_not_made(driver: Callable[..., Any], aws: Session) -> None:
    inputs = {"cidrBlock": "10.0.0.0/16"}
    asyncio.run(driver().provider.create(_request(VPC, inputs, "one")))
    assert _found(driver().provider, _request(VPC, inputs, "another")) is None
    assert _found(driver("random").provider, _request("random:index/randomId:RandomId", {"byteLength": 4}, "a")) is None
    assert len(_vpcs(aws)) == 1


def test_two_creates_of_the_same_inputs_are_two(driver: Callable[..., Any], aws: Session) -> None:
    for stands_for in ("one", "two"):
        asyncio.run(driver().provider.create(_request(VPC, {"cidrBlock": "10.0.0.0/16"}, stands_for)))
    assert len(_vpcs(aws)) == 2


def test_a_create_that_was_half_done_is_finished(
    driver: Callable[..., Any], aws: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _request(LOG_GROUP, {"name": "/x", "retentionInDays": 7}, "one")
    first = driver().provider
    logs = first.session.client("logs")

    def killed(**_: object) -> None:
        raise LookupError("killed here")

    monkeypatch.setattr(logs, "put_retention_policy", killed)
    with pytest.raises(ProviderError, match="killed here"):
        asyncio.run(first.create(asked))
    assert "retentionInDays" not in aws.client("logs").describe_log_groups()["logGroups"][0]
    assert _found(driver().provider, asked) == "/x"
    (group,) = aws.client("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 7


def test_a_refused_call_is_made_again(driver: Callable[..., Any], aws: Session) -> None:
    asked = _request("aws:ec2/subnet:Subnet", {"vpcId": "vpc-0", "cidrBlock": "10.0.0.0/24"}, "one")
    with pytest.raises(ProviderError, match=r"InvalidVpcID\.NotFound"):
        asyncio.run(driver().provider.create(asked))
    assert _found(driver().provider, asked) is None
