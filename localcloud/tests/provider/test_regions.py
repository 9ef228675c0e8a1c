"""Regional resources, and the region that they say."""

import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import pulumi_aws
import pytest

from localcloud.provider import base, load
from localcloud.provider.regions import regional
from localcloud.provider.session import Session
from support.every import every

TOPIC = "aws:sns/topic:Topic"
ROLE = "aws:iam/role:Role"
TRUST = '{"Version": "2012-10-17", "Statement": []}'


def test_the_types_with_a_region_are_those_of_the_sdk() -> None:
    load("aws")
    modules = {info.name.rstrip("_"): info.name for info in pkgutil.iter_modules(pulumi_aws.__path__)}
    for token in every(base.types()):
        package, path, name = token.split(":")
        if package != "aws":
            continue
        module = getattr(pulumi_aws, modules[path.partition("/")[0]])
        assert ("region" in dict(inspect.getmembers(getattr(module, name)))) == regional(token), token


def test_a_resource_gets_the_region_of_its_provider(driver: Callable[..., Any]) -> None:
    drive = driver()
    asked = drive.check(TOPIC, {})
    assert asked["region"] == "us-east-1"
    assert drive.create(TOPIC, asked)[1]["region"] == "us-east-1"


def test_a_resource_lives_in_the_region_that_it_says(crud: Callable[..., Any], aws: Session) -> None:
    def look(id: str, state: dict[str, Any]) -> None:
        assert aws.client("sns").list_topics()["Topics"] == []
        assert aws.client("sns", "eu-west-1").list_topics()["Topics"] == [{"TopicArn": id}]

    life = crud(TOPIC, {"region": "eu-west-1"}, {"displayName": "Alarms"}, look=look)
    assert life.id.split(":")[3] == life.created["region"] == "eu-west-1"


def test_another_region_replaces(driver: Callable[..., Any]) -> None:
    drive = driver()
    old, new = drive.check(TOPIC, {}), drive.check(TOPIC, {"region": "eu-west-1"})
    id, state = drive.create(TOPIC, old)
    assert drive.diff(TOPIC, id, state, old, {**new, "name": old["name"]}).replaces == ["region"]


def test_a_state_without_a_region_is_in_the_providers(driver: Callable[..., Any]) -> None:
    drive = driver()
    asked = drive.check(TOPIC, {})
    id, state = drive.create(TOPIC, asked)
    before = {key: value for key, value in asked.items() if key != "region"}
    assert not drive.diff(TOPIC, id, state, before, asked).changes


@pytest.mark.parametrize("token", [ROLE, "aws:route53/zone:Zone"])
def test_a_global_resource_has_none(driver: Callable[..., Any], token: str) -> None:
    drive = driver()
    inputs = {"assumeRolePolicy": TRUST} if token == ROLE else {"name": "example.com"}
    assert "region" not in drive.create(token, drive.check(token, inputs))[1]


def test_an_invoke_asks_the_region_that_it_says(driver: Callable[..., Any], aws: Session) -> None:
    arn = aws.client("acm", "eu-west-1").request_certificate(DomainName="example.com")["CertificateArn"]
    wanted = {"domain": "example.com", "statuses": ["PENDING_VALIDATION"], "region": "eu-west-1"}
    assert driver().invoke("aws:acm/getCertificate:getCertificate", wanted)["arn"] == arn
