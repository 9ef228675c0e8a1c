"""ElastiCache replication groups as clients of Valkey meet them."""

from collections.abc import Callable
from typing import Any

import pytest
import valkey
from valkey.exceptions import AuthenticationError, NoPermissionError, ResponseError

from localcloud.emulator import standins
from localcloud.provider.session import Session
from support.stores import Cache, Failure, Function, Network, unused

PASSWORD, ANOTHER = "a-password-of-16-or-more", "another-password-as-long"
REACH = """
import socket

def handler(event, context):
    socket.create_connection((event["host"], event["port"]), timeout=5).close()
"""

Make = Callable[..., Cache]


def _user(aws: Session, name: str, access: str = "on ~app:* +@all", **more: Any) -> str:  # noqa: ANN401 - of the call
    user = aws.client("elasticache").create_user(
        UserId=unused("user"), UserName=name, Engine="valkey", AccessString=access, **{"Passwords": [PASSWORD], **more}
    )
    return str(user["UserId"])


def _group(aws: Session, *users: str) -> str:
    made = aws.client("elasticache").create_user_group(UserGroupId=unused("group"), Engine="valkey", UserIds=users)
    return str(made["UserGroupId"])


@pytest.fixture
def user(aws: Session) -> str:
    return _user(aws, "app")


@pytest.fixture
def group(aws: Session, user: str) -> str:
    return _group(aws, user)


@pytest.fixture
def made(cache: Make, group: str) -> Cache:
    return cache(UserGroupIds=[group])


def test_a_user_logs_in_with_its_password_and_no_other(made: Cache) -> None:
    assert made.log_in("app", PASSWORD).acl_whoami() == "app"
    for name, password in (("app", "wrong"), ("nobody", PASSWORD), ("", PASSWORD)):
        with pytest.raises(AuthenticationError):
            made.log_in(name, password).ping()
    with pytest.raises(AuthenticationError):
        made.log_in("", "").ping()


def test_a_users_access_string_says_what_it_may_do(made: Cache) -> None:
    client = made.log_in("app", PASSWORD)
    assert client.set("app:key", "value")
    with pytest.raises(NoPermissionError):
        client.set("other:key", "value")


@pytest.mark.parametrize("command", ["CONFIG GET *", "SHUTDOWN", "DEBUG SLEEP 0", "REPLICAOF NO ONE"])
def test_commands_that_elasticache_lacks_are_not_there(made: Cache, command: str) -> None:
    with pytest.raises(ResponseError, match="unknown command"):
        made.log_in("app", PASSWORD).execute_command(*command.split())  # type: ignore[no-untyped-call]


def test_no_user_makes_users(made: Cache) -> None:
    with pytest.raises(NoPermissionError):
        made.log_in("app", PASSWORD).acl_setuser("app", nopass=True)


def test_changes_of_a_user_hold_at_once(made: Cache, aws: Session, user: str) -> None:
    elasticache = aws.client("elasticache")
    client = made.log_in("app", PASSWORD)
    client.set("app:key", "value")
    elasticache.modify_user(UserId=user, Passwords=[PASSWORD, ANOTHER])
    assert made.log_in("app", PASSWORD).ping() is made.log_in("app", ANOTHER).ping() is True
    elasticache.modify_user(UserId=user, Passwords=[ANOTHER])
    with pytest.raises(AuthenticationError):
        made.log_in("app", PASSWORD).ping()
    assert client.get("app:key") == "value", "who is in stays in"
    elasticache.modify_user(UserId=user, AccessString="on ~other:* +@all")
    with pytest.raises(NoPermissionError):
        client.get("app:key")


def test_who_leaves_the_user_group_is_put_out(made: Cache, aws: Session, group: str, user: str) -> None:
    client = made.log_in("app", PASSWORD)
    client.ping()
    other = _user(aws, "other")
    aws.client("elasticache").modify_user_group(UserGroupId=group, UserIdsToAdd=[other], UserIdsToRemove=[user])
    with pytest.raises(AuthenticationError):
        client.ping()
    assert made.log_in("other", PASSWORD).ping()


def test_a_token_is_the_default_users_password_and_rotates(cache: Make, aws: Session) -> None:
    made = cache(AuthToken=PASSWORD)
    assert made.log_in("", PASSWORD).set("key", "value")
    change = {"ReplicationGroupId": made.name, "AuthToken": ANOTHER, "ApplyImmediately": True}
    aws.client("elasticache").modify_replication_group(**change, AuthTokenUpdateStrategy="ROTATE")
    assert made.log_in("", PASSWORD).ping() is made.log_in("", ANOTHER).ping() is True
    aws.client("elasticache").modify_replication_group(**change, AuthTokenUpdateStrategy="SET")
    assert made.log_in("", ANOTHER).get("key") == "value"
    with pytest.raises(AuthenticationError):
        made.log_in("", PASSWORD).ping()


def test_a_connection_in_the_clear_is_taken_only_where_the_group_says_so(cache: Make) -> None:
    with pytest.raises(valkey.ConnectionError):
        cache().log_in("", "", tls=False).ping()
    assert cache(TransitEncryptionEnabled=False).log_in("", "", tls=False).ping()
    both = cache(TransitEncryptionMode="preferred")
    assert both.log_in("", "", tls=False).ping() is both.log_in("", "").ping() is True


def test_each_group_has_a_server_of_its_own_and_it_goes_with_the_group(cache: Make, aws: Session) -> None:
    first, second = cache(), cache()
    client = first.log_in("", "")
    client.set("key", "x" * 3_000_000)
    assert client.get("key") == "x" * 3_000_000
    assert second.log_in("", "").get("key") is None
    aws.client("elasticache").delete_replication_group(ReplicationGroupId=first.name)
    assert (first.host, 6379) not in standins.ask(first.url).ports
    with pytest.raises(valkey.ConnectionError):
        client.ping()


def test_security_groups_say_which_function_reaches_a_group(
    network: Network, cache: Make, function: Callable[..., Function]
) -> None:
    network.aws.client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="isolated", CacheSubnetGroupDescription="isolated", SubnetIds=network.subnets
    )
    client, server = network.groups()
    made = cache(CacheSubnetGroupName="isolated", SecurityGroupIds=[server])
    reach, event = function({"main.py": REACH}, network.subnets, client), {"host": made.host, "port": 6379}
    refused = reach(event)
    assert isinstance(refused, Failure)
    assert f"allows TCP 6379 to replication group {made.name}" in refused.message
    network.connect(client, server, 6379)
    assert reach(event) is None
