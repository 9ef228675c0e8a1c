"""Certificates."""

import hashlib
from typing import Any

from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.core.exceptions import AWSError
from moto.core.utils import unix_time, utcnow

from localcloud.emulator.patching import patch


class ResourceInUse(AWSError):
    """The refusal to delete a certificate that a listener holds."""

    TYPE = "ResourceInUseException"


def _record(bundle: CertBundle, domain: str) -> dict[str, str]:
    """Return the record that proves a domain: the same for all certificates of an account, whatever asks for them.

    moto tells the same for every domain of every account.
    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    """
    base = domain.removeprefix("*.")
    account = bundle.arn.split(":")[4]

    def mark(*parts: str) -> str:
        return hashlib.md5(":".join((account, base, *parts)).encode(), usedforsecurity=False).hexdigest()

    zone = hashlib.md5(base.encode(), usedforsecurity=False).hexdigest()[:10]
    return {
        "Name": f"_{mark('name')}.{base}.",
        "Type": "CNAME",
        "Value": f"_{mark('value')}.{zone}.acm-validations.aws.",
    }


def _proven(bundle: CertBundle, domain: str) -> bool:
    """Tell whether the record stands in the public zone that answers for its name.

    That is the zone with the longest name that the record's ends in; one of a name above it isn't asked.
    """
    from moto.route53.models import route53_backends

    wanted = _record(bundle, domain)
    name, value = wanted["Name"].rstrip("."), wanted["Value"].rstrip(".")
    account = bundle.arn.split(":")[4]
    zones = [
        zone
        for zone in route53_backends[account]["aws"].zones.values()
        if not zone.private_zone and name.endswith(f".{zone.name.rstrip('.')}")
    ]
    if not zones:
        return False
    longest = max(len(zone.name.rstrip(".")) for zone in zones)
    return any(
        record.name.rstrip(".").lower() == name
        and record.type == "CNAME"
        and value in [item.strip().rstrip(".") for item in record.records]
        for zone in zones
        if len(zone.name.rstrip(".")) == longest
        for record in zone.rrsets
    )


@patch(CertBundle, "check")
def check(self: CertBundle) -> None:
    """Issue a certificate once every name is proven; moto does so after a minute, whatever stands in DNS."""
    if self._not_valid_after(self._cert) <= utcnow():
        self.status = "EXPIRED"
    elif self.status == "PENDING_VALIDATION" and all(_proven(self, name) for name in _names(self)):
        self.status = "ISSUED"
        vars(self)["issued_at"] = utcnow()


def _names(bundle: CertBundle) -> list[str]:
    """Return the names, the first one first, as they were asked for."""
    return [bundle.common_name, *sorted(name for name in set(bundle.sans) if name != bundle.common_name)]


@patch(CertBundle, "describe")
def describe(original: Any, self: CertBundle) -> dict[str, Any]:
    """Tell each name's own record and state, in a fixed order, and what only an issued certificate has."""
    answer: dict[str, Any] = original(self)
    certificate = answer["Certificate"]
    if self.type != "AMAZON_ISSUED":
        return answer
    method = vars(self).get("validation_method", "DNS")
    names = _names(self)
    certificate["SubjectAlternativeNames"] = names
    issued = self.status == "ISSUED"
    certificate["DomainValidationOptions"] = [
        {
            "DomainName": name,
            "ValidationDomain": name,
            "ValidationMethod": method,
            "ValidationStatus": "SUCCESS" if issued or (method == "DNS" and _proven(self, name)) else self.status,
            **({"ResourceRecord": _record(self, name)} if method == "DNS" else {}),
        }
        for name in names
    ]
    certificate["RenewalEligibility"] = "ELIGIBLE" if issued and self.in_use_by else "INELIGIBLE"
    if issued:
        certificate["IssuedAt"] = unix_time(vars(self).get("issued_at") or self.created_at)
    else:
        for key in ("IssuedAt", "NotBefore", "NotAfter", "Serial", "Issuer"):
            certificate.pop(key, None)
    return answer


@patch(AWSCertificateManagerBackend, "request_certificate")
def request_certificate(original: Any, self: AWSCertificateManagerBackend, *args: Any, **kwargs: Any) -> str:
    """Remember nothing of a certificate that is gone: moto answers a repeated token with it and fails."""
    for token in [key for key, item in self._idempotency_tokens.items() if item["arn"] not in self._certificates]:
        self._idempotency_tokens.pop(token)
    return str(original(self, *args, **kwargs))


@patch(AWSCertificateManagerBackend, "delete_certificate")
def delete_certificate(original: Any, self: AWSCertificateManagerBackend, arn: str) -> None:
    """Refuse a certificate in use, which moto deletes.

    https://docs.aws.amazon.com/acm/latest/APIReference/API_DeleteCertificate.html
    """
    bundle = self._certificates.get(arn)
    if bundle is not None and bundle.in_use_by:
        account = arn.split(":")[4]
        raise ResourceInUse(f"Certificate {arn} in account {account} is in use.")
    original(self, arn)
