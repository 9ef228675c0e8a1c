"""The local stack tells the official AWS provider where the account is."""

import json
import subprocess
import sys

import pulumi_aws
import pytest
import yaml

from localcloud.emulator import control
from tests.every import every
from tests.stacks.conftest import ROOT

pytestmark = pytest.mark.slow

#: Clients whose endpoints have other names in the official provider's settings:
#: https://www.pulumi.com/registry/packages/aws/api-docs/provider/#providerendpoint
_OTHER_NAMES = {"application-autoscaling": "appautoscaling"}


@pytest.fixture(scope="module")
def endpoints() -> dict[str, str]:
    """`aws:endpoints` of the local stack."""
    [found] = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]["aws:endpoints"]
    return dict(found)


def test_every_service_that_a_type_calls_has_its_endpoint_in_the_local_stack(endpoints: dict[str, str]) -> None:
    command = [sys.executable, "-m", "localcloud", "coverage", "--json"]
    rows = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    called = {call["service"] for row in rows for call in row["calls"]}
    missing = {_OTHER_NAMES.get(service, service) for service in called} - endpoints.keys()
    assert not missing, f"the official provider would call AWS itself for {sorted(missing)}"


def test_every_endpoint_is_one_that_the_official_provider_knows_on_the_emulators_own_port(
    endpoints: dict[str, str],
) -> None:
    for service, url in every(endpoints.items()):
        name = "lambda_" if service == "lambda" else service
        assert hasattr(pulumi_aws.ProviderEndpointArgs, name), f"the official provider has no endpoint {service}"
        host = "localhost" if service == "s3control" else control.HOST
        assert url == f"http://{host}:{control.DEFAULT_PORT}", "it would look for the account where it isn't"
