"""`localcloud exec` leads any AWS client to the emulated account."""

import json

import pytest

from localcloud import cli
from localcloud.provider.session import Session


@pytest.mark.parametrize("service", ["ecs", "rds"])
def test_the_aws_cli_asks_the_emulator_for_every_service(
    aws: Session, capfd: pytest.CaptureFixture[str], service: str
) -> None:
    # RDS in us-east-1 is one of the services for which the AWS CLI has an address of its own.
    aws.client("ecs").create_cluster(clusterName="here")
    aws.client("rds").create_db_parameter_group(
        DBParameterGroupName="here", DBParameterGroupFamily="postgres16", Description="here"
    )
    question = {"ecs": ["ecs", "list-clusters"], "rds": ["rds", "describe-db-parameter-groups"]}[service]
    assert cli.main(["exec", "--", "aws", "--output", "json", *question]) == 0
    assert "here" in json.dumps(json.loads(capfd.readouterr().out))
