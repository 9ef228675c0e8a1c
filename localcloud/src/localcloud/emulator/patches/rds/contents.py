"""What is in an instance goes along with its snapshots and restores, and ends with it.

moto (5.2.5) has instances without contents. Here a PostgreSQL server answers for each (`localcloud.emulator.stores`).
What was in it at a snapshot is never changed, so that it may be passed on as it is.
"""

from typing import Any

from moto.rds.exceptions import RDSClientError
from moto.rds.models import DBInstance, DBSnapshot, RDSBackend

from localcloud.emulator.patching import patch
from localcloud.emulator.stores import listening
from localcloud.emulator.stores.programs import POSTGRES, NoServerError

#: Where an instance keeps what it begins with, until its server takes it over.
CONTENTS = "contents"


@patch(RDSBackend, "create_db_instance")
def create_db_instance(original: Any, self: RDSBackend, db_kwargs: Any) -> DBInstance:
    """Refuse an instance that no server can answer for, before anything is built on it."""
    if db_kwargs.get("engine") == "postgres":
        try:
            POSTGRES.folder()
        except NoServerError as error:
            raise RDSClientError("InsufficientDBInstanceCapacity", str(error)) from error
    instance: DBInstance = original(self, db_kwargs)
    return instance


@patch(RDSBackend, "delete_db_instance")
def delete_db_instance(original: Any, self: RDSBackend, *args: Any, **more: Any) -> DBInstance:
    instance: DBInstance = original(self, *args, **more)
    listening.close(instance)
    return instance


def _pass(source: DBInstance, target: DBInstance) -> None:
    server: Any = listening.server_of(source)
    contents = server.contents() if server is not None else vars(source).get(CONTENTS)
    if contents is not None:
        vars(target)[CONTENTS] = contents


@patch(DBSnapshot, "__init__")
def init_snapshot(
    original: Any, self: DBSnapshot, backend: RDSBackend, database: DBInstance, *args: Any, **more: Any
) -> None:
    original(self, backend, database, *args, **more)
    _pass(database, self.database)


@patch(RDSBackend, "restore_db_instance_from_db_snapshot")
def restore_db_instance_from_db_snapshot(
    original: Any, self: RDSBackend, from_snapshot_id: str, overrides: dict[str, Any]
) -> DBInstance:
    instance: DBInstance = original(self, from_snapshot_id, overrides)
    name = from_snapshot_id.rpartition(":")[2]  # of an ARN
    _pass(self.describe_db_snapshots(None, name)[0].database, instance)
    return instance


@patch(RDSBackend, "restore_db_instance_to_point_in_time")
def restore_db_instance_to_point_in_time(
    original: Any,
    self: RDSBackend,
    source_db_identifier: str,
    target_db_identifier: str,
    overrides: dict[str, Any],
) -> DBInstance:
    instance: DBInstance = original(self, source_db_identifier, target_db_identifier, overrides)
    _pass(self.describe_db_instances(source_db_identifier)[0], instance)
    return instance
