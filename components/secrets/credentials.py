"""The logins of a system at its database and its broker, which the stores know before any task uses them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidArguments
from components.core.endpoint import Endpoint
from components.core.placement import Placement
from components.functions.function_archive import build_archive
from components.functions.python_function import PythonFunction, PythonFunctionArgs
from components.secrets.alternating_users import AlternatingUsers
from components.secrets.secret import Secret
from functions.credentials import events

#: How long the function may take: a store that has just been made takes minutes to know its own administrator.
_SECONDS = 300
_FUNCTION = Path(__file__).resolve().parents[2] / "functions" / "credentials"


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """Who may change logins at a store: the platform alone."""

    username: str
    """Its user."""
    password: Secret
    """Its password."""
    previous: Secret | None = None
    """The password before, where the store has to be told of the new one by the function."""


@dataclass(frozen=True, kw_only=True)
class StoreLogin:
    """One store, and the login that it has to accept."""

    kind: events.StoreKind
    """What it is."""
    endpoint: Endpoint
    """Where the function reaches it."""
    store: pulumi.Output[events.Store]
    """What the function is told of it."""
    administrator: Administrator
    """Who changes its logins."""
    users: AlternatingUsers
    """The two users, and whose turn it is."""
    password: Secret
    """The current user's password."""

    @property
    def secrets(self) -> list[Secret]:
        """The secrets that the function reads for it."""
        administrator = self.administrator
        secrets = [self.password, administrator.password]
        return secrets if administrator.previous is None else [*secrets, administrator.previous]

    @property
    def request(self) -> pulumi.Output[events.Request]:
        """What the function is asked."""
        administrator, users = self.administrator, self.users

        def request(known: Mapping[str, Any]) -> events.Request:
            return events.Request(
                action=events.Action.ENSURE,
                store=known["store"],
                username=users.current,
                other=users.other,
                admin=events.Administrator(
                    username=administrator.username,
                    password=known["administrator"],
                    previous=known["previous"],
                ),
                password=known["password"],
            )

        return pulumi.Output.all(
            store=self.store,
            administrator=_version(administrator.password),
            # Amazon MQ sets this password once; from then on the function does, and needs the one before for it.
            previous=None if administrator.previous is None else _version(administrator.previous),
            password=_version(self.password),
        ).apply(request)


def _login(store: StoreLogin) -> pulumi.Output[str]:
    """Return what the function is deployed for, as JSON: known in a preview, whatever versions are made anew."""
    administrator, users = store.administrator, store.users
    secrets: dict[str, pulumi.Input[str] | None] = {
        "password": store.password.arn,
        "admin": administrator.password.arn,
    }
    if store.kind is events.StoreKind.RABBITMQ:
        secrets["previous"] = None if administrator.previous is None else administrator.previous.arn
    return pulumi.Output.unsecret(
        pulumi.Output.all(store=store.store, secrets=secrets).apply(
            lambda known: json.dumps(
                events.login(known["store"], (users.current, users.other), administrator.username, known["secrets"]),
                sort_keys=True,
            )
        )
    )


def _version(secret: Secret) -> pulumi.Output[events.SecretVersion]:
    return pulumi.Output.all(secret.arn, secret.version_id).apply(
        lambda known: events.SecretVersion(secret=known[0], version=known[1])
    )


def _logins(logins: Mapping[str, str]) -> str:
    return json.dumps({kind: json.loads(login) for kind, login in logins.items()}, sort_keys=True)


def _warn(kind: str, answer: str) -> None:
    """Say what the function found at a store that the program didn't make."""
    if answer and (unexpected := json.loads(answer).get("unexpected")):
        pulumi.log.warn(f"{kind} has what this program didn't make: {', '.join(unexpected)}")


def known_regions() -> list[str]:
    """Return the regions whose databases the function believes: those in the headings of its certificates."""
    text = (_FUNCTION / "rds-ca.pem").read_text()
    return sorted(set(re.findall(r"^# Amazon RDS (\S+) Root CA", text, re.MULTILINE)))


@dataclass(frozen=True, kw_only=True)
class CredentialsArgs:
    """What `Credentials` are made from."""

    stores: Sequence[StoreLogin]
    """The stores whose logins change."""
    placement: Placement
    """Where the function and the stores are."""
    log_group_name: str
    """The function's log group."""
    dead_letter_topic_arn: pulumi.Input[str]
    """Where a failure is told."""

    def __post_init__(self) -> None:
        """Refuse a region whose databases the function wouldn't believe.

        Raises:
            ValueError: naming the region, those that are known, and what to do.
        """
        known = known_regions()
        if self.placement.region not in known and any(store.kind is events.StoreKind.POSTGRES for store in self.stores):
            raise InvalidArguments(
                f"CredentialsArgs.placement.region is {self.placement.region!r}, and the authorities of its databases "
                f"aren't packed with functions/credentials; allowed: {', '.join(known)}. Choose one of them, or add "
                "the region's as functions/credentials/rds-ca.txt says"
            )


class Credentials(pulumi.ComponentResource):
    """A function that changes logins, and one call of it for each store.

    Creates the Lambda function `functions/credentials` in the network, and an invocation for each store, made anew when
    the store, the user or the version of a password is another.

    Guarantees: the store accepts the new login before `accepted` is there, the one before goes on working until it is
    retired or its turn comes again, no value of a secret is in the call, in its answer or in the log, and the function
    reads only these stores' secrets.
    """

    accepted: Mapping[str, pulumi.Resource]
    """The call of each store by its kind, for what has to wait until the store accepts the login."""
    function_name: pulumi.Output[str]
    """The function, for who retires logins."""
    requests: Mapping[str, pulumi.Output[str]]
    """What each store was asked, as JSON, by kind; no event has all of it."""

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Credentials", name, None, opts)
        requests = {login.kind.value: login.request for login in args.stores}
        logins = {login.kind.value: _login(login) for login in args.stores}
        function = PythonFunction(
            name,
            PythonFunctionArgs(
                archive=pulumi.FileArchive(build_archive("credentials")),
                handler="credentials.handler.handler",
                description="Makes stores accept the logins that services are about to use",
                placement=args.placement,
                log_group_name=args.log_group_name,
                dead_letter_topic_arn=args.dead_letter_topic_arn,
                secret_arns=[secret.arn for login in args.stores for secret in login.secrets],
                stores={login.kind.value: login.endpoint for login in args.stores},
                timeout_seconds=_SECONDS,
                # Two stores are asked at once, and a person may retire a login meanwhile.
                concurrency=len(args.stores) + 1,
                environment={events.LOGINS_VARIABLE: pulumi.Output.all(**logins).apply(_logins)},
            ),
            pulumi.ResourceOptions(parent=self),
        )
        calls = {
            kind: aws.lambda_.Invocation(
                f"{name}-{kind}-login",
                function_name=function.function_name,
                input=request.apply(lambda known: json.dumps(known.to_event(), sort_keys=True)),
                # What the function is deployed for, too, when another store has taken the place of the one before.
                triggers={"login": logins[kind]},
                opts=pulumi.ResourceOptions(parent=self),
            )
            for kind, request in requests.items()
        }
        self.accepted = calls
        self.function_name = function.function_name
        self.requests = {
            kind: request.apply(lambda known: json.dumps(known.to_record(), sort_keys=True))
            for kind, request in requests.items()
        }
        for kind, call in calls.items():
            call.result.apply(partial(_warn, kind))
        self.register_outputs({"function_name": self.function_name})
