"""The certificate, its proof, and the names that it is for."""

from typing import Any

import pulumi
import pytest

from components.ingress.alias_record import AliasRecord, AliasRecordArgs
from components.ingress.certificate import Certificate, CertificateArgs, validation_names
from components.ingress.hosted_zone import HostedZone, HostedZoneArgs
from tests.components.foundation import record_foundation
from tests.components.recording import TAGS, Recording, record
from tests.every import every

ZONES = {"aprendeai.com": "Z-APRENDEAI", "equivalence.io": "Z-EQUIVALENCE"}


def _args(**overrides: object) -> CertificateArgs:
    values: dict[str, Any] = {
        "hosts": {
            "app.aprendeai.com": "aprendeai.com",
            "api.aprendeai.com": "aprendeai.com",
            "api.equivalence.io": "equivalence.io",
        },
        "zones": ZONES,
        "tags": TAGS,
    }
    return CertificateArgs(**{**values, **overrides})


def _record(**overrides: object) -> Recording:
    return record_foundation(lambda: Certificate("cert", _args(**overrides)))


def test_one_certificate_covers_every_host() -> None:
    certificate = _record().named("cert-certificate").inputs
    assert certificate["domainName"] == "api.aprendeai.com"
    assert certificate["subjectAlternativeNames"] == ["api.equivalence.io", "app.aprendeai.com"]
    assert certificate["validationMethod"] == "DNS"


def test_the_order_in_which_hosts_are_named_changes_nothing() -> None:
    hosts = dict(reversed(list(_args().hosts.items())))
    certificates = [_record().named("cert-certificate"), _record(hosts=hosts).named("cert-certificate")]
    assert certificates[0].inputs == certificates[1].inputs, "another order would replace the certificate"


def test_a_certificate_of_one_host_has_no_further_names() -> None:
    certificate = _record(hosts={"api.equivalence.io": "equivalence.io"}).named("cert-certificate").inputs
    assert "subjectAlternativeNames" not in certificate


def test_each_host_is_proven_in_its_own_zone() -> None:
    records = {r.name: r.inputs for r in _record().of("aws:route53/record:Record")}
    assert {name: (r["zoneId"], r["name"], r["type"], r["records"]) for name, r in records.items()} == {
        f"cert-validation-{host}": (
            ZONES[zone],
            f"_proof.{host}",
            "CNAME",
            [f"_{host}.acm-validations.aws"],
        )
        for host, zone in _args().hosts.items()
    }


def test_a_wildcard_and_its_name_share_one_record() -> None:
    hosts = dict.fromkeys(["aprendeai.com", "*.aprendeai.com", "*.dev.aprendeai.com"], "aprendeai.com")
    names = sorted(r.inputs["name"] for r in _record(hosts=hosts).of("aws:route53/record:Record"))
    assert names == ["_proof.aprendeai.com", "_proof.dev.aprendeai.com"], "a second record of one name can't be created"


def test_a_new_certificate_changes_no_record() -> None:
    for proof in every(_record().of("aws:route53/record:Record")):
        assert proof.ignore_changes == ("name", "type", "records"), "a preview would announce a replacement"


def test_the_host_that_stands_for_a_shared_record_is_always_the_same() -> None:
    assert validation_names(["b.io", "*.a.io", "a.io"]) == {"a.io": "*.a.io", "b.io": "b.io"}
    assert validation_names(["a.io", "b.io", "*.a.io"]) == {"a.io": "*.a.io", "b.io": "b.io"}


def test_the_arn_is_given_once_every_name_is_proven() -> None:
    recording = _record()
    validation = recording.named("cert-validation")
    assert sorted(validation.inputs["validationRecordFqdns"]) == sorted(f"_proof.{host}" for host in _args().hosts)
    assert recording.outputs_of("cert")["certificate_arn"] == validation.inputs["certificateArn"]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"hosts": {}}, "hosts is {}; allowed: one name or more; name what the load balancer answers to"),
        (
            {"hosts": {"API.aprendeai.com": "aprendeai.com"}},
            "hosts is 'API.aprendeai.com'; allowed: a domain name in lower case, without a final dot; write it like "
            "example.com",
        ),
        (
            {"hosts": {"api.example.com": "example.com"}},
            "the zone of api.example.com is 'example.com'; allowed: the zones given (aprendeai.com, equivalence.io); "
            "give the zone's id in zones",
        ),
        (
            {"hosts": {"api.notaprendeai.com": "aprendeai.com"}},
            "hosts is 'api.notaprendeai.com'; allowed: aprendeai.com and names that end in .aprendeai.com; name the "
            "zone that it is in",
        ),
        (
            {"hosts": {f"{'a' * 52}.aprendeai.com": "aprendeai.com"}},
            f"hosts is '{'a' * 52}.aprendeai.com'; allowed: at least one name of 64 characters or fewer; add a shorter "
            f"name",
        ),
    ],
)
def test_a_name_that_could_never_be_proven_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_a_long_name_is_taken_beside_a_short_one() -> None:
    hosts = dict.fromkeys([f"{'a' * 52}.aprendeai.com", "api.aprendeai.com"], "aprendeai.com")
    assert _args(hosts=hosts).first_name == "api.aprendeai.com"


def test_a_host_means_the_load_balancer() -> None:
    args = AliasRecordArgs(
        host="api.equivalence.io", zone_id="Z-EQUIVALENCE", target_dns_name="lb.example", target_zone_id="Z-ELB"
    )
    alias = record(lambda: AliasRecord("api", args)).named("api-record").inputs
    assert (alias["name"], alias["type"], alias["zoneId"]) == ("api.equivalence.io", "A", "Z-EQUIVALENCE")
    assert alias["aliases"] == [{"name": "lb.example", "zoneId": "Z-ELB", "evaluateTargetHealth": True}]


def test_an_alias_for_no_domain_name_is_refused() -> None:
    with pytest.raises(ValueError) as refused:
        AliasRecordArgs(host="api.equivalence.io.", zone_id="Z", target_dns_name="lb.example", target_zone_id="Z")
    assert str(refused.value) == (
        "host is 'api.equivalence.io.'; allowed: a domain name in lower case, without a final dot; write it like "
        "example.com"
    )


def test_a_zone_is_not_destroyed_with_foreign_records_in_it() -> None:
    zone = record(lambda: _zone("equivalence.io")).named("zone-zone").inputs
    assert (zone["name"], zone["forceDestroy"]) == ("equivalence.io", False)


def _zone(domain: str) -> pulumi.ComponentResource:
    return HostedZone("zone", HostedZoneArgs(zone=domain, tags=TAGS))


@pytest.mark.parametrize("domain", ["com", "-a.com", "a_b.com", "https://a.com", "a" * 64 + ".com", "a..com", "a.1"])
def test_a_zone_that_is_no_domain_name_is_refused(domain: str) -> None:
    with pytest.raises(ValueError) as refused:
        HostedZoneArgs(zone=domain, tags=TAGS)
    assert str(refused.value) == (
        f"zone is '{domain}'; allowed: a domain name in lower case, without a final dot; write it like example.com"
    )
