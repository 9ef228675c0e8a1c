"""Whom the function believes: every connection is TLS, with the certificate and the name in it verified."""

import os
import ssl
from pathlib import Path

from .errors import CredentialsError

#: Names a PEM file of authorities, in place of what is trusted otherwise.
BUNDLE_VARIABLE = "CA_BUNDLE"
#: RDS's authorities, packed with the function: Lambda's runtime doesn't know them. See `rds-ca.txt`.
RDS_BUNDLE = Path(__file__).with_name("rds-ca.pem")


def postgres_context() -> ssl.SSLContext:
    """Return whom to believe as an RDS instance.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
    """
    context = _context(os.environ.get(BUNDLE_VARIABLE) or str(RDS_BUNDLE))
    # Python 3.13 began to ask for what RFC 5280 wants of a well-formed certificate, over and above a valid chain and
    # the right name. RDS's own authorities promise no such form, and libpq doesn't ask for it either.
    # https://docs.python.org/3/library/ssl.html#ssl.create_default_context
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def rabbitmq_context() -> ssl.SSLContext:
    """Return whom to believe as an Amazon MQ broker: its certificate is one of the public Amazon Trust Services.

    https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/data-protection.html
    """
    return _context(os.environ.get(BUNDLE_VARIABLE) or None)


def _context(bundle: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise CredentialsError(f"{BUNDLE_VARIABLE}: {bundle} is no PEM file of authorities: {error}") from None
