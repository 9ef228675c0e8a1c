"""The depth of a queue that RQ itself filled, in a cache of the local cloud."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
import rq

from components.functions.function_archive import build_archive
from localcloud.emulator import standins
from localcloud.provider.session import Session
from support.stores import Cache, Function, Network

PASSWORD = "a-password-of-16-or-more"


def test_queue_depth_reads_a_job_that_rq_put_into_the_emulated_cache(
    aws: Session, network: Network, cache: Callable[..., Cache], function: Callable[..., Function]
) -> None:
    elasticache = aws.client("elasticache")
    user = {"UserId": "worker", "UserName": "worker", "AccessString": "on ~* &* +@all -@dangerous +info"}
    elasticache.create_user(**user, Engine="valkey", Passwords=[PASSWORD])
    elasticache.create_user_group(UserGroupId="workers", Engine="valkey", UserIds=["worker"])
    elasticache.create_cache_subnet_group(
        CacheSubnetGroupName="isolated", CacheSubnetGroupDescription="isolated", SubnetIds=network.subnets
    )
    client, server = network.groups()
    network.connect(client, server, 6379)
    made = cache(UserGroupIds=["workers"], CacheSubnetGroupName="isolated", SecurityGroupIds=[server])
    url = f"rediss://worker:{PASSWORD}@{made.host}:6379/0"
    secret = aws.client("secretsmanager").create_secret(Name="redis-url", SecretString=url)["ARN"]
    variables = {
        "REDIS_SECRET_ARN": secret,
        "NAMESPACE": "test",
        "SYSTEM": "test",
        "ENVIRONMENT": "test",
        "QUEUES": "default",
    }
    depth = function(
        Path(build_archive("queue_depth")).read_bytes(),
        network.subnets,
        client,
        Handler="queue_depth.handler.handler",
        Environment={"Variables": variables},
    )

    def ready() -> Any:  # noqa: ANN401 - JSON
        answer = depth()
        assert isinstance(answer, dict), answer
        return answer["default"]["ready"]

    known = standins.ask(made.url)
    host, port = known.address(made.host, 6379)
    connection = redis.Redis(
        host,
        port,
        username="worker",
        password=PASSWORD,
        ssl=True,
        ssl_ca_data=known.authority,
        ssl_check_hostname=False,  # the certificate has the cache's own name
    )
    assert connection.ping(), "the server has started, which may take longer than the function waits"
    assert ready() == 0
    queue = rq.Queue("default", connection=connection)
    queue.enqueue("builtins.print", "one")
    queue.enqueue("builtins.print", "two")
    assert ready() == 2
