"""Who may log in to a replication group, as rules of Valkey's: https://valkey.io/topics/acl/."""

from typing import Any

from localcloud.emulator.patches.elasticache import users

#: Who a client is that names no user.
DEFAULT = "default"

#: Commands that ElastiCache lacks: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/SupportedCommands.html
LACKING = (
    "BGREWRITEAOF",
    "BGSAVE",
    "CONFIG",
    "DEBUG",
    "MIGRATE",
    "PSYNC",
    "REPLICAOF",
    "SAVE",
    "SHUTDOWN",
    "SLAVEOF",
    "SYNC",
)
#: It lacks these too, with which the emulator sets users.
_NOT_FOR_USERS = ("-acl|setuser", "-acl|deluser", "-acl|load", "-acl|save")
_EVERYTHING = ("~*", "&*", "+@all")


def rules(group: Any) -> dict[str, list[str]]:  # noqa: ANN401 - `clusters.Group`
    """Return each user's rules by the user's name; called by what holds the request lock.

    Without user groups there is the default user alone: with the AUTH token where there is one, else with no password.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
    """
    if not group.user_group_ids:
        passwords = [f">{token}" for token in group.auth_tokens] or ["nopass"]
        return {DEFAULT: ["reset", "on", *passwords, *_EVERYTHING, *_NOT_FOR_USERS]}
    backend = group._backend
    found = {DEFAULT: ["reset"]}
    for group_id in group.user_group_ids:
        for user_id in users.find_group(backend, group_id).user_ids:
            user = backend.users[user_id]
            passwords = ["nopass"] if user.no_password_required else [f">{one}" for one in user.passwords]
            found[user.name] = ["reset", *passwords, *user.access_string.split(), *_NOT_FOR_USERS]
    return found
