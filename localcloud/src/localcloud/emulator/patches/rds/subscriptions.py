"""Event subscriptions: changed after they are made, and held to topics and sources that are there."""

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import RDSClientError, SubscriptionNotFoundError
from moto.rds.models import EventSubscription, RDSBackend
from moto.rds.responses import RDSResponse
from moto.sns.models import sns_backends

from localcloud.emulator.patching import patch


@patch(EventSubscription, "event_subscription_arn", as_property=True)
def event_subscription_arn(self: EventSubscription) -> str:
    return str(self.arn)


@patch(EventSubscription, "customer_aws_id", as_property=True)
def customer_aws_id(self: EventSubscription) -> str:
    return str(self.account_id)


def _check(backend: RDSBackend, topic: str | None, kind: str | None, sources: list[str]) -> None:
    if topic and topic not in sns_backends[backend.account_id][backend.region_name].topics:
        raise RDSClientError("SNSTopicArnNotFound", f"SNS topic ARN {topic} does not exist")
    if sources and not kind:
        raise RDSClientError("InvalidParameterCombination", "SourceIds need a SourceType.")
    known: Any = {
        "db-instance": backend.databases,
        "db-parameter-group": backend.db_parameter_groups,
        "db-snapshot": backend.database_snapshots,
        "db-cluster": backend.clusters,
    }.get(kind or "")
    for source in sources:
        if known is not None and source not in known:
            raise RDSClientError("SourceNotFound", f"Source {source} of type {kind} not found.")


@patch(RDSResponse, "create_event_subscription")
def create_event_subscription(original: Any, self: RDSResponse) -> ActionResult:
    """Refuse topics and sources that aren't there, which moto takes; subscriptions are on unless told otherwise."""
    _check(
        self.backend,
        self.params.get("SnsTopicArn"),
        self.params.get("SourceType"),
        self.params.get("SourceIds") or [],
    )
    if self.params.get("Enabled") is None:
        self.params["Enabled"] = True
    answer: ActionResult = original(self)
    return answer


def _find(self: RDSResponse) -> EventSubscription:
    name = str(self.params.get("SubscriptionName"))
    if name not in self.backend.event_subscriptions:
        raise SubscriptionNotFoundError(name)
    return self.backend.event_subscriptions[name]


@patch(RDSResponse, "modify_event_subscription")
def modify_event_subscription(self: RDSResponse) -> ActionResult:
    subscription = _find(self)
    _check(self.backend, self.params.get("SnsTopicArn"), None, [])
    names = {
        "Enabled": "enabled",
        "EventCategories": "event_categories",
        "SnsTopicArn": "sns_topic_arn",
        "SourceType": "source_type",
    }
    for key, member in names.items():
        if self.params.get(key) is not None:
            setattr(subscription, member, self.params[key])
    return ActionResult({"EventSubscription": subscription})


@patch(RDSResponse, "add_source_identifier_to_subscription")
def add_source_identifier_to_subscription(self: RDSResponse) -> ActionResult:
    subscription = _find(self)
    source = str(self.params.get("SourceIdentifier"))
    _check(self.backend, None, subscription.source_type, [source])
    subscription.source_ids = [*subscription.source_ids, source]
    return ActionResult({"EventSubscription": subscription})


@patch(RDSResponse, "remove_source_identifier_from_subscription")
def remove_source_identifier_from_subscription(self: RDSResponse) -> ActionResult:
    subscription = _find(self)
    source = str(self.params.get("SourceIdentifier"))
    subscription.source_ids = [one for one in subscription.source_ids if one != source]
    return ActionResult({"EventSubscription": subscription})
