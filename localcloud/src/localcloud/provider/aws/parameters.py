"""Groups of parameters, which RDS and ElastiCache have alike."""

from collections.abc import Mapping
from typing import Any, ClassVar

from localcloud.provider.api import ApiResource
from localcloud.provider.base import AutoName, Properties
from localcloud.provider.session import Session

#: Both take so many parameters in one call:
#: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html
#: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyCacheParameterGroup.html
_PARAMETERS_A_CALL = 20


class GroupOfParameters(ApiResource):
    """A group whose parameters are listed, set and put back by calls of their own."""

    autoname = AutoName(max_length=255, lower=True)
    unordered = frozenset({"parameters"})
    #: The calls, and their argument that takes parameters.
    lists: ClassVar[str]
    sets: ClassVar[str]
    resets: ClassVar[str]
    takes: ClassVar[str]
    #: What else putting back takes.
    resets_with: ClassVar[Mapping[str, Any]] = {}

    def after_create(self, aws: Session, id: str, inputs: Properties) -> None:
        self._send(aws, self.sets, id, [self.sent(item) for item in inputs.get("parameters") or []])

    def properties(self, aws: Session, live: Mapping[str, Any], state: Properties) -> Properties:
        where = self.where(str(live[next(iter(self.keys.values()))]), state)
        pages = aws.client(self.service).get_paginator(self.lists).paginate(**where, Source="user")
        last = {item["name"]: item for item in state.get("parameters") or []}
        parameters = [self.live(item, last) for page in pages for item in page["Parameters"]]
        return {**super().properties(aws, live, state), "parameters": parameters}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        before = {item["name"]: item for item in old.get("parameters") or []}
        after = {item["name"]: item for item in new.get("parameters") or []}
        self._send(aws, self.sets, id, [self.sent(item) for name, item in after.items() if before.get(name) != item])
        surplus = [self.reset(item) for name, item in before.items() if name not in after]
        self._send(aws, self.resets, id, surplus, **self.resets_with)

    def sent(self, item: Properties) -> Properties:
        """Return a parameter as it is set."""
        return {"ParameterName": item["name"], "ParameterValue": str(item["value"])}

    def reset(self, item: Properties) -> Properties:
        """Return a parameter as it is put back to its default."""
        return self.sent(item)

    def live(self, item: Mapping[str, Any], last: Mapping[str, Properties]) -> Properties:
        """Return a parameter as the schema has it."""
        return {"name": item["ParameterName"], "value": item.get("ParameterValue", "")}

    def _send(self, aws: Session, call: str, id: str, items: list[Properties], **more: Any) -> None:  # noqa: ANN401
        for start in range(0, len(items), _PARAMETERS_A_CALL):
            some = items[start : start + _PARAMETERS_A_CALL]
            self.call(aws, call, **self.where(id, {}), **{self.takes: some}, **more)
