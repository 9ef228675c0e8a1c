"""Clients of AWS for what calls it beside Pulumi's AWS provider: migrations, rollouts and resource hooks.

They use the credentials that the AWS provider uses: those of the stack's config (`aws:profile`, `aws:assumeRoles`,
`aws:endpoints` and the like) if there are any, otherwise those of the environment. With others, a release could be
deployed to one account and watched in another.
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

#: A client of boto3, which makes their classes when the program runs.
Client = Any

#: Names of a service in the AWS provider's `endpoints`, where they aren't boto3's name alone.
_ENDPOINTS = {"logs": ("logs", "cloudwatchlogs")}
#: Settings of the provider for credentials that aren't supported here; a stack's settings refuse them.
UNSUPPORTED = ("assumeRoleWithWebIdentity", "sharedConfigFiles", "sharedCredentialsFiles")
#: The settings that are.
SUPPORTED = ("profile", "accessKey", "secretKey", "token", "assumeRoles", "endpoints")


@dataclass(frozen=True)
class Clients:
    """Makes clients with one stack's credentials.

    When `AWS_ENDPOINT_URL` is set, as in the local cloud, the environment alone counts.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the stack's config has for the package `aws`, by key without the namespace."""

    def client(self, service: str, region: str) -> Client:
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
            session = self._assume(session, role, region)
        return session

    def _assume(self, session: boto3.Session, role: Mapping[str, Any], region: str) -> boto3.Session:
        """Return a session of a role, whose credentials are renewed for as long as a rollout takes."""
        policies = [{"arn": arn} for arn in role.get("policyArns") or ()]
        options = {
            "RoleSessionName": role.get("sessionName"),
            "ExternalId": role.get("externalId"),
            "Policy": role.get("policy"),
            "PolicyArns": policies,
            "SourceIdentity": role.get("sourceIdentity"),
            "Tags": [{"Key": key, "Value": value} for key, value in (role.get("tags") or {}).items()],
            "TransitiveTagKeys": role.get("transitiveTagKeys"),
        }

        def creator(service: str, **more: Any) -> Client:  # noqa: ANN401 - options of botocore
            return botocore.session.get_session().create_client(
                service, region_name=region, endpoint_url=self._endpoint(service), **more
            )

        fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
            client_creator=creator,
            source_credentials=session.get_credentials(),
            role_arn=role["roleArn"],
            extra_args={key: value for key, value in options.items() if value},
        )
        core = botocore.session.get_session()
        # botocore's only way to be given credentials that are renewed.
        core._credentials = botocore.credentials.DeferredRefreshableCredentials(  # type: ignore[attr-defined]
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )
        return boto3.Session(botocore_session=core, region_name=region)

    def _endpoint(self, service: str) -> str | None:
        for endpoints in _decoded(self.settings.get("endpoints")) or ():
            for name in _ENDPOINTS.get(service, (service,)):
                if endpoints.get(name):
                    return str(endpoints[name])
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
    _CURRENT = Clients({key: value for key in SUPPORTED if (value := get(f"aws:{key}")) not in (None, "")})


def client(service: str, region: str) -> Client:
    """Return the client of a service in a region; see `Clients.client`."""
    return _CURRENT.client(service, region)


def _decoded(value: Any) -> Any:  # noqa: ANN401 - a list, or the same as JSON
    return json.loads(value) if isinstance(value, str) else value
