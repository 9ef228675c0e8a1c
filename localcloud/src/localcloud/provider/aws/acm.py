"""Certificate Manager: certificates and the wait for their validation."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.provider.api import ApiResource, Tagging, refused
from localcloud.provider.base import Properties, ResourceType, function, resource
from localcloud.provider.session import Session
from localcloud.provider.shapes import changed, found, tag_map

#: How long validation is waited for. The emulator looks at its own Route 53 at each call, so that what isn't issued
#: soon after its records were made never will be; AWS takes minutes.
VALIDATION_SECONDS = 10.0


def _certificate(aws: Session, arn: str) -> dict[str, Any] | None:
    answer = found(lambda: aws.client("acm").describe_certificate(CertificateArn=arn), "ResourceNotFoundException")
    certificate: dict[str, Any] | None = answer and answer["Certificate"]
    return certificate


def _options(certificate: dict[str, Any]) -> list[Properties]:
    """Return the records that prove the names, in order of the names."""
    options = {
        item["DomainName"]: {
            "domainName": item["DomainName"],
            "resourceRecordName": item["ResourceRecord"]["Name"],
            "resourceRecordType": item["ResourceRecord"]["Type"],
            "resourceRecordValue": item["ResourceRecord"]["Value"],
        }
        for item in certificate.get("DomainValidationOptions") or ()
        if item.get("ResourceRecord")
    }
    return [options[name] for name in sorted(options)]


@resource("aws:acm/certificate:Certificate")
class Certificate(ApiResource):
    """https://www.pulumi.com/registry/packages/aws/api-docs/acm/certificate/."""

    replace = frozenset(
        {
            "certificateAuthorityArn",
            "domainName",
            "keyAlgorithm",
            "subjectAlternativeNames",
            "validationMethod",
            "validationOptions",
        }
    )
    unordered = frozenset({"subjectAlternativeNames", "validationOptions"})
    secrets = frozenset({"privateKey", "privateKeyWo"})

    service = "acm"
    creates, reads = "request_certificate", "describe_certificate"
    updates, deletes = "update_certificate_options", "delete_certificate"
    keys = {"arn": "CertificateArn"}
    new_id = "CertificateArn"
    described = "Certificate"
    not_found = ("ResourceNotFoundException",)
    tagging = Tagging(
        "CertificateArn", "add_tags_to_certificate", "remove_tags_from_certificate", "list_tags_for_certificate"
    )
    renames = {"validationOptions": "DomainValidationOptions"}
    outputs = {
        "domainName": "DomainName",
        "notAfter": "NotAfter || ''",
        "notBefore": "NotBefore || ''",
        "options": "Options",
        "renewalEligibility": "RenewalEligibility",
        "status": "Status",
        "type": "Type",
        "validationMethod": "DomainValidationOptions[?ValidationMethod] | [0].ValidationMethod || 'NONE'",
    }

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        yield from refused(inputs, {"certificateAuthorityArn", "earlyRenewalDuration", "privateKeyWo"})
        if not inputs.get("domainName") and not inputs.get("privateKey"):
            yield "domainName", 'one of "domainName" and "privateKey" must be given'

    def create(self, aws: Session, inputs: Properties) -> str | tuple[str, Properties]:
        if inputs.get("privateKey"):
            material = {**self._material(inputs), **self.tags_argument(inputs)}
            return str(aws.client("acm").import_certificate(**material)["CertificateArn"])
        return super().create(aws, inputs)

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        # The records to make aren't told at once:
        # https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
        deadline = time.monotonic() + VALIDATION_SECONDS
        wanted = {inputs["domainName"], *(inputs.get("subjectAlternativeNames") or ())}
        while inputs.get("validationMethod") == "DNS" and time.monotonic() < deadline:
            options = _options(_certificate(aws, id) or {})
            if {item["domainName"] for item in options} >= wanted:
                break
            time.sleep(0.05)

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        names, written = live.get("SubjectAlternativeNames") or [], state.get("subjectAlternativeNames")
        if written is not None and {*written, live["DomainName"]} == {*names, live["DomainName"]}:
            names = written  # AWS adds the domain's own name to the others
        return {
            **super().properties(aws, live, {**state, "validationOptions": None, "domainValidationOptions": None}),
            "keyAlgorithm": str(live.get("KeyAlgorithm", "RSA_2048")).replace("-", "_"),
            "subjectAlternativeNames": names,
            "domainValidationOptions": _options(dict(live)),
            "pendingRenewal": False,
            "renewalSummaries": [],
            "validationEmails": [],
        }

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        if new.get("privateKey") and changed(old, new, "privateKey", "certificateBody", "certificateChain"):
            aws.client("acm").import_certificate(CertificateArn=id, **self._material(new))
        super().update(aws, id, old, new)

    @staticmethod
    def _material(inputs: Properties) -> dict[str, Any]:
        names = {"certificateBody": "Certificate", "privateKey": "PrivateKey", "certificateChain": "CertificateChain"}
        return {name: inputs[key].encode() for key, name in names.items() if inputs.get(key)}


@resource("aws:acm/certificateValidation:CertificateValidation")
class CertificateValidation(ResourceType):
    """https://www.pulumi.com/registry/packages/aws/api-docs/acm/certificatevalidation/.

    It stands for nothing in AWS: creating it waits until the certificate is issued.
    """

    tagged = False
    replace = frozenset({"certificateArn", "validationRecordFqdns"})
    unordered = frozenset({"validationRecordFqdns"})

    def create(self, aws: Session, inputs: Properties) -> str:
        arn = inputs["certificateArn"]
        certificate = _certificate(aws, arn)
        if certificate is None:
            raise LookupError(f"there is no certificate {arn}")
        if certificate["Type"] != "AMAZON_ISSUED":
            raise ValueError(f"ACM Certificate ({arn}) has type {certificate['Type']}, no validation necessary")
        if (given := inputs.get("validationRecordFqdns")) is not None:
            names = {name.rstrip(".").lower() for name in given}
            missing = [
                f"missing {item['domainName']} DNS validation record: {item['resourceRecordName'].rstrip('.')}"
                for item in _options(certificate)
                if item["resourceRecordName"].rstrip(".").lower() not in names
            ]
            if missing:
                raise ValueError("; ".join(missing))
        deadline = time.monotonic() + VALIDATION_SECONDS
        while (certificate := _certificate(aws, arn) or {}).get("Status") == "PENDING_VALIDATION":
            if time.monotonic() > deadline:
                raise TimeoutError(_why_not(certificate))
            time.sleep(0.1)
        if certificate.get("Status") != "ISSUED":
            reason = f": {certificate['FailureReason']}" if certificate.get("FailureReason") else ""
            raise ValueError(f"the certificate {arn} is {certificate.get('Status')}{reason}")
        return str(certificate.get("IssuedAt") or certificate.get("CreatedAt"))

    def read(self, aws: Session, id: str, state: Properties) -> Properties | None:
        certificate = _certificate(aws, state["certificateArn"])
        if certificate is None or certificate["Status"] != "ISSUED":
            return None
        return {"certificateArn": state["certificateArn"]}

    def delete(self, aws: Session, id: str, state: Properties) -> None:
        """Do nothing: there is nothing to delete."""


def _why_not(certificate: dict[str, Any]) -> str:
    waiting = [
        item
        for item in certificate.get("DomainValidationOptions") or ()
        if item.get("ValidationStatus") != "SUCCESS" and item.get("ResourceRecord")
    ]
    records = ", ".join(
        f"{item['DomainName']} ({item['ResourceRecord']['Name']} {item['ResourceRecord']['Type']} "
        f"{item['ResourceRecord']['Value']})"
        for item in waiting
    )
    return (
        f"the certificate {certificate['CertificateArn']} is still PENDING_VALIDATION after "
        f"{VALIDATION_SECONDS:.0f} s: not proven: {records}. "
        "Each record must stand in the public hosted zone that answers for its name"
    )


@function("aws:acm/getCertificate:getCertificate")
def get_certificate(aws: Session, args: Properties) -> Properties:
    """https://www.pulumi.com/registry/packages/aws/api-docs/acm/getcertificate/."""
    acm = aws.client("acm")
    statuses = args.get("statuses") or ["ISSUED"]
    pages = acm.get_paginator("list_certificates").paginate()
    items = [
        acm.describe_certificate(CertificateArn=item["CertificateArn"])["Certificate"]
        for page in pages
        for item in page["CertificateSummaryList"]
    ]
    items = [item for item in items if item["Status"] in statuses]
    if args.get("domain"):
        items = [item for item in items if item["DomainName"] == args["domain"]]
    if args.get("types"):
        items = [item for item in items if item["Type"] in args["types"]]
    if not items:
        raise LookupError(f"no ACM Certificate matching domain ({args.get('domain')})")
    if len(items) > 1 and not args.get("mostRecent"):
        raise LookupError(f"multiple ACM Certificates matching domain ({args.get('domain')})")
    certificate = max(items, key=lambda item: str(item.get("NotBefore") or item.get("CreatedAt")))
    arn = certificate["CertificateArn"]
    answer = {}
    if certificate["Status"] == "ISSUED":
        answer = acm.get_certificate(CertificateArn=arn)
    return {
        "id": arn,
        "arn": arn,
        "domain": certificate["DomainName"],
        "status": certificate["Status"],
        "certificate": answer.get("Certificate", ""),
        "certificateChain": answer.get("CertificateChain", ""),
        "tags": tag_map(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]),
        "region": aws.region,
    }
