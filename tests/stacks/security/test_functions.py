"""Controls of functions."""

import pytest

from tests.every import every
from tests.stacks.conftest import Standing
from tests.stacks.reading import own_key, own_vpc


def test_functions_stand_in_the_network_and_are_bounded_traced_and_encrypted(standing: Standing) -> None:
    client = standing.client("lambda")
    functions = client.list_functions()["Functions"]
    assert functions
    for function in every(functions):
        name = function["FunctionName"]
        assert function["VpcConfig"]["VpcId"] == own_vpc(standing), f"{name}: stores are reached from nowhere else"
        reserved = client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
        assert 1 <= reserved <= 10, f"{name} could starve what else runs in the account, or be starved"
        assert function["DeadLetterConfig"]["TargetArn"], f"{name}: an event that is lost is told to nobody"
        assert function["TracingConfig"]["Mode"] == "Active", name
        assert function["PackageType"] == "Zip", f"{name}: its code is our own build"
        assert not function.get("Layers"), f"{name}: a layer is code of somebody else's"
    for function in every(function for function in functions if function.get("Environment", {}).get("Variables")):
        name = function["FunctionName"]
        assert function["KMSKeyArn"] == own_key(standing), f"{name}: its variables are encrypted with the own key"


def test_functions_are_invoked_by_nobody_from_outside(standing: Standing) -> None:
    client = standing.client("lambda")
    for function in every(client.list_functions()["Functions"]):
        # A function's URL, too, lets in only whom the policy lets in.
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_policy(FunctionName=function["FunctionName"])
    resources = {resource.type for resource in standing.stack.resources()}
    assert not resources & {"aws:lambda/functionUrl:FunctionUrl", "aws:lambda/permission:Permission"}
