"""What is in an instance goes along with its snapshots and restores.

moto (5.2.5) has instances without contents. A stand-in has some (`localcloud.emulator.stores`): roles and databases,
kept by whatever answers for the instance, and never changed in place, so that they may be passed on as they are.
"""

from typing import Any

from moto.rds.models import DBInstance, DBSnapshot, RDSBackend

from localcloud.emulator.patching import patch
from localcloud.emulator.stores import listening

#: Where an instance keeps what it begins with, until its stand-in takes it over.
CONTENTS = "contents"


def _pass(source: DBInstance, target: DBInstance) -> None:
    server = listening.server_of(source)
    contents = getattr(server, "catalog", None) or vars(source).get(CONTENTS)
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
