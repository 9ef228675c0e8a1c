"""RabbitMQ's management API: verified, bounded in time, and with errors that tell no value.

https://www.rabbitmq.com/docs/http-api-reference
"""

import base64
import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from .errors import CredentialsError, NotYetError, RefusedError, StatusError

#: Seconds to wait for an answer.
_TIMEOUT = 30
#: What the broker answers to who may log in, but not use the API, which takes a tag that applications' users haven't.
#: The same from 3.10 to 4.3: `rabbit_web_dispatch_access_control`, before 3.12 `rabbit_mgmt_util`, in
#: https://github.com/rabbitmq/rabbitmq-server
_NO_TAG = "Not management user"


def path(*parts: str) -> str:
    """Return a path of the API; a part's slashes are encoded too."""
    return "/api/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True, kw_only=True)
class Management:
    """The API, as one user.

    Attributes:
        url: `https://host` or `https://host:port`.
        context: whom to believe.
        username: the user.
        password: its password.
    """

    url: str
    context: ssl.SSLContext = field(repr=False)
    username: str
    password: str = field(repr=False)

    @property
    def where(self) -> str:
        """Store, host and user, for errors."""
        return f"rabbitmq {urlsplit(self.url).hostname}: {self.username}"

    def log_in(self) -> None:
        """Log in, without asking for anything that takes a tag.

        Raises:
            RefusedError: when the broker doesn't take the user with the password.
            NotYetError: when the broker can't be reached, or isn't ready.
            CredentialsError: when it isn't to be believed.
        """
        status, answer = self._ask("log in", "GET", path("whoami"), None)
        if status == 401 and answer.get("reason") == _NO_TAG:
            return
        if status != 200:
            raise RefusedError(f"{status} {answer.get('error', '')}".strip())

    def get(self, step: str, where: str) -> Any:  # noqa: ANN401 - JSON
        """Return what there is at a path; None when there is nothing.

        Raises:
            NotYetError: when the broker can't be reached, or isn't ready.
            CredentialsError: when it isn't to be believed; a `StatusError` when it refuses.
        """
        status, answer = self._ask(step, "GET", where, None)
        if status == 404:
            return None
        self._check(step, status, answer)
        return answer

    def put(self, step: str, where: str, body: object) -> None:
        """Make or change something; raises like `get`."""
        self._check(step, *self._ask(step, "PUT", where, body))

    def delete(self, step: str, where: str) -> None:
        """Delete something; raises like `get`."""
        self._check(step, *self._ask(step, "DELETE", where, None))

    def _check(self, step: str, status: int, answer: Any) -> None:  # noqa: ANN401 - JSON
        if status >= 400:
            told = answer if isinstance(answer, dict) else {}
            code = told.get("error", "")
            # What two runs make at once, one of them is refused: asked again, it changes what there is.
            if "already_exists" in str(told.get("reason")):
                raise NotYetError(f"another run makes it ({status} {code})")
            raise StatusError(f"{self.where}: {step}: {status} {code}".strip(), status)

    def _ask(self, step: str, method: str, where: str, body: object) -> tuple[int, Any]:
        """Send one request on a connection of its own; return status and JSON."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=_TIMEOUT, context=self.context
        )
        pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
        try:
            connection.request(method, where, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
        except ssl.SSLCertVerificationError as error:
            raise CredentialsError(
                f"{self.where}: {step}: its certificate isn't trusted: {error.verify_message}"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise NotYetError(f"it can't be reached ({type(error).__name__})") from None
        finally:
            connection.close()
        if response.status >= 500:
            raise NotYetError(f"it isn't ready ({response.status})")
        try:
            return response.status, json.loads(content) if content else {}
        except ValueError:
            raise CredentialsError(f"{self.where}: {step}: {response.status}, and no JSON") from None
