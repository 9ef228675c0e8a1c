"""Who may ask the emulator: clients of AWS with the key of its run, and nobody else on this machine or in a browser."""

import base64
import json
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.emulator import control, keys
from localcloud.provider.session import Session

SECRET = "the value of a secret"
FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json-1.1"


def _raw(endpoint: control.Endpoint, text: str, body: str = "") -> tuple[int, str]:
    """Send a request as it is written; return the status and everything that came back."""
    with socket.create_connection((control.HOST, endpoint.port), 10) as connection:
        asked, *headers = text.strip().splitlines()
        lines = [asked, "Connection: close", *headers, f"Content-Length: {len(body)}", "", body]
        connection.sendall("\r\n".join(lines).encode())
        answer = b""
        while more := connection.recv(1 << 16):
            answer += more
    return int(answer.split()[1]), answer.decode(errors="replace")


def _signed(id: str, service: str) -> str:
    return f"Authorization: AWS4-HMAC-SHA256 Credential={id}/20260101/us-east-1/{service}/aws4_request, x"


@pytest.fixture
def holds_a_secret(aws: Session) -> Session:
    aws.client("secretsmanager").create_secret(Name="s", SecretString=SECRET)
    aws.client("iam").create_user(UserName="a")
    return aws


@pytest.mark.parametrize(
    "host",
    [
        *("attacker.example", "attacker.example:4566", "127.0.0.1.attacker.example", "localhost.attacker.example", ""),
        *("10.0.0.1", "0.0.0.0", "localhost, attacker.example", "127.0.0.1@attacker.example", "xlocalhost"),
        "127.0.0.1:x",
    ],
)
def test_a_page_under_a_name_of_its_own_that_leads_here_reads_nothing(
    holds_a_secret: Session, emulator_process: control.Endpoint, host: str
) -> None:
    """DNS rebinding: to the browser the page and the emulator are one site, so that it reads answers."""
    # Even with the key, which a page hasn't.
    signed = _signed(emulator_process.access_key, "secretsmanager")
    target = f"X-Amz-Target: secretsmanager.GetSecretValue\nContent-Type: {JSON}\n{signed}"
    status, text = _raw(emulator_process, f"POST / HTTP/1.1\nHost: {host}\n{target}", '{"SecretId": "s"}')
    assert status == 403
    assert SECRET not in text
    assert "isn't this machine" in text


def test_a_request_target_with_another_host_counts(emulator_process: control.Endpoint) -> None:
    status, _ = _raw(emulator_process, "GET http://attacker.example/moto-api/localcloud HTTP/1.1\nHost: localhost")
    assert status == 403


@pytest.mark.parametrize(
    "said",
    [
        "Origin: https://attacker.example",
        "Origin: null",
        "Origin: http://127.0.0.1:4566",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: same-origin",
        "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Key: eA==\nSec-WebSocket-Version: 13",
    ],
)
@pytest.mark.parametrize("path", ["/", "/moto-api/localcloud", "/moto-api/reset"])
def test_a_page_of_a_browser_is_refused(
    holds_a_secret: Session, emulator_process: control.Endpoint, said: str, path: str
) -> None:
    signed = _signed(emulator_process.access_key, "iam")
    request = f"POST {path} HTTP/1.1\nHost: localhost:{emulator_process.port}\nContent-Type: {FORM}\n{said}\n{signed}"
    status, text = _raw(emulator_process, request, "Action=DeleteUser&UserName=a&Version=2010-05-08")
    assert status == 403
    assert "access-control-allow-origin" not in text.lower()
    assert [user["UserName"] for user in holds_a_secret.client("iam").list_users()["Users"]] == ["a"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, "Action=DeleteUser&UserName=a&Version=2010-05-08"),
        ("text/plain", '{"SecretId": "s"}'),
        ("multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="key"\r\n\r\na\r\n--x--'),
    ],
)
def test_a_form_without_a_key_changes_nothing(
    holds_a_secret: Session, emulator_process: control.Endpoint, kind: str, body: str
) -> None:
    """An old browser names no origin for a form, and asks nobody before it sends one: the key is what it lacks."""
    request = f"POST / HTTP/1.1\nHost: 127.0.0.1\nContent-Type: {kind}\nX-Amz-Target: secretsmanager.DeleteSecret"
    status, text = _raw(emulator_process, request, body)
    assert status == 403
    assert "MissingAuthenticationToken" in text
    assert holds_a_secret.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == SECRET
    assert holds_a_secret.client("iam").list_users()["Users"]


@pytest.mark.parametrize(
    "path",
    [
        *("/moto-api", "/moto-api/", "/moto-api/data.json", "/moto-api/config", "/moto-api/seed?a=1", "/%6doto-api/"),
        *("/moto-api/recorder/start-recording", "/moto-api/recorder/replay-recording", "/moto-api/reset/x"),
        "/moto-api/resetting",
    ],
)
def test_of_motos_own_api_only_what_is_used_is_there(emulator_process: control.Endpoint, path: str) -> None:
    request = f"POST {path} HTTP/1.1\nHost: localhost\n{_signed(emulator_process.access_key, 'x')}"
    assert _raw(emulator_process, request)[0] == 404


@pytest.mark.parametrize("path", ["/moto-api/reset", "/moto-api/localcloud/stores", "/moto-api/localcloud/answered/x"])
def test_our_own_paths_need_the_key(emulator_process: control.Endpoint, path: str) -> None:
    assert _raw(emulator_process, f"POST {path} HTTP/1.1\nHost: localhost")[0] == 403
    with pytest.raises(control.EmulatorError, match="refuses"):
        control.ask(emulator_process.url, "/moto-api/config")


def test_who_it_is_needs_no_key_and_tells_nothing_else(emulator_process: control.Endpoint) -> None:
    status, text = _raw(emulator_process, "GET /moto-api/localcloud HTTP/1.1\nHost: localhost")
    assert status == 200
    assert json.loads(text.partition("\r\n\r\n")[2]) == {"pid": emulator_process.pid}


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("iam", "list_users", "InvalidClientTokenId"),
        ("rds", "describe_db_instances", "InvalidClientTokenId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("secretsmanager", "list_secrets", "UnrecognizedClientException"),
        ("ecs", "list_clusters", "UnrecognizedClientException"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
        ("route53", "list_hosted_zones", "UnrecognizedClientException"),
        ("cloudwatch", "describe_alarms", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ],
)
@pytest.mark.parametrize("id", ["test", "AKIAIOSFODNN7EXAMPLE", keys.PREFIX + "0" * 32])
def test_another_key_is_refused_as_aws_refuses_it(emulator: str, service: str, call: str, code: str, id: str) -> None:
    client = boto3.client(
        service, endpoint_url=emulator, region_name="us-east-1", aws_access_key_id=id, aws_secret_access_key="x"
    )
    with pytest.raises(ClientError) as caught:
        getattr(client, call)()
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert "python -m localcloud exec" in error["Message"], "who is refused is told the way in"
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_a_presigned_address_is_let_in_and_one_of_another_key_is_not(aws: Session) -> None:
    aws.client("s3").create_bucket(Bucket="bucket")
    aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"content")
    url = aws.client("s3").generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "k"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert opener.open(url).read() == b"content"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        opener.open(re.sub("LOCALCLOUD[0-9A-F]+", "AKIAIOSFODNN7EXAMPLE", url))


def test_keys_that_the_account_gave_out_are_let_in_for_as_long_as_they_are_active(aws: Session, emulator: str) -> None:
    def who(id: str) -> str:
        client: Any = boto3.client(
            "sts", endpoint_url=emulator, region_name="us-east-1", aws_access_key_id=id, aws_secret_access_key="x"
        )
        return str(client.get_caller_identity()["Arn"])

    role = aws.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument='{"Version": "2012-10-17"}')["Role"]
    assumed = aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
    assert who(assumed["AccessKeyId"]).endswith("assumed-role/r/session")

    session = aws.client("sts").get_session_token()["Credentials"]
    federated = aws.client("sts").get_federation_token(Name="someone")["Credentials"]
    assert {who(given["AccessKeyId"]) for given in (session, federated)} == {"arn:aws:sts::123456789012:user/moto"}

    iam = aws.client("iam")
    iam.create_user(UserName="u")
    id = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    assert who(id).endswith("user/u")
    iam.update_access_key(UserName="u", AccessKeyId=id, Status="Inactive")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        who(id)
    control.ask(emulator, "/moto-api/reset", "POST")
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        who(assumed["AccessKeyId"])


@pytest.mark.slow
@pytest.mark.slow
def test_the_key_is_random_at_each_start_and_a_person_may_choose_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(control.HOME_VARIABLE, str(tmp_path / "cloud"))
    try:
        chosen = control.start(0, "a_fixed_key")
        assert Session(chosen.url).client("iam").list_users()["Users"] == []
        assert chosen.access_key == "a_fixed_key"
        with pytest.raises(control.EmulatorError, match="takes another access key"):
            control.start(0, "another_key")
        for secret in (chosen.secret_key, "a_fixed_key"):
            for shown in ("cmdline", "environ"):
                assert secret not in Path(f"/proc/{chosen.pid}/{shown}").read_text(), "other processes read these"
    finally:
        control.stop()
    one, other = keys.new(), keys.new()
    assert one.id != other.id
    assert len(bytes.fromhex(one.id.removeprefix(keys.PREFIX))) == 16
    with pytest.raises(control.EmulatorError, match="isn't 4 to 128 letters"):
        control.start(0, "a/b")


def test_a_real_key_of_the_environment_is_never_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(control.HOME_VARIABLE, str(tmp_path))
    monkeypatch.setattr(control, "_seen", [])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", base64.b64encode(b"real").decode())
    assert control.key_for("http://127.0.0.1:4566") == keys.CUSTOMARY
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "chosen")
    assert control.key_for("http://127.0.0.1:4566").id == "chosen"
