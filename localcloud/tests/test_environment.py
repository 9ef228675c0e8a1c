"""Whatever a person's environment says, calls go to the emulated account and state stays here."""

import http.server
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud import cli, environment
from localcloud.emulator import control
from localcloud.engine.account import pointed_at_emulator
from localcloud.provider.session import Session


class Recorder(http.server.ThreadingHTTPServer):
    """A server on loopback in the place of everything that isn't the emulator; it notes who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Recorder

    def _note(self) -> None:
        self.server.asked.append(f"{self.command} {self.path} {self.headers.get('Authorization', '')}")
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_HEAD = do_CONNECT = do_DELETE = _note

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        yield server
        server.shutdown()


@pytest.fixture
def project(tmp_path: Path, emulator: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own beside the emulator that runs."""
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


_CALLS = """
import boto3
boto3.setup_default_session()
boto3.client("sts").get_caller_identity()
boto3.client("ecs").list_clusters()
boto3.client("s3").list_buckets()
boto3.client("s3", region_name="eu-west-1").list_buckets()
print("all", "answered")
"""

#: What a shell's start-up files, a tool or an attacker may have left: `{url}` is a recorder, `{folder}` has files that
#: lead to it.
_HOSTILE = {
    "an endpoint of a service": {"AWS_ENDPOINT_URL_STS": "{url}", "AWS_ENDPOINT_URL_S3": "{url}"},
    "an endpoint of one more": {"AWS_ENDPOINT_URL_ECS": "{url}"},
    "a profile": {"AWS_PROFILE": "prod", "AWS_CONFIG_FILE": "{folder}/config"},
    "a profile by its older name": {"AWS_DEFAULT_PROFILE": "prod", "AWS_SHARED_CREDENTIALS_FILE": "{folder}/config"},
    "a default profile with endpoints": {"AWS_CONFIG_FILE": "{folder}/config"},
    "ignored endpoints": {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
    "a proxy": {"HTTP_PROXY": "{url}", "http_proxy": "{url}", "ALL_PROXY": "{url}", "NO_PROXY": "", "no_proxy": ""},
    "a proxy for all but others": {"HTTP_PROXY": "{url}", "http_proxy": "{url}", "NO_PROXY": "a.example"},
    "credentials of a container": {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "{url}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "x",
    },
    "a web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": "{folder}/config", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x"},
    "a real key": {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": "y"},
    "an authority": {"AWS_CA_BUNDLE": "/nowhere", "REQUESTS_CA_BUNDLE": "/nowhere"},
    "other addresses": {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_REGION": "x@y"},
    "other descriptions of services": {"AWS_DATA_PATH": "{folder}"},
    "the metadata of a machine": {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "{url}"},
    "variables of boto's": {"BOTO_CONFIG": "{folder}/config"},
}


@pytest.fixture(params=_HOSTILE)
def hostile(
    request: pytest.FixtureRequest, recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Recorder:
    """An environment that leads elsewhere; return who listens there."""
    lines = [
        "aws_access_key_id = x",
        "aws_secret_access_key = x",
        "region = eu-west-1",
        f"endpoint_url = {recorder.url}",
    ]
    config = "\n".join(["[default]", *lines, "[profile prod]", *lines, "[prod]", *lines, ""])
    (tmp_path / "config").write_text(config)
    for name, value in _HOSTILE[request.param].items():
        monkeypatch.setenv(name, value.format(url=recorder.url, folder=tmp_path))
    return recorder


def test_exec_leads_every_call_to_the_emulator(
    project: Path, hostile: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["exec", "--", sys.executable, "-c", _CALLS]) == 0
    assert "all answered" in capfd.readouterr().out
    assert hostile.asked == []


def test_a_program_leads_every_call_to_the_emulator(project: Path, hostile: Recorder) -> None:
    """So do hooks, which run in the process of `up`, and dynamic providers, which inherit its environment."""
    before = dict(os.environ)
    with pointed_at_emulator():
        exec(_CALLS)
    assert hostile.asked == []
    assert dict(os.environ) == before, "a person's own environment is back afterwards"


_DYNAMIC = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Asks(ResourceProvider):
    def create(self, props):
        import boto3
        import botocore.config

        quick = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=3)
        arn = boto3.client("sts", config=quick).get_caller_identity()["Arn"]
        return CreateResult("one", {"arn": arn})


class Asking(Resource):
    arn: pulumi.Output[str]

    def __init__(self, name):
        super().__init__(Asks(), name, {"arn": None})


pulumi.export("who", Asking("asking").arn)
"""


@pytest.mark.parametrize("kind", ["an endpoint of a service", "a proxy", "a profile"])
def test_a_dynamic_provider_leads_its_calls_to_the_emulator(
    project: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    (project / "__main__.py").write_text(_DYNAMIC)
    for name, value in _HOSTILE[kind].items():
        monkeypatch.setenv(name, value.format(url=recorder.url, folder=project))
    stack = kind.replace(" ", "-")
    assert cli.main(["up", "--json", "-s", stack]) == 0, capfd.readouterr().out
    assert cli.main(["output", "-s", stack, "who"]) == 0
    assert "arn:aws:sts::123456789012:user/moto" in capfd.readouterr().out
    assert recorder.asked == []


def test_the_emulator_sends_nothing_to_what_the_account_names(aws: Session, recorder: Recorder) -> None:
    """A topic's subscriber may be a real one, and an alarm of the local cloud is nobody's business."""
    sns = aws.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    for url in ("http://192.0.2.1/", "https://subscriber.example/", recorder.url):
        sns.subscribe(TopicArn=topic, Protocol=url.partition(":")[0], Endpoint=url)
    assert sns.publish(TopicArn=topic, Message="m")["MessageId"]
    assert [call.split()[0] for call in recorder.asked] == ["POST"], "one on this machine may be"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://sts.amazonaws.com",
            "http://10.0.0.1:4566",
            "http://localhost.a.example",
            "http://localhost@a.example",
        ),
        *("//a.example", "a.example", "http://[::2]", "http://127.0.0.1.a.example", "http://["),
    ],
)
@pytest.mark.parametrize("command", [["up"], ["preview"], ["destroy"], ["exec", "--", "true"]])
def test_an_endpoint_elsewhere_is_refused_by_name_before_anything_happens(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], url: str, command: list[str]
) -> None:
    (project / "__main__.py").write_text("raise SystemExit('the program ran')")
    if command == ["destroy"]:
        state = control.private_home() / "stacks" / "small"
        state.mkdir(parents=True, exist_ok=True)
        (state / "local.json").write_text(json.dumps({"version": 3, "deployment": {"manifest": {}}}))
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert cli.main(command) == 1
    assert f"error: AWS_ENDPOINT_URL is {url!r}, which isn't on this machine" in capfd.readouterr().err


@pytest.mark.slow
@pytest.mark.slow
def test_the_emulator_itself_has_nothing_of_the_developers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(control.HOME_VARIABLE, str(tmp_path / "cloud"))
    for name in (
        "GITHUB_TOKEN",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
        "AWS_SESSION_TOKEN",
        "DATABASE_URL",
    ):
        monkeypatch.setenv(name, "precious")
    try:
        assert "precious" not in Path(f"/proc/{control.start(0).pid}/environ").read_text()
    finally:
        control.stop()


def test_variables_of_aws_are_taken_out_unless_they_are_known_to_be_harmless() -> None:
    kept = environment.scrubbed({"AWS_PAGER": "less", "AWS_SOMETHING_NEW": "x", "TF_AWS_S3": "x", "EDITOR": "vi"})
    assert kept["AWS_PAGER"] == "less"
    assert kept["EDITOR"] == "vi"
    assert {name for name in kept if "AWS" in name} == {
        *("AWS_PAGER", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED")
    }


def test_names_that_no_proxy_is_asked_for_are_added_to_a_persons_own() -> None:
    kept = environment.scrubbed({"no_proxy": "a.example, b.example", "NO_PROXY": "c.example"})
    assert kept["no_proxy"] == kept["NO_PROXY"] == "a.example,b.example,c.example,127.0.0.1,localhost,.localhost,::1"


# The official CLI, in whose place a script says what it was given


@pytest.fixture
def pulumi(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `pulumi` that prints its environment as JSON."""
    script = project / "bin" / "pulumi"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nimport json, os\nprint(json.dumps(dict(os.environ)))\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    for name, value in {
        "PULUMI_BACKEND_URL": "s3://real-state",
        "PULUMI_ACCESS_TOKEN": "real-token",
        "PULUMI_CONFIG_PASSPHRASE": "real-passphrase",
        "PULUMI_API": "https://api.pulumi.com",
    }.items():
        monkeypatch.setenv(name, value)
    return project


def test_the_official_cli_meets_no_backend_and_no_passphrase_of_a_persons_own(
    pulumi: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours = control.home() / "pulumi"
    for command in (["pulumi", "up", "-s", "prod"], ["sh", "-c", "pulumi up -s prod"]):
        assert cli.main(["exec", "-s", "prod", "--", *command]) == 0
        given = json.loads(capfd.readouterr().out)
        assert given["PULUMI_BACKEND_URL"] == ours.resolve().as_uri()
        assert given["PULUMI_CREDENTIALS_PATH"] == str(ours.resolve()), "`pulumi login` has tokens in a person's home"
        assert given["PULUMI_CONFIG_PASSPHRASE"] == "localcloud"
        assert "real" not in json.dumps({name: value for name, value in given.items() if name.startswith("PULUMI")})


def test_a_backend_of_a_persons_own_is_used_only_when_the_command_names_it(
    pulumi: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["exec", "--backend", "file:///elsewhere", "--real-secrets", "--", "pulumi", "up"]
    assert cli.main(command) == 0
    given = json.loads(capfd.readouterr().out)
    assert given["PULUMI_BACKEND_URL"] == "file:///elsewhere"
    assert given["PULUMI_ACCESS_TOKEN"] == "real-token"
    assert given["PULUMI_CONFIG_PASSPHRASE"] == "real-passphrase"


@pytest.mark.parametrize(
    ("file", "text", "command", "said"),
    [
        ("Pulumi.yaml", "name: small\nruntime: python\nbackend: {url: s3://real}\n", ["up"], "the backend 's3://real'"),
        ("Pulumi.prod.yaml", "secretsprovider: awskms://alias/x\n", ["up", "-s", "prod"], "'awskms://alias/x'"),
        ("Pulumi.prod.yaml", "secretsprovider: awskms://alias/x\n", ["up", "--stack=o/p/prod"], "'awskms://alias/x'"),
        ("Pulumi.prod.yaml", "secretsprovider: gcpkms://x\n", ["stack", "select", "prod"], "'gcpkms://x'"),
        ("x", "", ["login", "s3://real"], "`pulumi login` isn't for the local cloud"),
        ("x", "", ["logout"], "`pulumi logout` isn't for the local cloud"),
    ],
)
def test_what_would_lead_the_official_cli_elsewhere_is_refused(
    pulumi: Path, capfd: pytest.CaptureFixture[str], file: str, text: str, command: list[str], said: str
) -> None:
    (pulumi / file).write_text(text)
    assert cli.main(["exec", "--", "pulumi", *command]) == 1
    captured = capfd.readouterr()
    assert said in captured.err
    assert captured.out == "", "it didn't run"
