"""The emulated account of a test process."""

import http.client

from localcloud.emulator import control


def emptied(emulator_process: control.Endpoint) -> str:
    """Empty an emulated account; return its URL."""
    connection = http.client.HTTPConnection(control.HOST, emulator_process.port)
    connection.request("POST", "/moto-api/reset")
    assert connection.getresponse().status == 200
    connection.close()
    return emulator_process.url
