"""A database, a cache, a broker and functions in a network of the emulated account, and ways to them from the test.

Its fixtures are a module's: a conftest imports them. The account is emptied once a module: what a test makes has a name
of its own.
"""

import base64
import functools
import http.client
import itertools
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pg8000.native
import pulumi
import pytest
import valkey

from localcloud.emulator import control, standins
from localcloud.provider.archives import zip_of
from localcloud.provider.session import Session
from support.account import emptied

MASTER, PASSWORD = "demo", "the-masters-own"

#: What a broker's management API answers to a wrong password, and to a user who has no tags.
LOGIN_FAILED = {"error": "not_authorized", "reason": "Login failed"}
NOT_MANAGEMENT = {"error": "not_authorised", "reason": "Not management user"}

_numbers = itertools.count(1)


def unused(name: str) -> str:
    """Return a name that no other test has."""
    return f"{name}-{next(_numbers)}"


@pytest.fixture(scope="module")
def emulator(emulator_process: control.Endpoint) -> str:
    """The URL of an emulated account that a module begins with nothing in it."""
    return emptied(emulator_process)


@pytest.fixture(scope="module")
def aws(emulator: str) -> Session:
    """Clients of that account."""
    return Session(emulator)


@dataclass(frozen=True)
class Network:
    """A VPC with two subnets."""

    aws: Session
    vpc: str
    subnets: list[str]

    def group(self, name: str) -> str:
        """Make a security group that lets nothing in or out."""
        ec2 = self.aws.client("ec2")
        group = str(ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"])
        everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
        return group

    def groups(self) -> tuple[str, str]:
        """Make two of them: for a client and for a server."""
        return self.group(unused("client")), self.group(unused("server"))

    def allow(self, group: str, way: str, port: int, **source: Any) -> None:  # noqa: ANN401 - the call's own
        """Let one port in or out: to or from a group (`UserIdGroupPairs`) or addresses (`IpRanges`)."""
        call = getattr(self.aws.client("ec2"), f"authorize_security_group_{way}")
        call(GroupId=group, IpPermissions=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}])

    def connect(self, client: str, server: str, port: int) -> None:
        """Let a group reach another, as `components.connection` does."""
        self.allow(client, "egress", port, UserIdGroupPairs=[{"GroupId": server}])
        self.allow(server, "ingress", port, UserIdGroupPairs=[{"GroupId": client}])


@pytest.fixture(scope="module")
def network(aws: Session) -> Network:
    """A VPC with two subnets."""
    ec2 = aws.client("ec2")
    vpc = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    subnets = [
        str(
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-east-1{zone}")["Subnet"][
                "SubnetId"
            ]
        )
        for n, zone in enumerate("ab")
    ]
    return Network(aws, vpc, subnets)


@dataclass(frozen=True)
class Database:
    """A PostgreSQL instance, and a way to it."""

    name: str
    host: str
    url: str

    def log_in(
        self,
        user: str = MASTER,
        password: str = PASSWORD,
        database: str = "app",
        *,
        tls: bool = True,
        **more: Any,  # noqa: ANN401
    ) -> pg8000.native.Connection:
        """Log in from outside, by the loopback port, with the instance's own name verified."""
        known = standins.ask(self.url)
        return pg8000.native.Connection(
            user,
            host=self.host,
            sock=socket.create_connection(known.address(self.host, 5432), timeout=60),
            database=database,
            password=password,
            ssl_context=known.context() if tls else False,
            **more,
        )

    def refusal(self, *args: Any, **more: Any) -> tuple[str, str]:  # noqa: ANN401 - of `log_in`
        """Return SQLSTATE and message of a login that is refused."""
        with pytest.raises(pg8000.native.DatabaseError) as caught:
            self.log_in(*args, **more)
        return told(caught.value)


def told(error: BaseException) -> tuple[str, str]:
    """Return SQLSTATE and message of a refusal."""
    fields: Mapping[str, str] = error.args[0]
    return fields["C"], fields["M"]


def new_database(aws: Session, url: str, name: str = "", **more: Any) -> Database:  # noqa: ANN401 - the call's own
    """Make an instance in the emulated account at a URL."""
    name = name or unused("db")
    settings = {"DBName": "app", "EngineVersion": "16", **more}
    answer = aws.client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername=MASTER,
        MasterUserPassword=PASSWORD,
        **settings,
    )
    return Database(name, answer["DBInstance"]["Endpoint"]["Address"], url)


@pytest.fixture(scope="module")
def database(aws: Session, emulator: str) -> Callable[..., Database]:
    """Make an instance: `database(EngineVersion="16")`."""
    return functools.partial(new_database, aws, emulator)


@dataclass(frozen=True)
class Cache:
    """A replication group, and a way to its primary endpoint."""

    name: str
    host: str
    url: str

    def log_in(self, user: str, password: str, *, tls: bool = True) -> valkey.Valkey:
        """Return a client, which verifies that the certificate is by the emulator's authority.

        Its library checks a certificate's name only against the host that it connects to.
        """
        known = standins.ask(self.url)
        host, port = known.address(self.host, 6379)
        secure: dict[str, Any] = (
            {"ssl": True, "ssl_ca_data": known.authority, "ssl_check_hostname": False} if tls else {}
        )
        login: dict[str, Any] = {"username": user, "password": password} if user else {"password": password or None}
        return valkey.Valkey(host, port, socket_timeout=60, decode_responses=True, **secure, **login)


def new_cache(aws: Session, url: str, **more: Any) -> Cache:  # noqa: ANN401 - the call's own arguments
    """Make a replication group in the emulated account at a URL."""
    settings = {"TransitEncryptionEnabled": True, **more}
    group = aws.client("elasticache").create_replication_group(
        ReplicationGroupId=unused("cache"),
        ReplicationGroupDescription="a cache",
        Engine="valkey",
        CacheNodeType="cache.t4g.micro",
        **settings,
    )["ReplicationGroup"]
    endpoint = group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
    return Cache(group["ReplicationGroupId"], endpoint, url)


@pytest.fixture(scope="module")
def cache(aws: Session, emulator: str) -> Callable[..., Cache]:
    """Make a replication group: `cache(UserGroupIds=[…])`."""
    return functools.partial(new_cache, aws, emulator)


@pytest.fixture(scope="module")
def broker(aws: Session) -> Callable[..., str]:
    """Make a broker; return the URL of its management API."""

    def make(**more: Any) -> str:  # noqa: ANN401 - the call's own arguments
        mq = aws.client("mq")
        made = mq.create_broker(
            BrokerName=unused("broker"),
            EngineType="RABBITMQ",
            EngineVersion="4.2",
            HostInstanceType="mq.m7g.medium",
            DeploymentMode="SINGLE_INSTANCE",
            AutoMinorVersionUpgrade=True,
            PubliclyAccessible=False,
            Users=[{"Username": MASTER, "Password": PASSWORD}],
            **more,
        )
        return str(mq.describe_broker(BrokerId=made["BrokerId"])["BrokerInstances"][0]["ConsoleURL"])

    return make


@dataclass(frozen=True)
class Management:
    """A broker's management API, and a way to its stand-in."""

    host: str
    url: str

    def ask(self, method: str, path: str, body: object = None, *, user: str = MASTER, password: str = PASSWORD) -> Any:  # noqa: ANN401 - JSON
        """Return (status, JSON)."""
        known = standins.ask(self.url)
        plain = socket.create_connection(known.address(self.host, 443), timeout=10)
        connection = http.client.HTTPConnection(self.host)
        with known.context().wrap_socket(plain, server_hostname=self.host) as connection.sock:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            content = body if isinstance(body, str) else None if body is None else json.dumps(body)
            connection.request(method, f"/api/{path}", content, {"Authorization": f"Basic {pair}"} if user else {})
            answer = connection.getresponse()
            text = answer.read()
        return answer.status, json.loads(text) if text else None


_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class Function:
    """A function of the emulated account."""

    aws: Session
    name: str

    def __call__(self, event: Any = None) -> Any:  # noqa: ANN401 - JSON
        """Invoke it; return what it answers, or the error's message as a `Failure`."""
        answer = self.aws.client("lambda").invoke(FunctionName=self.name, Payload=json.dumps(event))
        payload = json.loads(answer["Payload"].read())
        return Failure(payload["errorType"], payload["errorMessage"]) if "FunctionError" in answer else payload

    @property
    def log(self) -> str:
        """What it wrote."""
        logs, group = self.aws.client("logs"), f"/aws/lambda/{self.name}"
        events = logs.filter_log_events(logGroupName=group)["events"]
        return "\n".join(str(event["message"]) for event in events)


@dataclass(frozen=True)
class Failure:
    """What a function failed with."""

    kind: str
    message: str


@pytest.fixture(scope="module")
def function(aws: Session) -> Callable[..., Function]:
    """Make a function of files or of an archive: `function({"main.py": "…"}, subnets, group)`.

    Without subnets it is in no VPC.
    """
    iam = aws.client("iam")
    role = iam.create_role(RoleName="function", AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"]
    statement = {"Effect": "Allow", "Action": ["ec2:*NetworkInterface*"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="function", PolicyName="own", PolicyDocument=policy)

    def make(
        code: Mapping[str, str] | bytes,
        subnets: list[str] | None = None,
        group: str = "",
        **more: Any,  # noqa: ANN401 - the call's own arguments
    ) -> Function:
        place = {"VpcConfig": {"SubnetIds": subnets, "SecurityGroupIds": [group]}} if subnets else {}
        if not isinstance(code, bytes):
            code = zip_of(pulumi.AssetArchive({name: pulumi.StringAsset(text) for name, text in code.items()}))
        name, settings = unused("function"), {"Handler": "main.handler", "Timeout": 60, **more}
        aws.client("lambda").create_function(
            FunctionName=name, Code={"ZipFile": code}, Runtime="python3.12", Role=role, **place, **settings
        )
        return Function(aws, name)

    return make
