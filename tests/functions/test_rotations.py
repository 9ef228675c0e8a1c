"""No connection is refused while a credential is rotated, on any of the three real servers."""

import pytest

from studies import rotations
from studies.rotations import ROTATIONS, Store, line, rotate
from tests.functions.calling import Caller
from tests.servers.postgres import PostgresServer
from tests.servers.rabbitmq import RabbitmqServer
from tests.servers.redis import RedisServer

#: The naive way refuses some in the first rotation already.
_NAIVE = 2


def _rotate(store: Store) -> None:
    seen = rotate(store)
    naive = rotate(store, naive=True, rotations=_NAIVE)
    print(line(store, "as the program orders it", ROTATIONS, seen))
    print(line(store, "password changed in place", _NAIVE, naive))

    assert seen.refused == 0, seen.errors
    assert seen.connections > 16 * ROTATIONS
    assert naive.refused > 0, "the loop sees a refusal where there is one"


def test_postgres_refuses_no_connection_in_ten_rotations(postgres_server: PostgresServer, caller: Caller) -> None:
    _rotate(rotations.of_postgres(postgres_server, caller))


def test_rabbitmq_refuses_no_connection_in_ten_rotations(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    _rotate(rotations.of_rabbitmq(rabbitmq_server, caller))


def test_redis_refuses_no_connection_in_ten_rotations(redis_server: RedisServer, caller: Caller) -> None:
    _rotate(rotations.of_redis(redis_server, caller))


def test_a_credential_of_before_is_refused_two_rotations_later(redis_server: RedisServer, caller: Caller) -> None:
    store = rotations.of_redis(redis_server, caller)
    first, second, _ = (store.accept(rotation) for rotation in (1, 2, 3))

    store.connect(second)
    with pytest.raises(ConnectionRefusedError, match="WRONGPASS"):
        store.connect(first)
