"""The logins of a system at its database and its broker, which the stores know before any task uses them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from components.core.endpoint import Endpoint
from components.core.placement import Placement
from components.functions.function_archive import build_archive
from components.functions.python_function import PythonFunction, PythonFunctionArgs
from components.secrets.alternating_users import AlternatingUsers
from components.secrets.secret import Secret

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

    store: Endpoint
    """Where the function reaches it."""
    kind: str
    """What it is: `postgres` or `rabbitmq`."""
    place: Mapping[str, pulumi.Input[Any]]
    """How the function finds it: `host`, `port`, `database` and `owner`, or `url` and `vhost`."""
    administrator: Administrator
    """Who changes its logins."""
    logins: AlternatingUsers
    """The two users, and whose turn it is."""
    password: Secret
    """The current user's password."""


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
    after: Mapping[str, Sequence[pulumi.Resource]] = field(default_factory=dict)
    """What has to be there before the function speaks to a store, by kind."""

    def __post_init__(self) -> None:
        """Refuse a region whose databases the function wouldn't believe.

        Raises:
            ValueError: naming the region, those that are known, and what to do.
        """
        known = known_regions()
        if self.placement.region not in known and any(store.kind == "postgres" for store in self.stores):
            raise ValueError(
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
    """What each store was asked, as JSON, by kind."""

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Credentials", name, None, opts)
        function = PythonFunction(
            name,
            PythonFunctionArgs(
                archive=pulumi.FileArchive(build_archive("credentials")),
                handler="credentials.handler.handler",
                description="Makes stores accept the logins that services are about to use",
                placement=args.placement,
                log_group_name=args.log_group_name,
                dead_letter_topic_arn=args.dead_letter_topic_arn,
                secret_arns=[secret.arn for login in args.stores for secret in _secrets(login)],
                stores={login.kind: login.store for login in args.stores},
                timeout_seconds=_SECONDS,
                # Two stores are asked at once, and a person may retire a login meanwhile.
                concurrency=len(args.stores) + 1,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        requests = {login.kind: _request(login) for login in args.stores}
        self.accepted = {
            kind: aws.lambda_.Invocation(
                f"{name}-{kind}-login",
                function_name=function.function_name,
                input=request,
                opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after.get(kind, ()))),
            )
            for kind, request in requests.items()
        }
        self.function_name = function.function_name
        self.requests = requests
        self.register_outputs({"function_name": self.function_name})


def _secrets(login: StoreLogin) -> list[Secret]:
    administrator = login.administrator
    secrets = [login.password, administrator.password]
    return secrets if administrator.previous is None else [*secrets, administrator.previous]


def _named(secret: Secret) -> dict[str, pulumi.Input[str]]:
    """Name a secret's version: what the function reads its value by."""
    return {"secret": secret.arn, "version": secret.version_id}


def _request(login: StoreLogin) -> pulumi.Output[str]:
    administrator: dict[str, Any] = {
        "username": login.administrator.username,
        "password": _named(login.administrator.password),
    }
    if login.kind == "rabbitmq":
        # Amazon MQ sets this password once; from then on the function does, and needs the one before for it.
        previous = login.administrator.previous
        administrator["previous"] = None if previous is None else _named(previous)
    return pulumi.Output.json_dumps(
        {
            "action": "ensure",
            "store": login.kind,
            **login.place,
            "username": login.logins.current,
            "other": login.logins.other,
            "admin": administrator,
            "password": _named(login.password),
        },
        sort_keys=True,
    )
