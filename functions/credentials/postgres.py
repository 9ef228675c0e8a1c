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
    """

    server: Server
    store: PostgresStore
    request: Request
    admin_password: str = field(repr=False)
    password: str = field(repr=False)
    still_current: Callable[[], None]
    patience: Patience
    done: list[str] = field(default_factory=list)

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
            with self._admin(self.store.database) as inside:
                self._objects(admin, inside, there)
                self._close_schema(inside)
            self._close_databases(admin)
            for login in there:
                if login not in before or f"role={self.store.owner}" not in before[login].settings:
                    self._change(admin, statements.act_as_owner(self.store.owner, login))
            known = request.username in before and before[request.username].can_log_in
            user = self._user() if known else None
            if user is None:
                self._change(admin, statements.set_password(request.username, verifier(self.password)))
            self._prove(user)
        return self.done

    def retire(self) -> list[str]:
        """Let nobody log in as the other role, once this one can; return what was changed."""
        other = self.request.other
        with self._admin(_MAINTENANCE) as admin:
            self._lock(admin)
            # An `up` makes the new version before it has the login accepted, and that waits for the lock by now.
            self.still_current()
            self._prove()
            found = catalog.roles(admin, [other])
            if other in found and found[other].can_log_in:
                self._change(admin, statements.disable(other))
            self._end_sessions(admin)
        return self.done

    def _roles(self, admin: Session, before: dict[str, catalog.Role]) -> None:
        """Make the owner and the role, and take from roles that were there what they don't need."""
        request = self.request
        if self.store.owner not in before:
            self._change(admin, statements.create_owner(self.store.owner))
        elif before[self.store.owner].can_log_in:
            self._change(admin, statements.close_owner(self.store.owner))
        if request.username not in before:
            self._change(admin, statements.create_login(request.username))
        for login in (request.username, request.other):
            if login in before and not before[login].limited:
                self._change(admin, statements.limit_login(login))

    def _members(self, admin: Session, there: list[str]) -> None:
        """Let the master user and the roles act as the owner."""
        request = self.request
        members = catalog.members(admin, self.store.owner)
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

    def _objects(self, admin: Session, inside: Session, there: list[str]) -> None:
        """Give the owner what the master user or the roles own in the database."""
        request = self.request
        candidates = (request.admin.username, *there)
        databases = catalog.databases(admin)
        owners = catalog.owners(admin, self.store.database, candidates) | {databases[self.store.database].owner}
        for role in candidates:
            if role in owners:
                others = [name for name, it in databases.items() if it.owner == role and name != self.store.database]
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

    def _end_sessions(self, admin: Session) -> None:
        statement = statements.end_sessions(self.request.other)
        end = time.monotonic() + _ENDING
        while admin.run(statement):
            self._note(statement)
            if time.monotonic() > end:
                raise CredentialsError(f"{admin.where}: {statement.name}: they are still there after {_ENDING:g} s")
            time.sleep(0.05)

    def _admin(self, database: str) -> Session:
        """Log in as the master user, whose password RDS changes some time after it was told to."""
        username = self.request.admin.username

        def attempt() -> Session:
            try:
                return self.server.connect(username, self.admin_password, database)
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
                with self.server.connect(request.username, self.password, self.store.database) as session:
                    return str(session.run(statements.read_user())[0][0])
            except RefusedError:
                return None

        return self.patience.until_it_works(self._login(request.username), attempt)

    def _login(self, username: str) -> str:
        return f"postgres {self.store.host}: {username}: log in"

    def _change(self, session: Session, statement: Statement) -> None:
        session.run(statement)
        self._note(statement)

    def _note(self, statement: Statement) -> None:
        if statement.name not in self.done:
            _LOG.info("postgres %s: %s", self.store.host, statement.name)
            self.done.append(statement.name)
