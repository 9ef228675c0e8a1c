"""The TLS certificate of a load balancer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws.acm.outputs import CertificateDomainValidationOption

from components.core.checks import InvalidValue
from components.core.naming import Tags, component_tags
from components.ingress.hosted_zone import check_domain

#: The longest name that a certificate can be requested for first, in characters; further names may have 253.
#: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
FIRST_NAME = 64
#: How long resolvers may keep a validation record, in seconds. It never changes, and a short time lets a wrong one go.
RECORD_TTL = 300


def validation_names(hosts: Sequence[str]) -> dict[str, str]:
    """Return which host stands for each name that has to be validated.

    `example.com` and `*.example.com` are proven by one and the same record, so only one of them may create it.
    https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html

    Returns:
        The hosts by validated name, in the order of the names.
    """
    names: dict[str, str] = {}
    for host in sorted(hosts):
        names.setdefault(host.removeprefix("*."), host)
    return dict(sorted(names.items()))


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a `Certificate` is made from."""

    hosts: Mapping[str, str]
    """The names that the certificate covers, and the hosted zone that each is in, by the zone's name."""
    zones: Mapping[str, pulumi.Input[str]]
    """The hosted zones' ids, by name."""
    tags: Tags
    """Tags for the certificate."""

    def __post_init__(self) -> None:
        """Refuse names that could never be validated: ACM would wait for them for days."""
        if not self.hosts:
            raise InvalidValue("hosts", {}, "one name or more", "name what the load balancer answers to")
        for host, zone in self.hosts.items():
            check_domain("hosts", host.removeprefix("*."))
            if zone not in self.zones:
                known = ", ".join(sorted(self.zones)) or "none is given"
                raise InvalidValue(
                    f"the zone of {host}", zone, f"the zones given ({known})", "give the zone's id in zones"
                )
            if host.removeprefix("*.") != zone and not host.endswith(f".{zone}"):
                raise InvalidValue(
                    "hosts", host, f"{zone} and names that end in .{zone}", "name the zone that it is in"
                )
        if len(self.first_name) > FIRST_NAME:
            raise InvalidValue(
                "hosts", self.first_name, f"at least one name of {FIRST_NAME} characters or fewer", "add a shorter name"
            )

    @property
    def first_name(self) -> str:
        """The name that the certificate is requested for first: the shortest, then the first in the alphabet."""
        return min(self.hosts, key=lambda host: (len(host), host))


class Certificate(pulumi.ComponentResource):
    """One public ACM certificate for every name of a stack, validated by DNS.

    Creates the certificate, the records that prove the names, and the wait for the proof. Guarantees that the ARN it
    gives is of a certificate that is issued. The names can't be changed on a certificate: with other ones a new
    certificate is made and validated, then the listener turns to it, then the old one is deleted.
    """

    certificate_arn: pulumi.Output[str]
    """The certificate's ARN, once it is issued."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Certificate", name, None, opts)
        further = sorted(set(args.hosts) - {args.first_name})
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args.first_name,
            subject_alternative_names=further or None,
            validation_method="DNS",
            # Browsers refuse a certificate that is in no transparency log.
            # https://docs.aws.amazon.com/acm/latest/userguide/acm-concepts.html#concept-transparency
            options=aws.acm.CertificateOptionsArgs(certificate_transparency_logging_preference="ENABLED"),
            tags=component_tags(args.tags, "certificate", Name=name),
            opts=pulumi.ResourceOptions(parent=self),
        )
        records = [
            self._validation_record(f"{name}-validation-{validated}", certificate, host, args.zones[args.hosts[host]])
            for validated, host in validation_names(list(args.hosts)).items()
        ]
        validation = aws.acm.CertificateValidation(
            f"{name}-validation",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.certificate_arn = validation.certificate_arn
        self.register_outputs({"certificate_arn": self.certificate_arn})

    def _validation_record(
        self, name: str, certificate: aws.acm.Certificate, host: str, zone_id: pulumi.Input[str]
    ) -> aws.route53.Record:
        def option(options: Sequence[CertificateDomainValidationOption]) -> CertificateDomainValidationOption:
            return next(option for option in options if option.domain_name == host)

        proof = certificate.domain_validation_options.apply(option)
        return aws.route53.Record(
            name,
            zone_id=zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=RECORD_TTL,
            # An account's record for a name is the same for all its certificates. So what may stand there already (of a
            # stack that failed half-way, or of another one) is what would be written; and a new certificate changes no
            # record, which a preview, that doesn't know it yet, would say.
            # https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["name", "type", "records"]),
        )
