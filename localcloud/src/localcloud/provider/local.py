"""The provider that serves one package (`aws`, `random`, `docker`) from the registered resource types."""

import asyncio
import functools
import json
import random
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.provider import base, repeat
from localcloud.provider.base import UNKNOWN, Properties, ResourceType
from localcloud.provider.diff import differences
from localcloud.provider.regions import regional
from localcloud.provider.session import DEFAULT_REGION, Session, endpoint_from
from localcloud.provider.values import PropertyMap, plain_map, secret_keys, wrap_map

_KINDS = {
    ("add", False): sdk.PropertyDiffKind.ADD,
    ("add", True): sdk.PropertyDiffKind.ADD_REPLACE,
    ("delete", False): sdk.PropertyDiffKind.DELETE,
    ("delete", True): sdk.PropertyDiffKind.DELETE_REPLACE,
    ("update", False): sdk.PropertyDiffKind.UPDATE,
    ("update", True): sdk.PropertyDiffKind.UPDATE_REPLACE,
}

#: How many calls to the account run at once, over all providers of the process.
_THREADS = ThreadPoolExecutor(max_workers=16, thread_name_prefix="provider")

#: How many hexadecimal digits the official provider puts behind the logical name.
_AUTONAME_DIGITS = 7

_R = TypeVar("_R")


class ProviderError(Exception):
    """One clear message about a call that failed or a request that can't be served."""


class LocalProvider(sdk.Provider):
    """Serve every resource type and invoke of one package.

    Args:
        package: the Pulumi package, which every token of it begins with.
    """

    def __init__(self, package: str) -> None:
        self.package = package
        self._session: Session | None = None
        self._region = DEFAULT_REGION
        self._endpoint: str | None = None
        self._default_tags: dict[str, str] = {}

    # Configuration

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Take region, endpoints and default tags from the provider's inputs or the stack's config."""
        inputs = plain_map(request.args)
        inputs = {key: _decoded(value) for key, value in inputs.items()}
        if isinstance(region := inputs.get("region"), str):
            self._region = region
        for endpoints in inputs.get("endpoints") or []:
            # One emulator answers for every service, so that any of the named endpoints will do.
            self._endpoint = next((url for url in endpoints.values() if url), None)
        default_tags = inputs.get("defaultTags") or {}
        self._default_tags = dict(default_tags.get("tags") or {})
        return sdk.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=False, accept_outputs=False
        )

    async def diff_config(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Another region is another provider: what it made is made anew, as with the official one."""
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        names = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key) and key != "version")
        return sdk.DiffResponse(changes=bool(names), diffs=names, replaces=[name for name in names if name == "region"])

    @property
    def session(self) -> Session:
        """The way to the account; the emulator is started at the first call that needs it."""
        if self._session is None:
            # Random values need no account, so that a program with nothing else starts no emulator.
            endpoint = "" if self.package == "random" else endpoint_from(self._endpoint)
            self._session = Session(endpoint, self._region, self._default_tags)
        return self._session

    def _session_for(self, kind: ResourceType, properties: Properties) -> Session:
        """Return the way to the region that a resource says, or to the provider's."""
        region = properties.get("region")
        return self.session.in_region(region) if isinstance(region, str) and regional(kind.token) else self.session

    # Resources

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Fill in defaults and the name, and refuse what the official provider refuses before any call."""
        kind = self._type(request.type)
        news = plain_map(request.new_inputs)
        olds = plain_map(request.old_inputs or {})
        filled = {key: value for key, value in kind.defaults.items() if key not in news}
        filled.update(_autoname(kind, request.name, news, olds, request.random_seed))
        if regional(kind.token) and "region" not in news:
            filled["region"] = self._region
        failures = [sdk.CheckFailure(name, reason) for name, reason in kind.validate({**news, **filled})]
        if not failures:
            filled.update(kind.derived({**news, **filled}))
        inputs = {key: value for key, value in request.new_inputs.items() if key in news}
        inputs.update(wrap_map(filled, set()))
        return sdk.CheckResponse(inputs=inputs, failures=failures)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Compare the last inputs with the new ones, by property path."""
        kind = self._type(request.type)
        new = plain_map(request.new_inputs)
        old = self._old_inputs(request, new, request.old_state)
        if regional(kind.token):
            old = {"region": self._region, **old}
            new = {"region": self._region, **new}
        found = differences(kind, old, new)
        if kind.tagged and not found and self._tags_all(new) != plain_map(request.old_state).get("tagsAll", {}):
            # The program's own tags stand, the provider's default tags don't.
            found = differences(
                kind, {"tagsAll": plain_map(request.old_state).get("tagsAll")}, {"tagsAll": self._tags_all(new)}
            )
        return sdk.DiffResponse(
            changes=bool(found),
            diffs=sorted({_root(item.path) for item in found}),
            replaces=sorted({_root(item.path) for item in found if item.replaces}),
            delete_before_replace=kind.delete_before_replace or _keeps_fixed_name(kind, request.name, old, new),
            detailed_diff={
                item.path: sdk.PropertyDiff(_KINDS[item.kind, item.replaces], input_diff=True) for item in found
            },
        )

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Create by real calls, then read the result back; in a preview, answer with what is known."""
        kind = self._type(request.type)
        secret = secret_keys(request.properties)
        inputs = plain_map(request.properties)
        if request.preview:
            return sdk.CreateResponse("", {**request.properties, **wrap_map(self._planned(kind, inputs), set())})
        # The live tags are the program's and the provider's default tags together.
        sent = {**inputs, "tags": self._tags_all(inputs)} if kind.tagged else inputs
        session = self._session_for(kind, inputs)
        token = getattr(request, "token", "")
        made = await self._call(f"creating {request.name} ({kind.token})", _repeatable, token, kind, session, sent)
        id, arisen = (made, {}) if isinstance(made, str) else made
        state = await self._state(kind, request.name, id, {**inputs, **arisen}, inputs)
        return sdk.CreateResponse(id, self._outputs(kind, state, secret))

    async def find(self, request: sdk.CreateRequest) -> sdk.CreateResponse | None:
        """Find what a create made that a killed run began, and finish it; None when it made nothing."""
        token = getattr(request, "token", "")
        if self.package == "random" or not token:
            return None
        began = await self._call(f"finding {request.name}", repeat.answered, self.session.endpoint, token)
        return await self.create(request) if began else None

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Update by real calls, then read the result back; in a preview, tell which outputs will be new."""
        kind = self._type(request.type)
        secret = secret_keys(request.news)
        old, new = plain_map(request.olds), plain_map(request.news)
        old_inputs = self._old_inputs(request, new, request.olds)
        kept = {key: value for key, value in old.items() if key not in old_inputs or key in new}
        if request.preview:
            changed = {_root(item.path) for item in differences(kind, old_inputs, new)}
            anew = {output for name in changed for output in kind.recomputes.get(name, ())}
            anew.update(kind.renews(old_inputs, new))
            state = {**kept, **new, **self._planned(kind, new), **dict.fromkeys(anew, UNKNOWN)}
            return sdk.UpdateResponse(wrap_map(state, secret | kind.secrets))
        before = {**old, "tags": old.get("tagsAll", {})} if kind.tagged else old
        after = {**new, "tags": self._tags_all(new)} if kind.tagged else new
        session = self._session_for(kind, old)
        arisen = await self._call(
            f"updating {request.name} ({kind.token})", kind.update, session, request.resource_id, before, after
        )
        await self._call(
            f"tagging {request.name} ({kind.token})", kind.retag, session, request.resource_id, before, after
        )
        last = {**kept, **new, **(arisen or {})}
        state = await self._state(kind, request.name, request.resource_id, last, new)
        return sdk.UpdateResponse(self._outputs(kind, state, secret))

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """Read the live resource: for a refresh, and for a `get` by id (then there are no inputs yet)."""
        kind = self._type(request.type)
        secret = secret_keys(request.properties) | secret_keys(request.inputs)
        inputs = plain_map(request.inputs)
        last = {**inputs, **plain_map(request.properties)}
        session = self._session_for(kind, last)
        live = await self._call(f"reading {request.name} ({kind.token})", kind.read, session, request.resource_id, last)
        if live is None:
            return sdk.ReadResponse("", {}, {})
        state = self._merged(kind, last, live)
        known = {key: state[key] for key in inputs if key in state} if inputs else {}
        if kind.tagged and inputs:
            # Tags that the provider itself adds are no inputs of the program.
            own = {key: value for key, value in (state.get("tags") or {}).items()}
            if own or "tags" in inputs:
                known["tags"] = own
        return sdk.ReadResponse(
            request.resource_id, self._outputs(kind, state, secret), wrap_map(known, secret & set(known))
        )

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """Delete by real calls."""
        kind = self._type(request.type)
        state = plain_map(request.properties)
        session = self._session_for(kind, state)
        await self._call(f"deleting {request.name} ({kind.token})", kind.delete, session, request.resource_id, state)

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        """Answer an invoke by real calls."""
        call = base.functions().get(request.tok)
        if call is None:
            raise ProviderError(
                f"the local {self.package} provider has no function {request.tok}: "
                f"it has {', '.join(sorted(base.functions()))}"
            )
        secret = any(value.contains_secret() for value in request.args.values())
        args = plain_map(request.args)
        region = args.get("region")
        session = self.session.in_region(region) if isinstance(region, str) else self.session
        result = await self._call(f"invoking {request.tok}", call, session, args)
        # The SDK reads an invoke's arguments back from its result, as the official provider returns them.
        answer = {**args, **result}
        return sdk.InvokeResponse(wrap_map(answer, set(answer) if secret else set()))

    # Parts

    def _type(self, token: str) -> ResourceType:
        kind = base.types().get(token)
        if kind is None:
            raise ProviderError(
                f"the local {self.package} provider has no resource type {token}: `python -m localcloud coverage` "
                "lists the types that it has, and docs/add-a-resource-type.md shows how one is added"
            )
        return kind

    async def _call(self, doing: str, call: Callable[..., _R], *args: Any) -> _R:  # noqa: ANN401 - passed through
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(_THREADS, functools.partial(call, *args))
        except ParamValidationError as error:
            raise ProviderError(f"{doing}: the call's shape is wrong: {error}") from error
        except ClientError as error:
            answer = error.response.get("Error", {})
            raise ProviderError(
                f"{doing}: {error.operation_name}: {answer.get('Code')}: {answer.get('Message')}"
            ) from error
        except BotoCoreError as error:
            raise ProviderError(f"{doing}: {error}") from error
        except (LookupError, ValueError) as error:
            if type(error) not in (LookupError, ValueError):
                raise  # a fault of ours, such as a KeyError
            raise ProviderError(f"{doing}: {error}") from error  # a type's own refusal

    async def _state(self, kind: ResourceType, name: str, id: str, last: Properties, inputs: Properties) -> Properties:
        session = self._session_for(kind, last)
        live = await self._call(f"reading {name} ({kind.token})", kind.read, session, id, last)
        if live is None:
            raise ProviderError(f"reading {name} ({kind.token}): {id} is not there right after it was made")
        # What the program set stands as it set it, so that the next diff compares like with like; AWS tells the rest.
        return {**self._merged(kind, last, live), **inputs}

    def _merged(self, kind: ResourceType, last: Properties, live: Properties) -> Properties:
        state = {**last, **live}
        if regional(kind.token):
            state["region"] = last.get("region", self._region)
        if kind.tagged:
            every = dict(live.get("tags", last.get("tagsAll", self._tags_all(last))) or {})
            state["tagsAll"] = every
            own = last.get("tags") or {}
            state["tags"] = {k: v for k, v in every.items() if k in own or self._default_tags.get(k) != v}
        return state

    def _outputs(self, kind: ResourceType, state: Properties, secret: set[str]) -> dict[str, PropertyValue]:
        return wrap_map(state, secret | kind.secrets)

    def _planned(self, kind: ResourceType, inputs: Properties) -> Properties:
        return {"tagsAll": self._tags_all(inputs)} if kind.tagged else {}

    def _tags_all(self, inputs: Properties) -> Any:  # noqa: ANN401 - a map of tags, or UNKNOWN
        tags = inputs.get("tags")
        if tags is UNKNOWN:
            return UNKNOWN
        return {**self._default_tags, **(tags or {})}

    @staticmethod
    def _old_inputs(request: Any, new: Properties, state: PropertyMap) -> Properties:  # noqa: ANN401
        """Return the last inputs: sent along by our engine and our gRPC servicer, else the state's part of them."""
        old: PropertyMap | None = getattr(request, "old_inputs", None)
        if old:
            return plain_map(old)
        last = plain_map(state)
        return {key: last[key] for key in new if key in last}


def _repeatable(token: str, kind: ResourceType, session: Session, inputs: Properties) -> str | tuple[str, Properties]:
    with repeat.repeatable(token):
        return kind.create(session, inputs)


def _decoded(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """Provider inputs that are objects arrive as JSON text, since that is how the engine passes configuration."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _autoname(kind: ResourceType, name: str, news: Properties, olds: Properties, seed: bytes | None) -> dict[str, str]:
    rule = kind.autoname
    if rule is None or rule.property in news or any(key in news for key in rule.unless):
        return {}
    if isinstance(last := olds.get(rule.property), str):
        return {rule.property: last}  # the name stays for the life of the resource
    digits = "".join(random.Random(seed or None).choices("0123456789abcdef", k=_AUTONAME_DIGITS))
    stem = name[: rule.max_length - len(digits) - 1 - len(rule.prefix) - len(rule.suffix)]
    text = f"{rule.prefix}{stem}-{digits}{rule.suffix}"
    return {rule.property: text.lower() if rule.lower else text}


def _keeps_fixed_name(kind: ResourceType, name: str, old: Properties, new: Properties) -> bool:
    """Tell whether a replacement would need the very name that the old resource has, because the program fixed it.

    https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
    """
    rule = kind.autoname
    if rule is None or old.get(rule.property) != new.get(rule.property):
        return False
    given = new.get(rule.property)
    return isinstance(given, str) and not re.fullmatch(
        rf".+-[0-9a-f]{{{_AUTONAME_DIGITS}}}{re.escape(rule.suffix)}", given
    )


def _root(path: str) -> str:
    return path.split(".", 1)[0].split("[", 1)[0]
