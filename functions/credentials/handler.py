"""The handler: from an event to an answer."""

import logging
import os
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import boto3

from . import secret_values, tls
from .errors import CredentialsError
from .events import Action, PostgresStore, Request, parse, pinned_logins
from .management import Management
from .patience import Patience
from .postgres import Postgres
from .rabbitmq import Rabbitmq
from .secret_values import SecretsManager
from .session import Server

_LOG = logging.getLogger(__package__)
#: How long to wait for a store, in seconds.
PATIENCE_VARIABLE = "PATIENCE_SECONDS"
_PATIENCE = 300.0
#: Seconds that are left of the function's own time when it gives up waiting, so that it says why.
_RESERVE = 15.0
#: Seconds that a changed policy may take to hold.
_GRANTED = 60.0
#: How many unexpected things an answer names.
_NAMED = 500
_T = TypeVar("_T")


class Context(Protocol):
    """As much of Lambda's context as is needed."""

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""
        ...


def handler(event: object, context: Context) -> dict[str, Any]:
    """Put a credential in place, or disable the one before it; the package says what event and answer are.

    Raises:
        CredentialsError: when it can't; says why, and never a value.
    """
    # Lambda's root logger lets only warnings through, unless the function is told a level: ours are to be read at any,
    # and botocore's, which write every answer at DEBUG, the values of secrets among them, at none.
    # https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    _LOG.setLevel(logging.INFO)
    logging.getLogger("botocore").setLevel(logging.INFO)
    try:
        return _run(parse(event, pinned_logins()), context)
    except CredentialsError:
        raise
    except Exception as error:  # an error that nobody foresaw may have a value in its text
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(place.filename)}, line {place.lineno}"
        raise CredentialsError(f"unexpected {type(error).__name__} in {where}") from None


def _run(request: Request, context: Context) -> dict[str, Any]:
    client: SecretsManager = boto3.client("secretsmanager")
    patience = _patience(context)
    store, admin = request.store, request.admin
    admin_password = _patiently(patience, "read secret", secret_values.read, client, admin.password)
    password = _patiently(patience, "read secret", secret_values.read, client, request.password)
    still_current = partial(_patiently, patience, "read secret", secret_values.check_current, client, request.password)
    run: Postgres | Rabbitmq
    if isinstance(store, PostgresStore):
        run = Postgres(
            server=Server(host=store.host, port=store.port, context=tls.postgres_context()),
            store=store,
            request=request,
            admin_password=admin_password,
            password=password,
            still_current=still_current,
            patience=patience,
        )
    else:
        run = Rabbitmq(
            store=store,
            request=request,
            log_in=partial(_management, store.url, tls.rabbitmq_context()),
            admin_password=admin_password,
            still_current=still_current,
            previous_password=partial(secret_values.read, client, admin.previous) if admin.previous else None,
            password=password,
            patience=patience,
        )
    match request.action:
        case Action.ENSURE:
            done = run.ensure()
        case Action.AUDIT:
            done = run.audit()
        case Action.RETIRE | Action.RETIRE_BY_FORCE:
            done = run.retire(forced=request.action is Action.RETIRE_BY_FORCE)
    unexpected = run.unexpected
    if len(unexpected) > _NAMED:
        unexpected = [*unexpected[:_NAMED], f"{len(unexpected) - _NAMED} more"]
    if unexpected:
        _LOG.warning("%s: unexpected: %s", request.kind, ", ".join(unexpected))
    return {
        "store": request.kind,
        "username": request.username,
        "action": request.action,
        "done": done,
        "unexpected": unexpected,
    }


def _patiently(patience: Patience, what: str, call: Callable[..., _T], *arguments: object) -> _T:
    """Call until the role's policy has come to where it is asked for."""
    return patience.at_most(_GRANTED).until_it_works(what, lambda: call(*arguments))


def _patience(context: Context) -> Patience:
    seconds = float(os.environ.get(PATIENCE_VARIABLE) or _PATIENCE)
    return Patience(max(min(seconds, context.get_remaining_time_in_millis() / 1000 - _RESERVE), 0.0))


def _management(url: str, context: Any, username: str, password: str) -> Management:  # noqa: ANN401 - an SSLContext
    return Management(url=url, context=context, username=username, password=password)
