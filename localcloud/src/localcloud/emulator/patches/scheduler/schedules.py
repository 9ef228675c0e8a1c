"""Schedules."""

import json
import re
import zoneinfo
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.iam.models import iam_backends
from moto.scheduler.exceptions import ValidationException
from moto.scheduler.models import EventBridgeSchedulerBackend, Schedule
from moto.scheduler.responses import EventBridgeSchedulerResponse

from localcloud.emulator.patching import patch

#: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
_EXPRESSION = re.compile(
    r"rate\([1-9]\d* (minute|minutes|hour|hours|day|days)\)"
    r"|cron\(\S+ \S+ \S+ \S+ \S+ \S+\)"
    r"|at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
)
_PRINCIPAL = "scheduler.amazonaws.com"


class Conflict(JsonRESTError):
    """A name that is taken."""

    code = 409

    def __init__(self, message: str) -> None:
        super().__init__("ConflictException", message)


def _check(backend: EventBridgeSchedulerBackend, asked: dict[str, Any]) -> None:
    expression, zone = str(asked["schedule_expression"]), asked.get("schedule_expression_timezone")
    if not _EXPRESSION.fullmatch(expression):
        raise ValidationException(f"Invalid Schedule Expression {expression}.")
    if zone and zone not in zoneinfo.available_timezones():
        raise ValidationException(f"Invalid Schedule Expression Timezone {zone}.")
    window = asked["flexible_time_window"]
    if (window.get("Mode") == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        raise ValidationException("MaximumWindowInMinutes must be given with the mode FLEXIBLE, and with no other.")
    arn = asked["target"].get("RoleArn")
    roles = {role.arn: role for role in iam_backends[backend.account_id]["aws"].get_roles()}
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
    if arn not in roles or _PRINCIPAL not in json.dumps(roles[arn].assume_role_policy_document):
        raise ValidationException(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )


@patch(EventBridgeSchedulerBackend, "create_schedule")
def create_schedule(original: Any, self: EventBridgeSchedulerBackend, **asked: Any) -> Schedule:
    group = self.get_schedule_group(asked["group_name"])
    if asked["name"] in group.schedules:
        raise Conflict(f"Schedule {asked['name']} already exists.")
    _check(self, asked)
    asked["action_after_completion"] = asked.get("action_after_completion") or "NONE"
    schedule: Schedule = original(self, **asked)
    return schedule


@patch(EventBridgeSchedulerBackend, "update_schedule")
def update_schedule(original: Any, self: EventBridgeSchedulerBackend, **asked: Any) -> Schedule:
    self.get_schedule(asked["group_name"], asked["name"])
    _check(self, asked)
    asked["state"] = asked.get("state") or "ENABLED"  # what isn't said goes back to what a new schedule has
    schedule: Schedule = original(self, **asked)
    return schedule


@patch(EventBridgeSchedulerResponse, "update_schedule")
def update_schedule_response(original: Any, self: EventBridgeSchedulerResponse) -> str:
    answer: str = original(self)
    name = self.uri.split("?")[0].split("/")[-1]
    schedule = self.scheduler_backend.get_schedule(self._get_param("GroupName"), name)
    schedule.action_after_completion = self._get_param("ActionAfterCompletion") or "NONE"
    return answer
