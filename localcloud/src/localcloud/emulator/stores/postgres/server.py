"""One instance: logins and sessions over TLS, and what it holds.

https://www.postgresql.org/docs/current/protocol-flow.html
"""

import copy
import itertools
import threading

from moto.rds.models import rds_backends

from localcloud.emulator import turn
from localcloud.emulator.patches.rds.contents import CONTENTS
from localcloud.emulator.stores.authority import authority
from localcloud.emulator.stores.found import Store
from localcloud.emulator.stores.listening import Connection
from localcloud.emulator.stores.postgres import catalog, login, scram
from localcloud.emulator.stores.postgres.catalog import Catalog
from localcloud.emulator.stores.postgres.conversation import converse
from localcloud.emulator.stores.postgres.errors import SqlError
from localcloud.emulator.stores.postgres.locks import Locks
from localcloud.emulator.stores.postgres.session import Session
from localcloud.emulator.stores.postgres.wire import Channel, Woken, refusal


class Server:
    """Answer for one instance.

    Args:
        store: the instance.

    Attributes:
        catalog: what was committed last; never changed in place.
        locks: advisory locks.
        sessions: by process number.
        version: of PostgreSQL.
    """

    def __init__(self, store: Store) -> None:
        self._instance = store.source
        self._host = store.host
        self.locks = Locks()
        self.sessions: dict[int, Session] = {}
        self._processes = itertools.count(1001)
        self._writing = threading.Lock()
        self._password: str | None = None
        self.catalog: Catalog = vars(self._instance).pop(CONTENTS, None) or catalog.initial(
            self._major, str(self._instance.master_username), self._instance.db_name
        )

    @property
    def version(self) -> str:
        """The engine's version."""
        return str(self._instance.engine_version)

    @property
    def _major(self) -> int:
        return int(self.version.split(".")[0])

    def begin(self, seconds: float) -> Catalog:
        """Wait until nobody else writes, and return a copy to change."""
        if not self._writing.acquire(timeout=seconds):
            raise SqlError("55P03", "canceling statement due to lock timeout")
        return copy.deepcopy(self.catalog)

    def end(self, catalog: Catalog | None) -> None:
        """Commit a copy, or (None) forget it, and let others write."""
        if catalog is not None:
            self.catalog = catalog
        self._writing.release()

    def forces_tls(self) -> bool:
        """Tell whether `rds.force_ssl` is on, as it is by default from version 15 on.

        https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
        """
        group = rds_backends[self._instance.account_id][self._instance.region].db_parameter_groups.get(
            self._instance.db_parameter_group_name or ""
        )
        given = group.parameters.get("rds.force_ssl") if group is not None else None
        return str(given["ParameterValue"]) == "1" if given else self._major >= 15

    def refresh(self) -> None:
        """Take over what the API changed: the version, and the master user's password."""
        with turn.taking():
            password, master = vars(self._instance).get("_master_user_password"), self._instance.master_username
        if password == self._password and self.catalog.major == self._major:
            return
        own = self.begin(-1)
        own.major = self._major
        if password != self._password and master in own.roles:
            own.roles[master].verifier = scram.written(password)
        self._password = password
        self.end(own)

    def serve(self, connection: Connection) -> None:
        """Let a client in, answer it until it goes, and put away what it leaves."""
        channel = Channel(connection)
        session: Session | None = None
        try:
            session = login.enter(self, channel, lambda: connection.secure(authority().context(self._host)))
            if session is not None:
                converse(session, channel)
        except Woken:
            error = SqlError("57P01", "terminating connection due to administrator command")
            channel.put(b"E", refusal(error, "FATAL"))
            channel.flush()
        finally:
            if session is not None:
                self.sessions.pop(session.process, None)
                session.leave(commit=False)
                self.locks.give_all(session)
            channel.close()

    def admit(self, session: Session) -> None:
        """Take a session into the list of those that others see."""
        self.sessions[session.process] = session

    def next_process(self) -> int:
        """Return a number for a session."""
        return next(self._processes)
