"""Certificate Manager over its life."""

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.provider.aws import acm
from localcloud.provider.session import Session
from support.driver import Driver, Life
from support.every import every

Crud = Callable[..., Life]
_CERTIFICATE = "aws:acm/certificate:Certificate"
_VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
_HOSTS = ["a.example.com", "b.example.com"]


def _zone(aws: Session, name: str) -> str:
    answer = aws.client("route53").create_hosted_zone(Name=name, CallerReference=name)
    return str(answer["HostedZone"]["Id"]).removeprefix("/hostedzone/")


def _prove(drive: Driver, zone: str, state: dict[str, Any]) -> list[str]:
    names = []
    for option in state["domainValidationOptions"]:
        _, record = drive.create(
            "aws:route53/record:Record",
            {
                "zoneId": zone,
                "name": option["resourceRecordName"],
                "type": option["resourceRecordType"],
                "records": [option["resourceRecordValue"]],
                "ttl": 60,
                "allowOverwrite": True,
            },
        )
        names.append(record["fqdn"])
    return names


def test_a_certificate_tells_the_records_that_prove_its_names(crud: Crud) -> None:
    life = crud(
        _CERTIFICATE,
        {
            "domainName": _HOSTS[0],
            "subjectAlternativeNames": _HOSTS[1:],
            "validationMethod": "DNS",
            "options": {"certificateTransparencyLoggingPreference": "ENABLED"},
            "tags": {"a": "b"},
        },
        {"tags": {"a": "c"}},
    )
    assert life.created["status"] == "PENDING_VALIDATION", "nothing proves the names yet"
    options = life.created["domainValidationOptions"]
    assert [option["domainName"] for option in options] == _HOSTS
    for option in every(options):
        assert option["resourceRecordType"] == "CNAME"
        assert option["resourceRecordName"].endswith(f".{option['domainName']}.")
        assert option["resourceRecordValue"].endswith(".acm-validations.aws.")


def test_a_domain_has_the_same_record_for_all_its_certificates(driver: Callable[..., Driver]) -> None:
    drive = driver()
    first, second = (
        drive.create(_CERTIFICATE, {"domainName": _HOSTS[0], "validationMethod": "DNS"})[1] for _ in range(2)
    )
    assert first["arn"] != second["arn"]
    assert first["domainValidationOptions"] == second["domainValidationOptions"]


def test_a_certificate_is_issued_once_its_records_stand(driver: Callable[..., Driver], aws: Session) -> None:
    drive = driver()
    inputs = {"domainName": _HOSTS[0], "subjectAlternativeNames": _HOSTS[1:], "validationMethod": "DNS"}
    id, state = drive.create(_CERTIFICATE, inputs)
    names = _prove(drive, _zone(aws, "example.com"), state)
    wait = {"certificateArn": id, "validationRecordFqdns": names}
    drive.create(_VALIDATION, wait)
    _, live, _ = drive.read(_CERTIFICATE, id, state, inputs)
    assert live["status"] == "ISSUED"
    assert live["notAfter"] > live["notBefore"]


def test_validation_in_a_wrong_zone_fails_and_says_what_is_missing(
    driver: Callable[..., Driver], aws: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acm, "VALIDATION_SECONDS", 0.2)
    drive = driver()
    id, state = drive.create(_CERTIFICATE, {"domainName": _HOSTS[0], "validationMethod": "DNS"})
    zone = _zone(aws, "example.org")
    record = state["domainValidationOptions"][0]
    drive.create(
        "aws:route53/record:Record",
        {"zoneId": zone, "name": record["resourceRecordName"], "type": "CNAME", "records": ["x."], "ttl": 60},
    )
    with pytest.raises(Exception, match=r"still PENDING_VALIDATION.*not proven: a.example.com"):
        drive.create(_VALIDATION, {"certificateArn": id})


def test_validation_names_the_record_that_the_program_left_out(driver: Callable[..., Driver]) -> None:
    drive = driver()
    id, _ = drive.create(
        _CERTIFICATE, {"domainName": _HOSTS[0], "subjectAlternativeNames": _HOSTS[1:], "validationMethod": "DNS"}
    )
    with pytest.raises(Exception, match=r"missing a.example.com DNS validation record: _"):
        drive.create(_VALIDATION, {"certificateArn": id, "validationRecordFqdns": []})
