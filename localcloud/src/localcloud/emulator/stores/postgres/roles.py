"""CREATE, ALTER and DROP ROLE: https://www.postgresql.org/docs/current/sql-createrole.html."""

from localcloud.emulator.stores.postgres import rights, scram, settings
from localcloud.emulator.stores.postgres.catalog import BOOTSTRAP, Catalog, Role
from localcloud.emulator.stores.postgres.errors import SqlError, denied, unsupported
from localcloud.emulator.stores.postgres.lexer import Cursor, Kind
from localcloud.emulator.stores.postgres.session import Result, Session

#: Attributes that a role has or hasn't, and the member that says so.
_SWITCHES = {"login": "login", "inherit": "inherit", "createdb": "createdb", "createrole": "createrole"}
#: Those that only a superuser gives, and there is none to log in.
_FORBIDDEN = ("superuser", "replication", "bypassrls")
_RESERVED = ("public", "none", "current_user", "session_user", "current_role")


def create(session: Session, cursor: Cursor, *, login: bool) -> Result:
    """CREATE ROLE, or CREATE USER, which logs in unless it says otherwise."""
    name = cursor.name()
    catalog = session.changing()
    own = rights.role(catalog, session.role)
    if not own.createrole:
        raise denied("permission denied to create role", "Only roles with the CREATEROLE attribute may create roles.")
    if name in _RESERVED or name.startswith("pg_"):
        why = 'Role names starting with "pg_" are reserved.' if name.startswith("pg_") else ""
        raise SqlError("42939", f'role name "{name}" is reserved', why)
    if name in catalog.roles:
        raise SqlError("42710", f'role "{name}" already exists')
    role = catalog.add_role(Role(name, catalog.new_oid(), login=login))
    groups = _options(session, cursor, role, "create roles with")
    cursor.end()
    if catalog.major >= 16:
        # Whoever creates a role may grant it, and neither has its rights nor becomes it until that is granted too.
        # https://www.postgresql.org/docs/16/runtime-config-client.html#GUC-CREATEROLE-SELF-GRANT
        catalog.join(name, own.name, BOOTSTRAP, admin=True, inherit=False, set=False)
    for group in groups:
        may_grant(catalog, session.role, group)
        catalog.join(group, name, session.role, inherit=role.inherit)
    return Result("CREATE ROLE")


def _options(session: Session, cursor: Cursor, role: Role, deed: str) -> list[str]:
    """Read and apply attributes; return the roles of IN ROLE.

    Args:
        session: whose statement it is.
        cursor: where they stand.
        role: whose they are.
        deed: what is done to attributes, for refusals.
    """
    groups: list[str] = []
    cursor.accept("with")
    while cursor.next is not None:
        if cursor.accept("encrypted", "password") or cursor.accept("password"):
            role.verifier = None if cursor.accept("null") else _verifier(session, cursor.string())
        elif cursor.accept("connection", "limit"):
            negative = cursor.accept("-")
            role.limit = int(cursor.take(Kind.NUMBER).value) * (-1 if negative else 1)
        elif cursor.accept("valid", "until"):
            if cursor.string() != "infinity":
                raise unsupported("VALID UNTIL another time than infinity")
        elif cursor.accept("in", "role"):
            groups += cursor.names()
        else:
            word = cursor.take(Kind.NAME).value
            name, given = (word[2:], False) if word.startswith("no") else (word, True)
            if name in _FORBIDDEN and (given or deed == "change"):
                which = name.upper()
                raise denied(
                    f"permission denied to {'alter' if deed == 'change' else 'create'} role",
                    f"Only roles with the {which} attribute may {deed} the {which} attribute.",
                )
            if name not in _SWITCHES and name not in _FORBIDDEN:
                raise unsupported(f"{word.upper()} in {cursor.text}")
            if name in _SWITCHES:
                setattr(role, _SWITCHES[name], given)
    return groups


def _verifier(session: Session, text: str) -> str | None:
    """Return what is kept of a password: it as it is where it is a verifier already.

    Verifiers of MD5 are refused, as RDS does with `rds.accepted_password_auth_method=scram`:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL_Password_Encryption_configuration.html
    """
    if scram.read(text) is not None:
        return text
    if not text:
        session.notice("empty string is not a valid password, clearing password")
        return None
    if text.startswith("md5") and len(text) == 35:
        raise SqlError("22023", "MD5 password verifiers are not accepted")
    if not text.isascii():
        raise unsupported("a password that isn't ASCII")
    return scram.written(text)


def may_alter(catalog: Catalog, who: str, name: str, what: str) -> None:
    """Refuse to change a role to who mayn't."""
    own, role = rights.role(catalog, who), rights.role(catalog, name)
    if role.superuser:
        raise denied(
            f"permission denied to {what} role",
            f"Only roles with the SUPERUSER attribute may {what} roles with the SUPERUSER attribute.",
        )
    if not own.createrole or (catalog.major >= 16 and not rights.administers(catalog, who, name)):
        which, done = f'role "{name}"', f"{what} this role"
        if what == "drop" and not own.createrole:
            which, done = "the target roles", "drop roles"
        raise denied(
            f"permission denied to {what} role",
            f"Only roles with the CREATEROLE attribute and the ADMIN option on {which} may {done}.",
        )
    if name.startswith("pg_"):
        raise SqlError("42939", f'role name "{name}" is reserved', "Cannot alter reserved roles.")


def may_grant(catalog: Catalog, who: str, name: str, what: str = "grant") -> None:
    """Refuse to grant membership in a role to who mayn't."""
    own, role = rights.role(catalog, who), rights.role(catalog, name)
    if role.superuser:
        raise denied(
            f'permission denied to {what} role "{name}"',
            f"Only roles with the SUPERUSER attribute may {what} roles with the SUPERUSER attribute.",
        )
    by_attribute = catalog.major < 16 and own.createrole
    if not (by_attribute or rights.administers(catalog, who, name)):
        raise denied(
            f'permission denied to {what} role "{name}"',
            f'Only roles with the ADMIN option on role "{name}" may {what} this role.',
        )
    if name in ("rds_iam", "pg_database_owner"):
        raise unsupported(f"memberships of {name}")


def named(session: Session, cursor: Cursor) -> str:
    """Go past the name of a role, CURRENT_USER and SESSION_USER among them, and return it."""
    word = cursor.take(Kind.NAME, Kind.QUOTED)
    if word.kind is Kind.NAME and word.value in ("current_user", "current_role"):
        return session.role
    if word.kind is Kind.NAME and word.value == "session_user":
        return session.user
    return word.value


def alter(session: Session, cursor: Cursor) -> Result:
    """ALTER ROLE: attributes, or settings."""
    name = named(session, cursor)
    catalog = session.changing()
    role = rights.role(catalog, name)
    if cursor.peek("set") or cursor.peek("reset") or cursor.peek("in", "database"):
        if name != session.role:
            may_alter(catalog, session.role, name, "alter")
        within = ""
        if cursor.accept("in", "database"):
            within = cursor.name()
            rights.database(catalog, within)
        settings.alter(session, cursor, role.settings.setdefault(within, {}))
        return Result("ALTER ROLE")
    if name != session.role or not (cursor.peek("password") or cursor.peek("with", "password")):
        may_alter(catalog, session.role, name, "alter")
    if _options(session, cursor, role, "change"):
        raise unsupported(cursor.text)
    cursor.end()
    return Result("ALTER ROLE")


def drop(session: Session, cursor: Cursor) -> Result:
    """DROP ROLE."""
    if_there = cursor.accept("if", "exists")
    names = cursor.names()
    cursor.end()
    catalog = session.changing()
    for name in names:
        if name not in catalog.roles and if_there:
            session.notice(f'role "{name}" does not exist, skipping')
            continue
        rights.role(catalog, name)
        if name in (session.role, session.user):
            which = "current" if name == session.role else "session"
            raise SqlError("55006", f"{which} user cannot be dropped")
        may_alter(catalog, session.role, name, "drop")
        _need_nothing(catalog, name)
        del catalog.roles[name]
        catalog.members = [one for one in catalog.members if name not in (one.role, one.member)]
    return Result("DROP ROLE")


def _need_nothing(catalog: Catalog, name: str) -> None:
    """Refuse to drop what something belongs to or has privileges by."""
    reasons = []
    for database in catalog.databases.values():
        things = [("database", database), *(("schema", one) for one in database.schemas.values())]
        for kind, thing in things:
            if thing.owner == name:
                reasons.append(f"owner of {kind} {thing.name}")
            elif name in (thing.acl or {}):
                reasons.append(f"privileges for {kind} {thing.name}")
    for one in catalog.members:
        if one.grantor == name and name not in (one.role, one.member):
            reasons.append(f"privileges for membership of role {one.member} in role {one.role}")
    if reasons:
        raise SqlError(
            "2BP01",
            f'role "{name}" cannot be dropped because some objects depend on it',
            "\n".join(reasons),
        )
