"""What the official AWS provider needs besides what ours asks for: where the account is, and what it reads back."""

import http.client
import json
import subprocess
import sys
from pathlib import Path

import pulumi_aws
import pytest
import yaml
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localcloud.emulator import control
from localcloud.provider.session import ACCOUNT_ID, Session

#: Clients whose endpoints have other names in the official provider's settings:
#: https://www.pulumi.com/registry/packages/aws/api-docs/provider/#providerendpoint
_OTHER_NAMES = {"application-autoscaling": "appautoscaling"}


@pytest.fixture(scope="module")
def endpoints() -> dict[str, str]:
    """`aws:endpoints` of the local stack."""
    [found] = yaml.safe_load((Path(__file__).parents[2] / "Pulumi.local.yaml").read_text())["config"]["aws:endpoints"]
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
    for service, url in endpoints.items():
        name = "lambda_" if service == "lambda" else service
        assert hasattr(pulumi_aws.ProviderEndpointArgs, name), f"the official provider has no endpoint {service}"
        host = "localhost" if service == "s3control" else control.HOST
        assert url == f"http://{host}:{control.DEFAULT_PORT}", "it would look for the account where it isn't"


def test_a_buckets_tags_are_read_from_a_host_that_begins_with_the_account(
    aws: Session, emulator_process: control.Endpoint
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="tagged")
    s3.put_bucket_tagging(Bucket="tagged", Tagging={"TagSet": [{"Key": "System", "Value": "shared"}]})
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_ListTagsForResource.html
    path = "/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Atagged"
    asked = AWSRequest("GET", f"http://{ACCOUNT_ID}.localhost:{emulator_process.port}{path}")
    asked.headers["x-amz-account-id"] = ACCOUNT_ID
    S3SigV4Auth(Credentials("test", "test"), "s3", "us-east-1").add_auth(asked)
    connection = http.client.HTTPConnection(control.HOST, emulator_process.port)
    connection.request("GET", path, headers={"Host": f"{ACCOUNT_ID}.localhost", **dict(asked.headers)})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, text
    assert "<Key>System</Key><Value>shared</Value>" in "".join(text.split())
