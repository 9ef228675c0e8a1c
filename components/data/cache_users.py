"""Who may use a cache, and what for: its users on ElastiCache."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.core.naming import Tags, physical_name

#: The engine of caches, and of their users.
ENGINE = "valkey"
#: Longest id of a replication group, a user or a user group.
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
IDENTIFIER = 40

#: What an application may do: everything on every key and channel (queues, locks, scripts, streams, publish and
#: subscribe), but no administration and nothing that Valkey itself calls dangerous. So no FLUSHALL, FLUSHDB, KEYS,
#: CONFIG, DEBUG, MONITOR, SHUTDOWN, ACL or REPLICAOF: queues live beside the cache, and no client has to be able to
#: empty or block them. Two of the dangerous commands are given back: RQ and BullMQ ask INFO for the server's version,
#: and an RQ worker looks its own address up by CLIENT LIST when it starts, and most releases of it die when they may
#: not. (Redis 7.0 takes the string, and RQ 3.0 works under it.)
#: https://valkey.io/topics/acl/
#: https://github.com/rq/rq/blob/master/rq/worker/base.py
#: Written in the order in which ElastiCache gives it back, so that a refresh finds no drift: on or off, keys, channels,
#: commands. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
APPLICATION_ACCESS = "on ~* &* +@all -@admin -@dangerous +info +client|list"
#: What the user `default` may do. It is off, and could do nothing if it were on.
DEFAULT_ACCESS = "off ~* &* -@all"


def cache_users(
    name: str,
    *,
    username: str,
    passwords: Sequence[pulumi.Input[str]],
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> tuple[aws.elasticache.User, aws.elasticache.UserGroup]:
    """Create the two users and their group; return the application's user and the group.

    A client that gives no name is the user `default`. AWS's own is open, and a group of engine `valkey` takes only
    users that authenticate; so this one is off, with a password that nobody knows. Its id can't be `default`, which
    AWS's own user has.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html

    Args:
        name: beginning of the children's names.
        username: the application's user.
        passwords: what opens for it: one, or two while clients move to the new one.
        tags: tags of all three.
        opts: the caller's options, with the parent.
    """
    # Ids of users and groups are unique in an account and region, and can't be changed. They aren't bound to the
    # replication group, so that a replacement of one is none of the other.
    suffix = random.RandomId(f"{name}-users-suffix", byte_length=4, keepers={"username": username}, opts=opts)
    base = physical_name(IDENTIFIER - len("-default-") - 8, name).lower()
    application = aws.elasticache.User(
        f"{name}-application-user",
        user_id=pulumi.Output.concat(base, "-app-", suffix.hex),
        user_name=username,
        engine=ENGINE,
        access_string=APPLICATION_ACCESS,
        passwords=pulumi.Output.secret(list(passwords)),
        tags=tags,
        opts=opts,
    )
    default_password = random.RandomPassword(f"{name}-default-password", length=64, special=False, opts=opts)
    default = aws.elasticache.User(
        f"{name}-default-user",
        user_id=pulumi.Output.concat(base, "-default-", suffix.hex),
        user_name="default",
        engine=ENGINE,
        access_string=DEFAULT_ACCESS,
        passwords=pulumi.Output.secret([default_password.result]),
        tags=tags,
        opts=opts,
    )
    group = aws.elasticache.UserGroup(
        f"{name}-user-group",
        user_group_id=pulumi.Output.concat(base, "-", suffix.hex),
        engine=ENGINE,
        user_ids=[default.user_id, application.user_id],
        tags=tags,
        opts=opts,
    )
    return application, group
