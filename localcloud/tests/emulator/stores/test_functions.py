"""What emulated functions reach of databases and brokers, and what keeps them from it."""

from collections.abc import Callable

import pytest

from localcloud.provider.session import Session
from support.stores import MASTER, PASSWORD, Database, Failure, Function, Network, unused

#: A login by TLS with certificate and name verified, as a function in AWS would do it.
LOG_IN = """
import ssl
import pg8000.native

def handler(event, context):
    context = ssl.create_default_context()
    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED
    try:
        connection = pg8000.native.Connection(
            event["user"], host=event["host"], port=event.get("port", 5432), database="app",
            password=event["password"], ssl_context=context, timeout=30,
        )
    except pg8000.native.DatabaseError as error:
        return error.args[0]["C"]
    return connection.run("SELECT current_user")[0][0]
"""
#: The cause of what the driver says, which is only that it can't connect.
REACH = """
import socket

def handler(event, context):
    socket.create_connection((event["host"], event["port"]), timeout=5).close()
"""
WHO = """
import base64, json, urllib.error, urllib.request

def handler(event, context):
    pair = base64.b64encode(f"{event['user']}:{event['password']}".encode()).decode()
    request = urllib.request.Request(event["url"] + "/api/whoami", headers={"Authorization": f"Basic {pair}"})
    try:
        return json.load(urllib.request.urlopen(request, timeout=5))
    except urllib.error.HTTPError as error:
        return error.code
"""

Make = Callable[..., Function]
Place = Callable[..., Database]


@pytest.fixture(scope="module")
def placed(network: Network, database: Callable[..., Database]) -> Callable[..., Database]:
    """Make an instance with a security group in the network's subnets."""
    network.aws.client("rds").create_db_subnet_group(
        DBSubnetGroupName="isolated", DBSubnetGroupDescription="isolated", SubnetIds=network.subnets
    )

    def make(group: str, *, public: bool = False) -> Database:
        return database(DBSubnetGroupName="isolated", VpcSecurityGroupIds=[group], PubliclyAccessible=public)

    return make


def test_a_function_logs_in_to_a_database_by_its_own_name(network: Network, placed: Place, function: Make) -> None:
    client, server = network.groups()
    network.connect(client, server, 5432)
    log_in = function({"main.py": LOG_IN}, network.subnets, client)
    event = {"host": placed(server).host, "user": MASTER}
    assert log_in({**event, "password": PASSWORD}) == MASTER
    assert log_in({**event, "password": "wrong"}) == "28P01"


def test_a_function_logs_in_to_a_broker_by_its_own_name(
    network: Network, broker: Callable[..., str], function: Make
) -> None:
    client, server = network.groups()
    network.connect(client, server, 443)
    who = function({"main.py": WHO}, network.subnets, client)
    event = {"url": broker(SubnetIds=network.subnets[:1], SecurityGroups=[server]), "user": MASTER}
    assert who({**event, "password": PASSWORD}) == {"name": MASTER, "tags": ["administrator"]}
    assert who({**event, "password": "wrong"}) == 401


def test_a_function_is_kept_out_until_both_security_groups_let_it_through(
    network: Network, placed: Place, function: Make
) -> None:
    client, server = network.group("client"), network.group("server")
    made = placed(server)
    reach = function({"main.py": REACH}, network.subnets, client)
    event, where = {"host": made.host, "port": 5432}, f"{made.host}:5432: timed out: no"
    egress = (
        f"{where} egress rule of the function's security group {client} (client) allows TCP 5432 to "
        f"DB instance {made.name}"
    )
    assert reach(event) == Failure("TimeoutError", egress)
    assert egress in reach.log, "a driver may keep the cause to itself, and then only the log has it"

    network.allow(client, "egress", 5432, UserIdGroupPairs=[{"GroupId": server}])
    ingress = (
        f"{where} ingress rule of DB instance {made.name}'s security group {server} (server) allows TCP 5432 from the "
        f"function's security group {client} (client)"
    )
    assert reach(event) == Failure("TimeoutError", ingress)

    network.allow(server, "ingress", 5433, UserIdGroupPairs=[{"GroupId": client}])
    assert reach(event) == Failure("TimeoutError", ingress), "a rule about another port lets nothing through"

    network.allow(server, "ingress", 5432, UserIdGroupPairs=[{"GroupId": client}])
    assert reach(event) is None


def test_addresses_let_a_function_through_where_they_cover_all_of_its_subnets(
    network: Network, placed: Place, function: Make
) -> None:
    client, server = network.groups()
    network.allow(client, "egress", 5432, IpRanges=[{"CidrIp": "10.0.0.0/16"}])
    network.allow(server, "ingress", 5432, IpRanges=[{"CidrIp": "10.0.0.0/24"}])
    reach = function({"main.py": REACH}, network.subnets, client)
    event = {"host": placed(server).host, "port": 5432}
    assert isinstance(reach(event), Failure), "it may run in the other subnet"
    network.allow(server, "ingress", 5432, IpRanges=[{"CidrIp": "10.0.1.0/24"}])
    assert reach(event) is None


def test_a_function_in_no_vpc_or_another_reaches_no_private_database(
    network: Network, placed: Place, function: Make, aws: Session
) -> None:
    server = network.group(unused("server"))
    network.allow(server, "ingress", 5432, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    made = placed(server)
    reach, event = function({"main.py": REACH}), {"host": made.host, "port": 5432}
    where, private = f"{made.host}:5432: timed out: the function is in", f"DB instance {made.name} is private in"
    assert reach(event) == Failure("TimeoutError", f"{where} no VPC, and {private} {network.vpc}")
    ec2 = aws.client("ec2")
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=other, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="open", Description="open", VpcId=other)["GroupId"]
    aws.client("lambda").update_function_configuration(
        FunctionName=reach.name, VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    )
    assert reach(event) == Failure("TimeoutError", f"{where} {other}, and {private} {network.vpc}")


def test_a_public_database_is_reached_from_no_vpc_where_everybody_may(
    network: Network, placed: Place, function: Make
) -> None:
    server = network.group("public")
    made = placed(server, public=True)
    reach, event = function({"main.py": REACH}), {"host": made.host, "port": 5432}
    network.allow(server, "ingress", 5432, IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    refused = f"no ingress rule of DB instance {made.name}'s security group {server} (public) allows TCP 5432 from"
    assert reach(event) == Failure("TimeoutError", f"{made.host}:5432: timed out: {refused} the function")
    network.allow(server, "ingress", 5432, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    assert reach(event) is None


def test_a_store_answers_at_no_other_port_and_a_name_that_is_no_stores_is_not_found(
    network: Network, broker: Callable[..., str], function: Make
) -> None:
    client, server = network.groups()
    network.connect(client, server, 443)
    host = broker(SubnetIds=network.subnets[:1], SecurityGroups=[server]).removeprefix("https://")
    reach = function({"main.py": REACH}, network.subnets, client)
    assert reach({"host": host, "port": 5671}) == Failure(
        "ConnectionRefusedError", f"{host}:5671: its stand-in in the local cloud answers at 443"
    )
    missing = reach({"host": "db.other.us-east-1.rds.amazonaws.com", "port": 5432})
    assert isinstance(missing, Failure)
    assert missing.message.endswith("a function of the local cloud reaches loopback only")


def test_a_store_is_not_believed_under_another_name(network: Network, placed: Place, function: Make) -> None:
    client, server = network.groups()
    network.connect(client, server, 5432)
    code = LOG_IN.replace(
        'host=event["host"], port=event.get("port", 5432)',
        'host="localhost", sock=__import__("socket").create_connection((event["host"], 5432))',
    )
    log_in = function({"main.py": code}, network.subnets, client)
    failure = log_in({"host": placed(server).host, "user": MASTER, "password": PASSWORD})
    assert isinstance(failure, Failure)
    assert failure.kind == "SSLCertVerificationError"
    assert "Hostname mismatch" in failure.message
