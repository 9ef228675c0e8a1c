"""Lambda functions, their aliases, permissions, events and invocations."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from localcloud.provider import ProviderError
from localcloud.provider.archives import zip_of
from localcloud.provider.session import Session

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
EVENTS = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
INVOCATION = "aws:lambda/invocation:Invocation"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
ECHO = "def handler(event, context):\n    return {'got': event}\n"


def archive(code: str = ECHO) -> pulumi.AssetArchive:
    return pulumi.AssetArchive({"main.py": pulumi.StringAsset(code)})


@pytest.fixture
def role(aws: Session) -> str:
    iam = aws.client("iam")
    arn = iam.create_role(RoleName="function", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    statement = {
        "Effect": "Allow",
        "Action": ["ec2:*NetworkInterface*", "sqs:SendMessage", "logs:*"],
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="function", PolicyName="own", PolicyDocument=policy)
    return str(arn)


@pytest.fixture
def inputs(role: str) -> dict[str, Any]:
    return {"code": archive(), "handler": "main.handler", "runtime": "python3.12", "role": role}


@pytest.fixture
def made(aws: Session, role: str) -> Callable[..., str]:
    """Make a function of some code by a call; return its name."""

    def make(code: str = ECHO, name: str = "made", **more: Any) -> str:  # noqa: ANN401 - the call's own arguments
        aws.client("lambda").create_function(
            FunctionName=name,
            Code={"ZipFile": zip_of(archive(code))},
            Handler="main.handler",
            Runtime="python3.12",
            Role=role,
            **more,
        )
        return name

    return make


def network(aws: Session) -> tuple[str, list[str], str]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in range(2)]
    group = ec2.create_security_group(GroupName="f", Description="f", VpcId=vpc)["GroupId"]
    return vpc, subnets, group


# Functions


def test_a_function_lives(crud: Callable[..., Any], aws: Session, inputs: dict[str, Any]) -> None:
    vpc, subnets, group = network(aws)
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    queue = "arn:aws:sqs:us-east-1:123456789012:dead"

    def look(id: str, state: dict[str, Any]) -> None:
        live = aws.client("lambda").get_function(FunctionName=id)
        settings = live["Configuration"]
        assert settings["VpcConfig"]["VpcId"] == vpc
        assert settings["KMSKeyArn"] == key
        assert settings["Environment"] == {"Variables": {"MODE": "b", "lower_Case": "1"}}
        assert settings["TracingConfig"] == {"Mode": "Active"}
        assert settings["DeadLetterConfig"] == {"TargetArn": queue}
        assert settings["LoggingConfig"]["LogGroup"] == "/functions/own"
        assert (settings["Timeout"], settings["MemorySize"]) == (30, 256)
        assert live["Concurrency"] == {"ReservedConcurrentExecutions": 0}
        assert live["Tags"] == {"A": "2", "System": "all"}

    life = crud(
        FUNCTION,
        {
            **inputs,
            "environment": {"variables": {"MODE": "a"}},
            "vpcConfig": {"subnetIds": subnets, "securityGroupIds": [group]},
            "loggingConfig": {"logFormat": "Text", "logGroup": "/functions/own"},
            "layers": [],
            "architectures": ["arm64"],
            "tags": {"A": "1"},
        },
        {
            "environment": {"variables": {"MODE": "b", "lower_Case": "1"}},
            "kmsKeyArn": key,
            "tracingConfig": {"mode": "Active"},
            "deadLetterConfig": {"targetArn": queue},
            "timeout": 30,
            "memorySize": 256,
            "reservedConcurrentExecutions": 0,
            "tags": {"A": "2"},
        },
        default_tags={"System": "all"},
        look=look,
    )
    created = life.created
    assert created["arn"] == f"arn:aws:lambda:us-east-1:123456789012:function:{life.id}"
    assert created["invokeArn"].endswith(f":lambda:path/2015-03-31/functions/{created['arn']}/invocations")
    assert created["qualifiedArn"] == f"{created['arn']}:$LATEST"
    assert created["version"] == "$LATEST"
    assert created["codeSha256"] == created["sourceCodeHash"]
    assert created["sourceCodeSize"] == len(zip_of(archive()))
    assert created["ephemeralStorage"] == {"size": 512}


def test_what_is_no_longer_asked_for_is_taken_away(
    crud: Callable[..., Any], aws: Session, inputs: dict[str, Any]
) -> None:
    _, subnets, group = network(aws)
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]

    def look(id: str, state: dict[str, Any]) -> None:
        settings = aws.client("lambda").get_function(FunctionName=id)["Configuration"]
        for gone in ("KMSKeyArn", "DeadLetterConfig", "Environment"):
            assert not settings.get(gone), gone
        assert not settings["VpcConfig"]["SubnetIds"]
        assert settings["Description"] == ""

    more = {
        "environment": {"variables": {"MODE": "a"}},
        "vpcConfig": {"subnetIds": subnets, "securityGroupIds": [group]},
        "deadLetterConfig": {"targetArn": "arn:aws:sqs:us-east-1:123456789012:dead"},
        "kmsKeyArn": key,
        "description": "one",
        "reservedConcurrentExecutions": 5,
    }
    crud(FUNCTION, {**inputs, **more}, dict.fromkeys(more), look=look)


def test_a_key_is_kept_only_where_it_encrypts_something(aws: Session, made: Callable[..., str]) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    name, client = made(KMSKeyArn=key), aws.client("lambda")
    assert "KMSKeyArn" not in client.get_function_configuration(FunctionName=name), "there is nothing to encrypt"
    client.update_function_configuration(FunctionName=name, KMSKeyArn=key, Environment={"Variables": {"MODE": "a"}})
    assert client.get_function_configuration(FunctionName=name)["KMSKeyArn"] == key


def test_only_changed_content_is_an_update_of_the_code(
    driver: Callable[..., Any], inputs: dict[str, Any], tmp_path: Path
) -> None:
    drive = driver()
    (tmp_path / "main.py").write_text(ECHO)
    given = {**inputs, "code": pulumi.FileArchive(str(tmp_path))}
    asked = drive.check(FUNCTION, given)
    id, state = drive.create(FUNCTION, asked)
    (tmp_path / "main.py").touch()
    assert not drive.diff(FUNCTION, id, state, asked, drive.check(FUNCTION, given, asked)).changes
    (tmp_path / "main.py").write_text(ECHO + "\n")
    new = drive.check(FUNCTION, given, asked)
    difference = drive.diff(FUNCTION, id, state, asked, new)
    assert set(difference.detailed_diff) == {"code", "sourceCodeHash"}
    assert not difference.replaces
    updated = drive.update(FUNCTION, id, state, asked, new)
    assert updated["codeSha256"] == new["sourceCodeHash"] != state["codeSha256"]


def test_code_that_was_changed_by_another_hand_is_seen_by_a_refresh(
    driver: Callable[..., Any], aws: Session, inputs: dict[str, Any]
) -> None:
    drive = driver()
    asked = drive.check(FUNCTION, inputs)
    id, state = drive.create(FUNCTION, asked)
    aws.client("lambda").update_function_code(FunctionName=id, ZipFile=zip_of(archive("handler = print\n")))
    _, live, known = drive.read(FUNCTION, id, state, asked)
    assert drive.diff(FUNCTION, id, live, known, drive.check(FUNCTION, inputs, known)).changes


def test_each_published_change_is_a_version(driver: Callable[..., Any], aws: Session, inputs: dict[str, Any]) -> None:
    drive = driver()
    given = {**inputs, "publish": True}
    asked = drive.check(FUNCTION, given)
    id, state = drive.create(FUNCTION, asked)
    assert (state["version"], state["qualifiedArn"]) == ("1", f"{state['arn']}:1")
    new = drive.check(FUNCTION, {**given, "timeout": 9}, asked)
    planned = drive.update(FUNCTION, id, state, asked, new, preview=True)
    assert repr(planned["version"]) == "<unknown>", "whoever uses the version has to see that it changes"
    state = drive.update(FUNCTION, id, state, asked, new)
    assert state["version"] == "2"
    aws.client("lambda").delete_function(FunctionName=id, Qualifier="2")
    again = drive.check(FUNCTION, {**given, "timeout": 10}, new)
    assert drive.update(FUNCTION, id, state, new, again)["version"] == "3", "a number is never used twice"


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, names in ((one, ["a.py", "b/c.py"]), (other, ["b/c.py", "a.py"])):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
    (one / "a.py").chmod(0o755)
    assert zip_of(pulumi.FileArchive(str(one))) == zip_of(pulumi.FileArchive(str(other)))
    packed = tmp_path / "made.zip"
    packed.write_bytes(zip_of(pulumi.FileArchive(str(one))))
    assert zip_of(pulumi.FileArchive(str(packed))) == packed.read_bytes()
    nested = pulumi.AssetArchive({"lib": pulumi.FileArchive(str(packed)), "m.py": pulumi.StringAsset("x")})
    flat = pulumi.AssetArchive(
        {
            "lib/a.py": pulumi.FileAsset(str(one / "a.py")),
            "lib/b/c.py": pulumi.FileAsset(str(one / "b/c.py")),
            "m.py": pulumi.StringAsset("x"),
        }
    )
    assert zip_of(nested) == zip_of(flat)


def test_code_that_is_not_there_is_refused_by_its_path(driver: Callable[..., Any], inputs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="there is no file or folder /nowhere"):
        driver().check(FUNCTION, {**inputs, "code": pulumi.FileArchive("/nowhere")})


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"code": None}, ("code", "one of code, imageUri and s3Bucket must be given, not none")),
        ({"handler": None}, ("handler", "handler must be given when packageType is Zip")),
        ({"durableConfig": {"executionTimeout": 60}}, ("durableConfig", "durableConfig isn't in the local cloud")),
    ],
)
def test_inputs_that_cannot_be_fail_the_check(
    driver: Callable[..., Any], inputs: dict[str, Any], change: dict[str, Any], failure: tuple[str, str]
) -> None:
    given = {key: value for key, value in {**inputs, **change}.items() if value is not None}
    assert [(item.property, item.reason) for item in driver().checked(FUNCTION, given).failures] == [failure]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role": "arn:aws:iam::123456789012:role/none"}, "cannot be assumed by Lambda"),
        ({"runtime": "python2.0"}, "Value python2.0 at 'runtime' failed to satisfy constraint"),
        ({"timeout": 901}, "less than or equal to 900"),
        ({"kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/none"}, "NotFoundException"),
        (
            {"deadLetterConfig": {"targetArn": "arn:aws:sns:us-east-1:123456789012:t"}},
            "role does not have permissions to call Publish on SNS",
        ),
        ({"environment": {"variables": {"AWS_REGION": "x"}}}, "Reserved keys used in this request: AWS_REGION"),
        ({"environment": {"variables": {"A": "x" * 4096}}}, "exceeded the 4KB limit"),
        ({"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}, "'subnet-1' does not exist"),
    ],
)
def test_what_aws_refuses_is_refused(
    driver: Callable[..., Any], inputs: dict[str, Any], change: dict[str, Any], message: str
) -> None:
    drive = driver()
    with pytest.raises(ProviderError, match=message):
        drive.create(FUNCTION, drive.check(FUNCTION, {**inputs, **change}))


def test_a_group_of_another_vpc_is_refused(driver: Callable[..., Any], aws: Session, inputs: dict[str, Any]) -> None:
    _, subnets, _ = network(aws)
    _, _, other = network(aws)
    drive = driver()
    given = {**inputs, "vpcConfig": {"subnetIds": subnets, "securityGroupIds": [other]}}
    with pytest.raises(ProviderError, match="must belong to one VPC"):
        drive.create(FUNCTION, drive.check(FUNCTION, given))


def test_a_role_that_may_make_no_interface_gets_no_function_in_a_vpc(
    driver: Callable[..., Any], aws: Session, inputs: dict[str, Any]
) -> None:
    _, subnets, group = network(aws)
    aws.client("iam").delete_role_policy(RoleName="function", PolicyName="own")
    drive = driver()
    given = {**inputs, "vpcConfig": {"subnetIds": subnets, "securityGroupIds": [group]}}
    with pytest.raises(ProviderError, match="permissions to call CreateNetworkInterface on EC2"):
        drive.create(FUNCTION, drive.check(FUNCTION, given))


# What belongs to a function


@pytest.mark.parametrize("principal", ["events.amazonaws.com", "210987654321"])
def test_a_permission_lives(crud: Callable[..., Any], made: Callable[..., str], principal: str) -> None:
    life = crud(
        PERMISSION,
        {
            "function": made(),
            "action": "lambda:InvokeFunction",
            "principal": principal,
            "sourceArn": "arn:aws:events:us-east-1:123456789012:rule/a",
            "sourceAccount": "123456789012",
        },
    )
    assert life.id.startswith("thing-")


def test_a_statement_id_is_given_once(driver: Callable[..., Any], made: Callable[..., str]) -> None:
    drive, given = driver(), {"function": made(), "action": "lambda:InvokeFunction", "principal": "sns.amazonaws.com"}
    asked = drive.check(PERMISSION, {**given, "statementId": "one"})
    drive.create(PERMISSION, asked)
    with pytest.raises(ProviderError, match=r"ResourceConflictException: The statement id \(one\) provided"):
        drive.create(PERMISSION, asked)


def test_an_event_invoke_config_lives(crud: Callable[..., Any], made: Callable[..., str]) -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:failed"
    crud(
        EVENTS,
        {"functionName": made(), "maximumRetryAttempts": 0},
        {"maximumEventAgeInSeconds": 60, "destinationConfig": {"onFailure": {"destination": queue}}},
    )
    crud(EVENTS, {"functionName": made(name="other", Publish=True), "qualifier": "1"})


# Invocations


def test_an_invocation_runs_the_function_and_tells_its_answer(
    driver: Callable[..., Any], made: Callable[..., str]
) -> None:
    drive = driver()
    asked = drive.check(INVOCATION, {"functionName": made(), "input": '{"a": 1}'})
    _, state = drive.create(INVOCATION, asked)
    assert json.loads(state["result"]) == {"got": {"a": 1}}


def test_a_call_that_was_made_stays_made(driver: Callable[..., Any], aws: Session, made: Callable[..., str]) -> None:
    drive, name = driver(), made()
    asked = drive.check(INVOCATION, {"functionName": name, "input": '{"a": 1}'})
    id, state = drive.create(INVOCATION, asked)
    found, live, known = drive.read(INVOCATION, id, state, asked)
    assert (found, live["result"], known) == (id, state["result"], asked)
    assert not drive.diff(INVOCATION, id, live, known, asked).changes
    drive.delete(INVOCATION, id, live, known)
    assert sum(line.startswith("START") for line in log_of(aws, name)) == 1, "it calls once in its life"


def test_another_input_calls_again_by_replacement(driver: Callable[..., Any], made: Callable[..., str]) -> None:
    drive, given = driver(), {"functionName": made(), "input": "1"}
    asked = drive.check(INVOCATION, given)
    id, state = drive.create(INVOCATION, asked)
    for change, named in (({"input": "2"}, "input"), ({"triggers": {"n": "2"}}, "triggers")):
        new = drive.check(INVOCATION, {**given, **change}, asked)
        assert drive.diff(INVOCATION, id, state, asked, new).replaces == [named]


def test_a_call_in_the_whole_life_is_told_which_part_it_is(
    driver: Callable[..., Any], aws: Session, made: Callable[..., str]
) -> None:
    drive = driver()
    name = made("def handler(event, context):\n    print(event['tf'])\n    return event['tf']\n")
    given = {"functionName": name, "input": '{"a": 1}', "lifecycleScope": "CRUD"}
    asked = drive.check(INVOCATION, given)
    id, state = drive.create(INVOCATION, asked)
    new = drive.check(INVOCATION, {**given, "input": '{"a": 2}'}, asked)
    assert not drive.diff(INVOCATION, id, state, asked, new).replaces
    assert repr(drive.update(INVOCATION, id, state, asked, new, preview=True)["result"]) == "<unknown>"
    state = drive.update(INVOCATION, id, state, asked, new)
    assert json.loads(state["result"]) == {"action": "update", "prev_input": {"a": 1}}
    drive.delete(INVOCATION, id, state, new)
    assert any("'action': 'delete'" in line for line in log_of(aws, name))


def test_an_error_of_the_function_fails_the_invocation_with_its_words(
    driver: Callable[..., Any], made: Callable[..., str]
) -> None:
    drive = driver()
    asked = drive.check(
        INVOCATION, {"functionName": made("def handler(e, c):\n    raise OSError('no disk')\n"), "input": "{}"}
    )
    with pytest.raises(ProviderError, match=r'"errorMessage": "no disk", "errorType": "OSError"'):
        drive.create(INVOCATION, asked)


def log_of(aws: Session, name: str, group: str | None = None) -> list[str]:
    events = aws.client("logs").filter_log_events(logGroupName=group or f"/aws/lambda/{name}")["events"]
    return [event["message"] for event in events]


def call(aws: Session, name: str, event: Any = None, **more: Any) -> tuple[Any, dict[str, Any]]:  # noqa: ANN401
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **more)
    payload = answer["Payload"].read()
    return (json.loads(payload) if payload else None), answer


def test_a_function_gets_its_environment_and_reaches_the_account(aws: Session, made: Callable[..., str]) -> None:
    code = """
import os, boto3
def handler(event, context):
    secret = boto3.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"]
    return [secret, os.environ["MODE"], context.function_name, context.invoked_function_arn,
            0 < context.get_remaining_time_in_millis() <= 20_000, os.environ["HOME"] == os.environ["TMPDIR"]]
"""
    aws.client("secretsmanager").create_secret(Name="s", SecretString="value")
    name = made(code, Timeout=20, Environment={"Variables": {"MODE": "x"}})
    answer, whole = call(aws, name)
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    assert answer == ["value", "x", name, arn, True, True], "nothing of the developer's own environment gets in"
    assert whole["ExecutedVersion"] == "$LATEST"


def test_what_a_function_writes_is_in_its_log(aws: Session, made: Callable[..., str]) -> None:
    code = """
import logging, sys
def handler(event, context):
    print("to the output")
    print("to the error output", file=sys.stderr)
    logging.getLogger("a").warning("of %s", "logging")
"""
    name = made(code)
    _, answer = call(aws, name, LogType="Tail")
    lines = log_of(aws, name)
    assert lines[0].startswith("START RequestId: ")
    assert lines[1:3] == ["to the output", "to the error output"]
    assert lines[3].startswith("[WARNING]\t")
    assert lines[3].endswith("\tof logging")
    assert lines[-1].startswith("REPORT RequestId: ")
    assert base64.b64decode(answer["LogResult"]).decode().splitlines() == lines


def test_a_log_in_json_is_json(aws: Session, made: Callable[..., str]) -> None:
    name = made(
        "import logging\ndef handler(e, c):\n    logging.getLogger().info('hello')\n",
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "/own"},
    )
    call(aws, name)
    first, own, last = [json.loads(line) for line in log_of(aws, name, "/own")]
    assert (first["type"], last["type"]) == ("platform.start", "platform.report")
    assert (own["message"], own["level"]) == ("hello", "INFO")


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("def handler(e, c):\n    return {}['x']\n", "KeyError", "'x'"),
        ("import nothing_there\n", "Runtime.ImportModuleError", "Unable to import module 'main': No module named"),
        ("def other(e, c): pass\n", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'main'"),
        ("def handler(e, c)\n", "Runtime.UserCodeSyntaxError", "Syntax error in module 'main'"),
        ("def handler(e, c):\n    return {1, 2}\n", "Runtime.MarshalError", "Object of type set is not JSON"),
        ("import os\ndef handler(e, c):\n    os._exit(3)\n", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_an_error_is_answered_as_lambda_answers_it(
    aws: Session, made: Callable[..., str], code: str, kind: str, message: str
) -> None:
    name = made(code)
    error, answer = call(aws, name, {})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["StatusCode"] == 200
    assert error["errorType"] == kind
    assert message in error["errorMessage"]
    assert any(message in line for line in log_of(aws, name))


def test_a_function_ends_at_its_timeout(aws: Session, made: Callable[..., str]) -> None:
    name = made("import time\ndef handler(e, c):\n    time.sleep(60)\n", Timeout=1)
    before = time.monotonic()
    error, answer = call(aws, name)
    assert time.monotonic() - before < 50, "the function alone takes a minute"
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_a_function_reaches_nothing_but_this_machine(aws: Session, made: Callable[..., str]) -> None:
    code = "import socket\ndef handler(e, c):\n    socket.create_connection((e, 443), 5)\n"
    name = made(code, Timeout=30)
    assert call(aws, name, "192.0.2.1")[0]["errorType"] == "ConnectionRefusedError"
    assert call(aws, name, "example.com")[0]["errorType"] == "gaierror"


def test_a_qualifier_names_the_version_that_runs(aws: Session, made: Callable[..., str]) -> None:
    name = made("def handler(e, c): return 1\n", Publish=True)
    new = zip_of(archive("def handler(e, c): return 2\n"))
    aws.client("lambda").update_function_code(FunctionName=name, ZipFile=new)
    aws.client("lambda").create_alias(FunctionName=name, Name="old", FunctionVersion="1")
    assert [call(aws, name)[0], call(aws, name, Qualifier="1")[0], call(aws, f"{name}:old")[0]] == [2, 1, 1]


def test_a_layer_is_on_the_path(aws: Session, made: Callable[..., str]) -> None:
    layer = zip_of(pulumi.AssetArchive({"python/shared.py": pulumi.StringAsset("VALUE = 7\n")}))
    arn = aws.client("lambda").publish_layer_version(LayerName="shared", Content={"ZipFile": layer})["LayerVersionArn"]
    assert call(aws, made("import shared\ndef handler(e, c): return shared.VALUE\n", Layers=[arn]))[0] == 7


def test_an_event_is_tried_again_and_its_end_is_passed_on(aws: Session, made: Callable[..., str]) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="failed")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    name = made("def handler(e, c):\n    raise OSError('again')\n")
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    _, answer = call(aws, name, {"n": 1}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    deadline = time.monotonic() + 30
    while not (messages := sqs.receive_message(QueueUrl=url).get("Messages")) and time.monotonic() < deadline:
        time.sleep(0.1)
    record = json.loads(messages[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert (record["requestPayload"], record["responsePayload"]["errorMessage"]) == ({"n": 1}, "again")


def test_no_reserved_concurrency_means_no_call(aws: Session, made: Callable[..., str]) -> None:
    client, name = aws.client("lambda"), made()
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException):
        call(aws, name)


def test_a_function_in_another_language_is_refused_not_faked(aws: Session, role: str) -> None:
    client = aws.client("lambda")
    code = {"ZipFile": zip_of(archive())}
    client.create_function(FunctionName="js", Code=code, Handler="a.b", Runtime="nodejs22.x", Role=role)
    with pytest.raises(client.exceptions.InvalidRuntimeException, match="runs functions in Python only"):
        call(aws, "js")
