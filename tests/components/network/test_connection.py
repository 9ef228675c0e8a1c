"""What a connection opens, and what it refuses first."""

from typing import Any

import pytest

from components.core.endpoint import Endpoint
from components.network.connection import Connection, ConnectionArgs
from tests.components.recording import TAGS, Recording, record


def _args(**overrides: object) -> ConnectionArgs:
    values: dict[str, Any] = {
        "source_security_group_id": "sg-client",
        "target": Endpoint(security_group_id="sg-server", port=5432),
        "description": "api to database",
        "tags": TAGS,
        **overrides,
    }
    return ConnectionArgs(**values)


def _built() -> Recording:
    return record(lambda: Connection("api-to-database", _args()))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"target": Endpoint(security_group_id="sg-server", port=0)},
            "ConnectionArgs.target.port is 0; allowed: 1 to 65535; give the one port that the server listens on",
        ),
        (
            {"description": "serviço à base"},
            "ConnectionArgs.description is 'serviço à base'; allowed: 1 to 255 ASCII letters, digits, spaces and "
            "._-:/()#,@[]+=&;{}!$*; write it without accents and quotes",
        ),
    ],
)
def test_a_value_that_ec2_refuses_is_refused_first(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="allowed") as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_each_side_opens_one_port_to_the_other_group_alone() -> None:
    recording = _built()
    shared = {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "description": "api to database"}
    tags = {**TAGS, "Component": "connection", "Name": "api-to-database"}

    assert recording.named("api-to-database-egress").inputs == {
        **shared,
        "securityGroupId": "sg-client",
        "referencedSecurityGroupId": "sg-server",
        "tags": tags,
    }, "an address range would let in whoever gets an address in it"
    assert recording.named("api-to-database-ingress").inputs == {
        **shared,
        "securityGroupId": "sg-server",
        "referencedSecurityGroupId": "sg-client",
        "tags": tags,
    }
