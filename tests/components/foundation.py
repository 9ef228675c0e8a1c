"""What AWS answers about a network, a key and a certificate, beside what the recording engine knows."""

from collections.abc import Callable
from typing import Any
from unittest import mock

from tests.components import recording
from tests.components.recording import ACCOUNT, Recording, record


def _validation_options(_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    # As in AWS, a wildcard is proven by the record of the name under it.
    names = [inputs["domainName"], *inputs.get("subjectAlternativeNames", [])]
    return {
        "domainValidationOptions": [
            {
                "domainName": name,
                "resourceRecordName": f"_proof.{name.removeprefix('*.')}",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{name.removeprefix('*.')}.acm-validations.aws",
            }
            for name in names
        ]
    }


_ANSWERS: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "aws:ec2/vpc:Vpc": lambda _name, _inputs: {"ownerId": ACCOUNT},
    "aws:ec2/eip:Eip": lambda name, _inputs: {"publicIp": f"ip-of-{name}"},
    "aws:kms/key:Key": lambda _name, _inputs: {"keyId": "11111111-2222-3333-4444-555555555555"},
    "aws:acm/certificate:Certificate": _validation_options,
    "aws:route53/record:Record": lambda _name, inputs: {"fqdn": inputs["name"]},
}


def record_foundation(program: Callable[[], object]) -> Recording:
    """Run a program that builds components, and return what it asked for."""
    with mock.patch.dict(recording._ANSWERS, _ANSWERS):
        return record(program)
