"""EC2's errors by their codes:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""  # noqa: D205, D415 - the address is what there is to say

from moto.ec2.exceptions import EC2ClientError


def depends(message: str) -> EC2ClientError:
    """Return the refusal to delete what something else needs."""
    return EC2ClientError("DependencyViolation", message)


def invalid(message: str) -> EC2ClientError:
    """Return the refusal of a value that can't be, for instance of things in two networks."""
    return EC2ClientError("InvalidParameterValue", message)


def missing(code: str, message: str) -> EC2ClientError:
    """Return the refusal of a reference to what isn't there."""
    return EC2ClientError(f"{code}.NotFound", message)
