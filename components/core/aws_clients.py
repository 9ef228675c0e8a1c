"""Clients of AWS for what speaks to it beside Pulumi's own provider: migrations, rollouts and resource hooks.

They take the credentials that the AWS provider takes: those of the stack's config (`aws:profile`, `aws:assumeRoles`,
`aws:endpoints` and the like) where it has any, else those of the environment. Else a release could be deployed to one
account and watched in another.
https://www.pulumi.com/registry/packages/aws/installation-configuration/
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.credentials
import botocore.session

#: How the AWS provider calls a service in `endpoints`, where boto3 calls it otherwise.
_ENDPOINTS = {"logs": ("logs", "cloudwatchlogs")}
#: Ways of the provider to get credentials that aren't taken here; a stack's settings refuse them.
NOT_TAKEN = ("assumeRoleWithWebIdentity", "sharedConfigFiles", "sharedCredentialsFiles")
#: What is taken.
TAKEN = ("profile", "accessKey", "secretKey", "token", "assumeRoles", "endpoints")


@dataclass(frozen=True)
class Clients:
    """Makes clients with one stack's credentials.

    Where `AWS_ENDPOINT_URL` is set, as on the local cloud, AWS is what is found there: the environment counts alone.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the stack's config has for the package `aws`, by key without the namespace."""

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
        """Return the client of a service."""
        # Making clients isn't safe in threads: https://docs.aws.amazon.com/boto3/latest/guide/clients.html
        with _LOCK:
            if os.environ.get("AWS_ENDPOINT_URL"):
                return boto3.Session().client(service, region_name=region)
            return self._session(region).client(service, region_name=region, endpoint_url=self._endpoint(service))

    def _session(self, region: str) -> boto3.Session:
        session = boto3.Session(
            profile_name=self.settings.get("profile"),
            aws_access_key_id=self.settings.get("accessKey"),
            aws_secret_access_key=self.settings.get("secretKey"),
            aws_session_token=self.settings.get("token"),
            region_name=region,
        )
        for role in _decoded(self.settings.get("assumeRoles")) or ():
            session = self._assumed(session, role, region)
        return session

    def _assumed(self, session: boto3.Session, role: Mapping[str, Any], region: str) -> boto3.Session:
        """Return a session of a role, whose credentials are renewed for as long as a rollout takes."""
        policies = [{"arn": arn} for arn in role.get("policyArns") or ()]
        told = {
            "RoleSessionName": role.get("sessionName"),
            "ExternalId": role.get("externalId"),
            "Policy": role.get("policy"),
            "PolicyArns": policies,
            "SourceIdentity": role.get("sourceIdentity"),
            "Tags": [{"Key": key, "Value": value} for key, value in (role.get("tags") or {}).items()],
            "TransitiveTagKeys": role.get("transitiveTagKeys"),
        }

        def creator(service: str, **more: Any) -> Any:  # noqa: ANN401 - a boto3 client
            return botocore.session.get_session().create_client(
                service, region_name=region, endpoint_url=self._endpoint(service), **more
            )

        fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
            client_creator=creator,
            source_credentials=session.get_credentials(),
            role_arn=role["roleArn"],
            extra_args={key: value for key, value in told.items() if value},
        )
        core = botocore.session.get_session()
        # botocore's only way to be given credentials that are renewed.
        core._credentials = botocore.credentials.DeferredRefreshableCredentials(  # type: ignore[attr-defined]
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )
        return boto3.Session(botocore_session=core, region_name=region)

    def _endpoint(self, service: str) -> str | None:
        for one in _decoded(self.settings.get("endpoints")) or ():
            for name in _ENDPOINTS.get(service, (service,)):
                if one.get(name):
                    return str(one[name])
        return None


#: The clients of this process: of the program with its hooks, or of the process that runs dynamic providers.
_CURRENT = Clients()
_LOCK = threading.Lock()


def configure(get: Callable[[str], Any]) -> None:
    """Take the credentials of a stack's config for all clients of this process.

    Args:
        get: returns the value of a full key, such as `aws:profile`, or None.
    """
    global _CURRENT
    _CURRENT = Clients({key: value for key in TAKEN if (value := get(f"aws:{key}")) not in (None, "")})


def client(service: str, region: str) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
    """Return the client of a service in a region; see `Clients.client`."""
    return _CURRENT.client(service, region)


def _decoded(value: Any) -> Any:  # noqa: ANN401 - a list, or the same as JSON
    return json.loads(value) if isinstance(value, str) else value
