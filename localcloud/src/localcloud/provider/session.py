"""A provider's way to the account: one cached boto3 client a service, all on one endpoint."""

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from localcloud import environment
from localcloud.emulator import control
from localcloud.provider import repeat

#: The account that the emulator answers for.
ACCOUNT_ID = "123456789012"
PARTITION = "aws"
DEFAULT_REGION = "us-east-1"


#: One loader of AWS's models, for the clients and for the types that go by them: a model is read once.
BOTOCORE = botocore.session.get_session()
_BOTO3 = boto3.Session(botocore_session=BOTOCORE)
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Session:
    """Where a configured provider sends its calls.

    Attributes:
        endpoint: URL of the emulator, for every service.
        region: AWS region name that requests are signed for.
        default_tags: tags that the provider puts on every taggable resource.
    """

    endpoint: str
    region: str = DEFAULT_REGION
    default_tags: dict[str, str] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False, compare=False)

    def in_region(self, region: str) -> "Session":
        """Return the way to another region of the same account."""
        return self if region == self.region else replace(self, region=region)  # the clients are shared

    def client(self, service: str, region: str | None = None) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
        """Return the boto3 client of a service; clients are made once, since making one costs tens of milliseconds."""
        key = (service, region or self.region)
        # A client may be used by many threads at once, but making one may not:
        # https://docs.aws.amazon.com/boto3/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
        with _LOCK:
            if key not in self._clients:
                access = control.key_for(self.endpoint)
                made = _BOTO3.client(
                    service,
                    endpoint_url=self.endpoint,
                    region_name=key[1],
                    config=Config(
                        retries={"mode": "standard", "max_attempts": 3},
                        max_pool_connections=32,
                        s3={"addressing_style": "path"},
                        proxies={},
                    ),
                    aws_access_key_id=access.id,
                    aws_secret_access_key=access.secret,
                )
                repeat.watch(made)
                self._clients[key] = made
            return self._clients[key]

    def arn(self, service: str, resource: str, *, region: str | None = None) -> str:
        """Return the ARN of a resource of this account; `region=""` for global services."""
        return f"arn:{PARTITION}:{service}:{self.region if region is None else region}:{ACCOUNT_ID}:{resource}"


def endpoint_from(inputs_endpoint: str | None) -> str:
    """Return where to send calls: `AWS_ENDPOINT_URL`, then our running emulator, then what the provider was told.

    What the provider was told comes late, since `aws:endpoints` in a stack file is there for the official provider,
    and names the port where the emulator usually is. Where nothing answers, the emulator is started.

    Raises:
        ElsewhereError: one of them isn't on this machine.
    """
    if endpoint := environment.endpoint():
        return endpoint
    if running := control.status():
        return str(running.url)
    if inputs_endpoint:
        return environment.on_this_machine("aws:endpoints", inputs_endpoint)
    return str(control.ensure().url)
