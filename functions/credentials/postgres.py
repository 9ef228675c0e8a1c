"""What is done on a PostgreSQL server.

An owner role, which can't log in, owns a system's database and what is in it. Two roles log in and act as the owner, by
turns, so that it doesn't matter which of them made a table. Nobody else may connect to the database.

Whether a role's password is right is found out by logging in: on RDS nobody may read the verifiers. A role or database
that was there before (restored, or from before there was an owner) is brought into this shape; what a role owns is
given to the owner only when the role may act as the owner. The two roles inherit the owner's rights too: it is by that
that they may connect, before they act as the owner, and that a session which was there before keeps its access.
"""

import base64
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from scramp import ScramMechanism

from . import catalog, statements
from .errors import CredentialsError, NotYetError, RefusedError
from .events import PostgresStore, Request
from .patience import Patience
from .session import BusyError, Server, Session
from .statements import Statement

_LOG = logging.getLogger(__package__)
#: Where roles are managed from; advisory locks count within one database, so it is always this one.
_MAINTENANCE = "postgres"
#: PostgreSQL's own number: https://www.postgresql.org/docs/16/runtime-config-connection.html
_ITERATIONS = 4096
#: Seconds that ended sessions may take to be gone.
_ENDING = 10.0


def verifier(password: str) -> str:
    """Return what PostgreSQL keeps of a password, with a salt of its own each time.

    https://www.postgresql.org/docs/current/catalog-pg-authid.html
    """
    salt, stored, server, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info(password, _ITERATIONS)
    parts = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${iterations}:{parts[0]}${parts[1]}:{parts[2]}"


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A run on a PostgreSQL server.

    Attributes:
        server: how it is reached.
        store: the system's database there.
        request: what is wanted.
        admin_password: the master user's password.
        password: the password of the role to log in with.
        still_current: raises when another rotation has begun since the request was made.
        patience: how long to wait for the server.
        done: what was changed so far.
        unexpected: what is there that this function didn't make, and leaves alone.
    """

    server: Server
    store: PostgresStore
    request: Request
    admin_password: str = field(repr=False)
    password: str = field(repr=False)
    still_current: Callable[[], None]
    patience: Patience
    done: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def ensure(self) -> list[str]:
        """Make the role log in with its password and act as the owner; return what was changed."""
        request = self.request
        logins = (request.username, request.other)
        with self._admin(_MAINTENANCE) as admin:
            self._lock(admin)
            before = catalog.roles(admin, (self.store.owner, *logins))
            there = [login for login in logins if login in before or login == request.username]
            self._roles(admin, before)
            self._members(admin, there)
            self._database(admin)
            self._take_back(admin)
            self._objects(admin, there)
            self._close_databases(admin)
            for login in there:
                if login not in before or f"role={self.store.owner}" not in before[login].settings:
                    self._change(admin, statements.act_as_owner(self.store.owner, login))
            known = request.username in before and before[request.username].can_log_in
            user = self._user() if known else None
            if user is None:
                self._change(admin, statements.set_password(request.username, verifier(self.password)))
            self._prove(user)
            self._audit(admin)
        return self.done

    def retire(self, *, forced: bool = False) -> list[str]:
        """Let nobody log in as the other role, once this one can; return what was changed.

        Args:
            forced: set this one's password again and end its sessions too, whether it can log in or not.
        """
        request, other = self.request, self.request.other
        with self._admin(_MAINTENANCE) as admin:
            self._lock(admin)
            # An `up` makes the new version before it has the login accepted, and that waits for the lock by now.
            self.still_current()
            found = catalog.roles(admin, [self.store.owner, request.username, other])
            if self.store.owner in found:
                if found[self.store.owner].can_log_in:
                    self._close_owner(admin)
                self._members(admin, [])
                self._take_back(admin)
            if forced:
                if self._accepts(other):
                    raise CredentialsError(f"{self._login(other)}: takes the current password, so it isn't the old one")
                self._change(admin, statements.set_password(request.username, verifier(self.password)))
            else:
                self._prove()
            if other in found and found[other].can_log_in:
                self._change(admin, statements.disable(other))
            for role in (other, request.username) if forced else (other,):
                self._end_sessions(admin, role)
            if forced:
                self._prove()
            self._audit(admin)
        return self.done

    def audit(self) -> list[str]:
        """Find what this function didn't make; change nothing."""
        with self._admin(_MAINTENANCE) as admin:
            self._prove()
            self._audit(admin)
        return self.done

    def _roles(self, admin: Session, before: dict[str, catalog.Role]) -> None:
        """Make the owner and the role, and take from roles that were there what they don't need."""
        request = self.request
        if self.store.owner not in before:
            self._change(admin, statements.create_owner(self.store.owner))
        elif before[self.store.owner].can_log_in:
            self._close_owner(admin)
        if request.username not in before:
            self._change(admin, statements.create_login(request.username))
        for login in (request.username, request.other):
            if login in before and not before[login].limited:
                self._change(admin, statements.limit_login(login))

    def _close_owner(self, admin: Session) -> None:
        self._change(admin, statements.close_owner(self.store.owner))
        self._end_sessions(admin, self.store.owner)

    def _members(self, admin: Session, there: list[str]) -> None:
        """Let the master user and the roles act as the owner."""
        request = self.request
        owner = self.store.owner
        members = {(member, by) for role, member, by in catalog.memberships(admin, [owner]) if role == owner}
        # From PostgreSQL 16 on, who creates a role is given a membership by the system that only lets them hand it on.
        if (request.admin.username, request.admin.username) not in members:
            self._change(admin, statements.join_owner(self.store.owner, request.admin.username))
        for login in there:
            if login not in {member for member, _ in members}:
                self._change(admin, statements.join_owner(self.store.owner, login))

    def _database(self, admin: Session) -> None:
        """Make the database, or give it to the owner."""
        request = self.request
        databases = catalog.databases(admin)
        if self.store.database not in databases:
            self._change(admin, statements.create_database(self.store.database, self.store.owner))
        elif databases[self.store.database].owner not in (self.store.owner, request.username, request.other):
            self._change(admin, statements.give_database(self.store.database, self.store.owner))

    def _take_back(self, admin: Session) -> None:
        """Take from the database and the roles what would keep this function out, or let others stay.

        All of it is done from another database, where nobody but the master user has set anything.
        """
        owner, database = self.store.owner, self.store.database
        logins = (self.request.username, self.request.other)
        found = catalog.databases(admin).get(database)
        if found is not None and found.owner in (owner, *logins):
            if not found.unlimited:
                self._change(admin, statements.lift_limits(database))
            if not found.owner_may_connect:
                self._change(admin, statements.open_database(database, found.owner))
        for setting in catalog.settings(admin):
            wanted = setting.database is None and setting.role in logins and setting.name == "role"
            if not wanted and (setting.database == database or setting.role in (owner, *logins)):
                self._try(admin, statements.reset(setting.name, setting.database, setting.role))
        self._end_strangers(admin)

    def _end_strangers(self, admin: Session) -> None:
        """End memberships that this function didn't make, and the sessions of whom they let in."""
        request, owner = self.request, self.store.owner
        logins = (request.username, request.other)
        several = catalog.version(admin) >= 16
        for role, member, grantor in catalog.memberships(admin, (owner, *logins)):
            if member == request.admin.username or (role == owner and member in logins):
                continue
            self._try(admin, statements.revoke(role, member, grantor if several else None))
            if member not in (owner, *logins):
                self._end_sessions(admin, member)

    def _audit(self, admin: Session) -> None:
        """Note what is on the server and in the database that nobody here made.

        What is inside is asked as the login itself, which has nothing that anybody in there hasn't.
        """
        request = self.request
        roles = (request.admin.username, self.store.owner, request.username, request.other)
        rows = admin.run(statements.read_unexpected(roles, [self.store.database]))
        with self.server.connect(request.username, self.password, self.store.database, role=None) as inside:
            rows = [*rows, *inside.run(statements.read_unexpected_inside())]
        self.unexpected.extend(f"{kind} {statements.shown(str(name))}" for kind, name in rows)

    def _objects(self, admin: Session, there: list[str]) -> None:
        """Give the owner what the master user or the roles own in the database.

        The master user enters the owner's database for that alone.
        """
        request = self.request
        candidates = (request.admin.username, *there)
        databases = catalog.databases(admin)
        database = databases[self.store.database]
        owners = catalog.owners(admin, self.store.database, candidates) | {database.owner}
        if not owners.intersection(candidates):
            return
        if database.trigger_on_login:
            self.unexpected.append(f"trigger on login in database {self.store.database}; nothing in it was given")
            return
        with self._admin(self.store.database, catalog.version(admin)) as inside:
            if foreign := catalog.foreign_settings(inside):
                raise CredentialsError(f"{inside.where}: give objects: others set {', '.join(foreign)} for the session")
            for role in candidates:
                if role in owners:
                    others = [
                        name for name, it in databases.items() if it.owner == role and name != self.store.database
                    ]
                    for statement in statements.give_objects(role, self.store.owner, request.admin.username, others):
                        self._change(inside, statement)

    def _close_schema(self, inside: Session) -> None:
        """Let nobody else make anything in the database's schema `public`."""
        schema = catalog.public_schema(inside)
        if schema is not None and schema.open and schema.owner in (self.store.owner, "pg_database_owner"):
            self._change(inside, statements.close_schema())

    def _close_databases(self, admin: Session) -> None:
        """Let nobody else connect to the database, nor to the master user's own."""
        for name, database in catalog.databases(admin).items():
            if database.open and database.owner in (self.store.owner, self.request.admin.username):
                self._change(admin, statements.close_database(name))

    def _end_sessions(self, admin: Session, role: str) -> None:
        statement = statements.end_sessions(role)
        end = time.monotonic() + _ENDING
        while admin.run(statement):
            self._note(statement)
            if time.monotonic() > end:
                raise CredentialsError(f"{admin.where}: {statement.name}: they are still there after {_ENDING:g} s")
            time.sleep(0.05)

    def _admin(self, database: str, version: int = 0) -> Session:
        """Log in as the master user, whose password RDS changes some time after it was told to."""
        username = self.request.admin.username

        def attempt() -> Session:
            try:
                return self.server.connect(username, self.admin_password, database, version)
            except RefusedError as error:
                raise NotYetError(error) from None

        return self.patience.until_it_works(self._login(username), attempt)

    def _lock(self, admin: Session) -> None:
        def attempt() -> None:
            try:
                admin.run(statements.lock())
            except BusyError:
                raise NotYetError("another run holds it") from None

        self.patience.until_it_works(f"{admin.where}: lock", attempt)

    def _prove(self, user: str | None = None) -> None:
        """Look whom the role acts as, if not known yet by logging in.

        Raises:
            CredentialsError: when it can't log in, or acts as another than the owner.
        """
        what, owner = self._login(self.request.username), self.store.owner
        user = user or self._user()
        if user is None:
            raise CredentialsError(f"{what}: the password is refused")
        if user != owner:
            raise CredentialsError(f"{what}: acts as {user}, not as {owner}")

    def _user(self) -> str | None:
        """Log in as the role; return whom it acts as, None when the password is refused."""
        request = self.request

        def attempt() -> str | None:
            try:
                with self.server.connect(request.username, self.password, self.store.database, role=None) as session:
                    self._close_schema(session)
                    return str(session.run(statements.read_user())[0][0])
            except RefusedError:
                return None

        return self.patience.until_it_works(self._login(request.username), attempt)

    def _accepts(self, username: str) -> bool:
        """Whether the server lets a role log in with the current password."""
        try:
            self.server.connect(username, self.password, self.store.database).__exit__()
        except RefusedError:
            return False
        except NotYetError as error:
            raise CredentialsError(f"{self._login(username)}: {error}") from None
        return True

    def _login(self, username: str) -> str:
        return f"postgres {self.store.host}: {username}: log in"

    def _change(self, session: Session, statement: Statement) -> None:
        try:
            session.run(statement)
        except BusyError:
            # In a transaction it can't be tried again. Otherwise it is about roles, of which applications lock none.
            if statement.name.startswith("give objects"):
                raise
            holders = statements.end_holders((self.store.owner, self.request.username, self.request.other))
            if session.run(holders):
                self._note(holders)
            session.run(statement)
        self._note(statement)

    def _try(self, session: Session, statement: Statement) -> None:
        """Change what the master user may have no right to; what it can't is told."""
        try:
            self._change(session, statement)
        except CredentialsError as error:
            self.unexpected.append(str(error))

    def _note(self, statement: Statement) -> None:
        if statement.name not in self.done:
            _LOG.info("postgres %s: %s", self.store.host, statement.name)
            self.done.append(statement.name)
