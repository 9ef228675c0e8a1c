"""Users and user groups (role-based access control)."""

from typing import Any

from moto.core.responses import ActionResult
from moto.elasticache.exceptions import (
    ElastiCacheException,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    UserNotFound,
)
from moto.elasticache.models import ElastiCacheBackend, User
from moto.elasticache.responses import ElastiCacheResponse

from localcloud.emulator.patching import patch
from localcloud.emulator.stores import listening

#: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
_SHORTEST, _LONGEST, _MOST_PASSWORDS = 16, 128, 2


class UserGroup:
    """A user group, with the members that DescribeUserGroups answers under their snake case names."""

    def __init__(self, backend: ElastiCacheBackend, name: str, engine: str, user_ids: list[str]) -> None:
        self._backend = backend
        self.user_group_id, self.engine, self.user_ids = name, engine, user_ids
        self.status, self.minimum_engine_version = "active", "7.2" if engine == "valkey" else "6.0"
        self.pending_changes: dict[str, Any] = {}
        self.serverless_caches: list[str] = []
        self.arn = f"arn:aws:elasticache:{backend.region_name}:{backend.account_id}:usergroup:{name}"

    @property
    def replication_groups(self) -> list[str]:
        """The replication groups that let its users in."""
        groups = self._backend.replication_groups.values()
        return [one.replication_group_id for one in groups if self.user_group_id in one.user_group_ids]


def groups_of(backend: ElastiCacheBackend) -> dict[str, UserGroup]:
    """Return a backend's user groups by id."""
    groups: dict[str, UserGroup] = vars(backend).setdefault("user_groups", {})
    return groups


def find_group(backend: ElastiCacheBackend, name: str) -> UserGroup:
    """Return a user group, or raise as AWS does."""
    if name not in groups_of(backend):
        raise ElastiCacheException("UserGroupNotFound", f"User group {name} not found.")
    return groups_of(backend)[name]


def apply(backend: ElastiCacheBackend) -> None:
    """Tell the servers of replication groups who may log in now."""
    for group in backend.replication_groups.values():
        server: Any = listening.server_of(group)
        if server is not None:
            server.follow_users()


# Users


def _authentication(params: dict[str, Any]) -> tuple[str | None, list[str]]:
    """Return (type as AWS answers it, passwords) of what a call says about authentication."""
    mode = params.get("AuthenticationMode") or {}
    passwords = params.get("Passwords") or mode.get("Passwords") or []
    if params.get("Passwords") and mode.get("Passwords"):
        raise InvalidParameterCombinationException("Passwords provided via multiple arguments. Use only one argument")
    if params.get("NoPasswordRequired") and passwords:
        raise InvalidParameterCombinationException("No password required flag is true but passwords were provided")
    if len(passwords) > _MOST_PASSWORDS:
        raise InvalidParameterValueException(f"A user can have at most {_MOST_PASSWORDS} passwords.")
    if any(not _SHORTEST <= len(password) <= _LONGEST for password in passwords):
        raise InvalidParameterValueException(f"Passwords length must be between {_SHORTEST}-{_LONGEST} characters.")
    kind = mode.get("Type")
    if kind in ("iam", "no-password-required") and passwords:
        raise InvalidParameterCombinationException(f"Password field is not allowed with authentication type: {kind}")
    if kind == "iam":
        return "iam", []
    if params.get("NoPasswordRequired") or kind == "no-password-required":
        return "no-password", []
    if passwords or kind == "password":
        return "password", passwords
    return None, []


def _set_authentication(user: User, kind: str, passwords: list[str]) -> None:
    """Moto answers with the input's words for the type, which aren't the output's."""
    user.passwords, user.no_password_required = list(passwords), kind == "no-password"
    user.authentication_type = kind


@patch(ElastiCacheResponse, "create_user")
def create_user(self: ElastiCacheResponse) -> ActionResult:
    backend, params = self.elasticache_backend, self._get_params()
    user_id, engine = str(params["UserId"]), str(params.get("Engine", "")).lower()
    if user_id in backend.users:
        raise ElastiCacheException("UserAlreadyExists", f"User {user_id} already exists.")
    if engine not in ("redis", "valkey"):
        raise InvalidParameterValueException(
            f'Unknown parameter for Engine: "{params.get("Engine")}", must be one of: redis, valkey'
        )
    kind, passwords = _authentication(params)
    if kind is None:
        raise InvalidParameterValueException(
            "No password was provided. If you want to create/update the user without password, please use the "
            "NoPasswordRequired flag."
        )
    user = User(
        account_id=backend.account_id,
        region=backend.region_name,
        user_id=user_id,
        user_name=str(params["UserName"]),
        access_string=str(params["AccessString"]),
        engine=engine,
        no_password_required=False,
    )
    _set_authentication(user, kind, passwords)
    user.minimum_engine_version = "7.2" if engine == "valkey" else "6.0"
    if params.get("Tags"):
        backend.tagging_service.tag_resource(user.arn, params["Tags"])
    backend.users[user_id] = user
    return ActionResult(user)


@patch(ElastiCacheResponse, "modify_user")
def modify_user(self: ElastiCacheResponse) -> ActionResult:
    backend, params = self.elasticache_backend, self._get_params()
    user = backend.users.get(str(params["UserId"]))
    if user is None:
        raise UserNotFound(str(params["UserId"]))
    if params.get("AccessString"):
        user.access_string = params["AccessString"]
    if params.get("AppendAccessString"):
        user.access_string = f"{user.access_string} {params['AppendAccessString']}"
    if params.get("Engine"):
        user.engine = params["Engine"].lower()
    kind, passwords = _authentication(params)
    if kind is not None:
        _set_authentication(user, kind, passwords)
    apply(backend)
    return ActionResult(user)


@patch(ElastiCacheResponse, "delete_user")
def delete_user(self: ElastiCacheResponse) -> ActionResult:
    """Moto keeps a deleted user until it is described once, and in no group."""
    backend = self.elasticache_backend
    user_id = str(self._get_param("UserId"))
    user = backend.users.pop(user_id, None)
    if user is None:
        raise UserNotFound(user_id)
    for group in groups_of(backend).values():
        group.user_ids = [one for one in group.user_ids if one != user_id]
    backend.tagging_service.delete_all_tags_for_resource(user.arn)
    user.status = "deleting"
    apply(backend)
    return ActionResult(user)


@patch(ElastiCacheBackend, "describe_users")
def describe_users(self: ElastiCacheBackend, user_id: str | None) -> list[User]:
    if user_id and user_id not in self.users:
        raise UserNotFound(user_id)
    found = [self.users[user_id]] if user_id else list(self.users.values())
    for user in found:
        user.user_group_ids = [name for name, group in groups_of(self).items() if user.id in group.user_ids]
    return found


# User groups


def _check_members(backend: ElastiCacheBackend, engine: str, user_ids: list[str]) -> None:
    """Refuse users that aren't there, two of one name, and a Redis group without a user named `default`.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
    """
    names = []
    for user_id in user_ids:
        if user_id not in backend.users:
            raise UserNotFound(user_id)
        names.append(backend.users[user_id].name)
    if len(set(names)) != len(names):
        raise ElastiCacheException("DuplicateUserName", "A user with the same user name is in the user group already.")
    if engine == "redis" and "default" not in names:
        raise ElastiCacheException(
            "DefaultUserRequired", "User group needs to contain a user with the user name default."
        )


@patch(ElastiCacheResponse, "create_user_group")
def create_user_group(self: ElastiCacheResponse) -> ActionResult:
    backend, params = self.elasticache_backend, self._get_params()
    name, engine = str(params["UserGroupId"]), str(params["Engine"]).lower()
    if name in groups_of(backend):
        raise ElastiCacheException("UserGroupAlreadyExists", f"User group {name} already exists.")
    _check_members(backend, engine, params.get("UserIds") or [])
    group = UserGroup(backend, name, engine, list(params.get("UserIds") or []))
    if params.get("Tags"):
        backend.tagging_service.tag_resource(group.arn, params["Tags"])
    groups_of(backend)[name] = group
    return ActionResult(group)


@patch(ElastiCacheResponse, "describe_user_groups")
def describe_user_groups(self: ElastiCacheResponse) -> ActionResult:
    backend, name = self.elasticache_backend, self._get_param("UserGroupId")
    groups = [find_group(backend, name)] if name else list(groups_of(backend).values())
    return ActionResult({"UserGroups": groups})


@patch(ElastiCacheResponse, "modify_user_group")
def modify_user_group(self: ElastiCacheResponse) -> ActionResult:
    backend, params = self.elasticache_backend, self._get_params()
    group = find_group(backend, str(params["UserGroupId"]))
    added, removed = params.get("UserIdsToAdd") or [], params.get("UserIdsToRemove") or []
    engine = str(params.get("Engine") or group.engine).lower()
    for user_id in removed:
        if user_id not in group.user_ids:
            raise UserNotFound(user_id)
    user_ids = [one for one in group.user_ids if one not in removed]
    user_ids += [one for one in added if one not in user_ids]
    _check_members(backend, engine, user_ids)
    group.engine, group.user_ids = engine, user_ids
    apply(backend)
    return ActionResult(group)


@patch(ElastiCacheResponse, "delete_user_group")
def delete_user_group(self: ElastiCacheResponse) -> ActionResult:
    backend = self.elasticache_backend
    group = find_group(backend, str(self._get_param("UserGroupId")))
    if group.replication_groups:
        raise ElastiCacheException(
            "InvalidUserGroupState",
            f"User group {group.user_group_id} is in use by replication group {group.replication_groups[0]}.",
        )
    del groups_of(backend)[group.user_group_id]
    backend.tagging_service.delete_all_tags_for_resource(group.arn)
    group.status = "deleting"
    return ActionResult(group)
