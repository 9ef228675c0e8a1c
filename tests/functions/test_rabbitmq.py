"""What the function does on a real RabbitMQ broker, through its management API, and what clients see by AMQP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pika.exceptions
import pytest

from functions.credentials.errors import CredentialsError
from functions.credentials.management import Management
from functions.credentials.patience import Patience
from tests.every import every
from tests.functions.calling import Caller, Event, Vault, call
from tests.servers.authority import Authority
from tests.servers.processes import ADDRESS, free_port
from tests.servers.rabbitmq import RabbitmqServer

_ALL = {"configure": ".*", "write": ".*", "read": ".*"}


def _call(server: RabbitmqServer, event: Event) -> list[str]:
    return call(event, server.authority)


def _logs_in(server: RabbitmqServer, user: str, password: str, vhost: str) -> str:
    """Connect by AMQP; return "yes", or what the broker said."""
    try:
        with server.connect(user, password, vhost):
            return "yes"
    except pika.exceptions.ProbableAuthenticationError:
        return "refused"
    except pika.exceptions.ProbableAccessDeniedError:
        return "not on this virtual host"


def _end(server: RabbitmqServer, system: str) -> dict[str, Any]:
    """Return what the broker says of a system, with S for its name."""
    users = {name: server.api("GET", f"/users/{name}")[1] for name in (system, f"{system}_2")}
    permissions = server.api("GET", f"/vhosts/{system}/permissions")[1]
    return {
        "tags": [user.get("tags") for user in users.values()],
        "permissions": sorted(
            (item["user"].replace(system, "S"), *(item[name] for name in _ALL))
            for item in permissions
            if item["user"] in users
        ),
        "logs in": [_logs_in(server, system, "first", system), _logs_in(server, f"{system}_2", "second", system)],
    }


def test_a_system_gets_a_virtual_host_and_a_user_that_may_use_it_and_no_other(
    rabbitmq_server: RabbitmqServer, caller: Caller
) -> None:
    system = caller.system
    done = _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))

    assert done == ["create virtual host", f"set password of {system}", "grant permissions"]
    assert _logs_in(rabbitmq_server, system, "first", system) == "yes"
    assert _logs_in(rabbitmq_server, system, "first", "/") == "not on this virtual host"
    assert rabbitmq_server.api("GET", "/whoami", user=system, password="first")[0] == 401, "it reaches no management"
    permissions = rabbitmq_server.api("GET", f"/users/{system}/permissions")[1]
    assert permissions == [{"user": system, "vhost": system, **_ALL}]


def test_a_second_run_changes_nothing(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    event = caller.rabbitmq(rabbitmq_server, "first")
    _call(rabbitmq_server, event)

    assert _call(rabbitmq_server, event) == []


def test_a_virtual_host_may_have_slashes(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    vhost = f"/{caller.system}/one"
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first", vhost=vhost))

    assert _logs_in(rabbitmq_server, caller.system, "first", vhost) == "yes"


def test_ensuring_one_user_leaves_the_other_as_it_is(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    system = caller.system
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))
    done = _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "second", 2))

    assert done == [f"set password of {system}_2", "grant permissions"]
    assert _end(rabbitmq_server, system)["logs in"] == ["yes", "yes"]
    assert _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "third", 3)) == [f"set password of {system}"]
    assert _end(rabbitmq_server, system)["logs in"] == ["refused", "yes"]


def test_what_a_user_has_too_much_is_taken_away(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    system = caller.system
    rabbitmq_server.api("PUT", f"/vhosts/{system}", {})
    rabbitmq_server.api("PUT", f"/users/{system}", {"password": "first", "tags": "administrator"})
    rabbitmq_server.api("PUT", f"/permissions/{system}/{system}", _ALL | {"write": "^$"})
    done = _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))

    assert done == [f"set password of {system}", "grant permissions"]
    assert rabbitmq_server.api("GET", "/whoami", user=system, password="first")[0] == 401


def test_retire_lets_nobody_log_in_as_the_other_and_ends_its_connections(
    rabbitmq_server: RabbitmqServer, caller: Caller
) -> None:
    system = caller.system
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "second", 2))
    with rabbitmq_server.connect(system, "first", system) as connection:
        done = _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "second", 2, "retire"))
        with pytest.raises(pika.exceptions.ConnectionClosedByBroker):
            connection.process_data_events(5)

    assert done == [f"disable {system}", f"end connections of {system}"]
    assert _end(rabbitmq_server, system)["logs in"] == ["refused", "yes"]
    assert _logs_in(rabbitmq_server, system, "", system) == "refused", "no password is not an empty one"
    assert _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "second", 2, "retire")) == []


def test_a_retired_user_is_brought_back(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "second", 2))
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "second", 2, "retire"))
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "third", 3))

    assert _logs_in(rabbitmq_server, caller.system, "third", caller.system) == "yes"


def test_retire_does_nothing_when_the_new_credential_is_refused(
    rabbitmq_server: RabbitmqServer, caller: Caller
) -> None:
    system = caller.system
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "second", 2))
    with pytest.raises(CredentialsError) as caught:
        _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "never set", 2, "retire"))

    assert str(caught.value) == f"rabbitmq localhost: {system}_2: log in: 401 not_authorized"
    assert _logs_in(rabbitmq_server, system, "first", system) == "yes"


def test_retire_does_nothing_when_another_rotation_has_begun(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "second", 2))
    stale = caller.rabbitmq(rabbitmq_server, "second", 2, "retire")
    caller.vault.put(caller.username(2), "third")
    with pytest.raises(CredentialsError, match="another rotation has begun since; let its `up` end, then retire again"):
        _call(rabbitmq_server, stale)
    with rabbitmq_server.connect(caller.system, "first", caller.system):
        pass


def test_there_may_be_nobody_to_retire(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))

    assert _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first", 1, "retire")) == []


def _administrator(
    server: RabbitmqServer, vault: Vault, name: str, now: str, wanted: str, before: str
) -> dict[str, Any]:
    """Make an administrator; return it as an event has it."""
    server.api("PUT", f"/users/{name}", {"password": now, "tags": "administrator"})
    return {
        "username": name,
        "password": vault.put(f"{name}-password", wanted),
        "previous": vault.put(f"{name}-previous", before),
    }


def test_the_bootstrap_users_own_password_is_replaced(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    name = f"{caller.system}-admin"
    event = caller.rabbitmq(rabbitmq_server, "first")
    event["admin"] = _administrator(rabbitmq_server, caller.vault, name, "before", "after", "before")

    assert _call(rabbitmq_server, event)[0] == f"set password of {name}"
    assert rabbitmq_server.api("GET", "/overview", user=name, password="after")[0] == 200, "it keeps its tag"
    assert rabbitmq_server.api("GET", "/overview", user=name, password="before")[0] == 401
    assert _call(rabbitmq_server, event) == []


def test_it_gives_up_when_both_of_the_bootstrap_users_passwords_are_refused(
    rabbitmq_server: RabbitmqServer, caller: Caller
) -> None:
    name = f"{caller.system}-admin"
    event = caller.rabbitmq(rabbitmq_server, "first")
    event["admin"] = _administrator(rabbitmq_server, caller.vault, name, "now", "after", "before")
    with pytest.raises(CredentialsError) as caught:
        call(event, rabbitmq_server.authority, patience="1")

    assert str(caught.value) == (
        f"rabbitmq localhost: {name}: log in: 401 not_authorized, and with the password of before too, "
        "and still after 1 s"
    )


def test_it_waits_for_a_bootstrap_password_that_the_broker_does_not_take_yet(
    rabbitmq_server: RabbitmqServer, caller: Caller
) -> None:
    name = f"{caller.system}-admin"
    event = caller.rabbitmq(rabbitmq_server, "first")
    event["admin"] = _administrator(rabbitmq_server, caller.vault, name, "now", "after", "before")
    event["admin"]["previous"] = None
    body = {"password": "after", "tags": "administrator"}
    change = threading.Timer(1.0, rabbitmq_server.api, ["PUT", f"/users/{name}", body])
    change.start()
    with patch.object(Patience.__init__, "__defaults__", (0.1,)):
        assert "grant permissions" in _call(rabbitmq_server, event)
    change.join()


def test_it_gives_up_on_a_broker_that_cannot_be_reached(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    event = caller.rabbitmq(rabbitmq_server, "first", url=f"https://localhost:{free_port()}")
    with pytest.raises(CredentialsError) as caught:
        call(event, rabbitmq_server.authority, patience="1")

    assert str(caught.value) == (
        "rabbitmq localhost: alicerce: log in: it can't be reached (ConnectionRefusedError), and still after 1 s"
    )


def test_a_broker_of_another_authority_is_refused(
    rabbitmq_server: RabbitmqServer, caller: Caller, tmp_path: Path
) -> None:
    bundle = tmp_path / "other.pem"
    bundle.write_bytes(Authority().pem())
    for authority in (bundle, None):  # without a variable, the runtime's own are trusted, and no others
        with pytest.raises(
            CredentialsError, match=r"^rabbitmq localhost: alicerce: log in: its certificate isn't trusted: "
        ):
            call(caller.rabbitmq(rabbitmq_server, "first"), authority)


def test_a_broker_of_another_name_is_refused(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    url = f"https://{ADDRESS}:{rabbitmq_server.management_port}"
    with pytest.raises(CredentialsError) as caught:
        _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first", url=url))

    assert str(caught.value) == (
        "rabbitmq 127.0.0.1: alicerce: log in: its certificate isn't trusted: "
        "IP address mismatch, certificate is not valid for '127.0.0.1'."
    )


def test_what_the_broker_does_not_allow_is_told_with_the_step(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    name = f"{caller.system}-monitor"
    event = caller.rabbitmq(rabbitmq_server, "first")
    event["admin"] = _administrator(rabbitmq_server, caller.vault, name, "now", "now", "now")
    rabbitmq_server.api("PUT", f"/users/{name}", {"password": "now", "tags": "monitoring"})
    with pytest.raises(CredentialsError) as caught:
        _call(rabbitmq_server, event)

    assert str(caught.value) == f"rabbitmq localhost: {name}: read virtual host: 401 not_authorised"


def test_what_another_node_of_a_cluster_does_not_know_yet_is_asked_for_again(
    rabbitmq_server: RabbitmqServer, caller: Caller
) -> None:
    unknown = {"grant permissions": (400, {"error": "bad_request"}), "log in": (401, {"error": "not_authorised"})}
    ask = Management._ask

    def spread(self: Management, step: str, method: str, where: str, body: object) -> tuple[int, Any]:
        if step in unknown and self.username == (caller.system if step == "log in" else rabbitmq_server.admin):
            return unknown.pop(step)
        return ask(self, step, method, where, body)

    with patch.object(Management, "_ask", spread):
        _call(rabbitmq_server, caller.rabbitmq(rabbitmq_server, "first"))
    assert unknown == {}
    assert _logs_in(rabbitmq_server, caller.system, "first", caller.system) == "yes"


class Killed(BaseException):
    """The function's process is gone."""


def _killed(server: RabbitmqServer, event: Event, kill_after: int | None) -> int:
    """Call the function, and kill it after one of its requests; return how many there were."""
    seen = 0
    ask = Management._ask

    def counted(self: Management, step: str, method: str, where: str, body: object) -> tuple[int, Any]:
        nonlocal seen
        answer = ask(self, step, method, where, body)
        seen += 1
        if seen - 1 == kill_after:
            raise Killed
        return answer

    with patch.object(Management, "_ask", counted):
        try:
            _call(server, event)
        except Killed:
            assert kill_after is not None
    return seen


@pytest.mark.parametrize("step", ["first", "second", "retire"])
def test_killed_after_any_request_the_next_run_ends_right(
    rabbitmq_server: RabbitmqServer, caller: Caller, step: str
) -> None:
    def life(name: str) -> tuple[Caller, list[Event]]:
        own = Caller(caller.vault, f"{caller.system}{name}")
        events = [
            own.rabbitmq(rabbitmq_server, "first"),
            own.rabbitmq(rabbitmq_server, "second", 2),
            own.rabbitmq(rabbitmq_server, "second", 2, "retire"),
        ]
        return own, events[: ["first", "second", "retire"].index(step) + 1]

    own, events = life("whole")
    for event in events[:-1]:
        _call(rabbitmq_server, event)
    requests = _killed(rabbitmq_server, events[-1], None)
    wanted = _end(rabbitmq_server, own.system)
    for place in every(range(requests)):
        own, events = life(f"k{place}")
        for event in events[:-1]:
            _call(rabbitmq_server, event)
        _killed(rabbitmq_server, events[-1], place)
        if step == "second":
            assert _logs_in(rabbitmq_server, own.system, "first", own.system) == "yes"
        _call(rabbitmq_server, events[-1])
        assert _end(rabbitmq_server, own.system) == wanted, f"killed after request {place}"


def test_runs_at_once_end_as_one_does(rabbitmq_server: RabbitmqServer, caller: Caller) -> None:
    events = [caller.rabbitmq(rabbitmq_server, "first"), caller.rabbitmq(rabbitmq_server, "second", 2)] * 2
    with ThreadPoolExecutor(4) as threads:
        for run in [threads.submit(call, event, rabbitmq_server.authority) for event in events]:
            run.result()

    assert _end(rabbitmq_server, caller.system)["logs in"] == ["yes", "yes"]
