"""Topics and subscriptions."""

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse

from localcloud.emulator.patching import patch
from localcloud.environment import ElsewhereError, on_this_machine

#: Their receivers have to answer first: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
_CONFIRMED_BY_HAND = frozenset({"email", "email-json", "http", "https"})


@patch(Subscription, "publish")
def publish(original: Any, self: Subscription, *args: Any, **kwargs: Any) -> None:
    """Send nothing to a subscriber elsewhere, which may be a real one."""
    if self.protocol in ("http", "https"):
        try:
            on_this_machine("the subscriber", self.endpoint)
        except ElsewhereError:
            return
    original(self, *args, **kwargs)


def _attributes_as_set(topic: Topic) -> dict[str, str]:
    kept: dict[str, str] = vars(topic).setdefault("attributes_as_set", {})
    return kept


@patch(SNSResponse, "create_topic")
def create_topic(original: Any, self: SNSResponse) -> ActionResult:
    """Keep the attributes that moto doesn't tell again: tracing, signatures, delivery logs and more."""
    attributes = dict(self._get_attributes() or {})
    answer: ActionResult = original(self)
    _attributes_as_set(self.backend.get_topic(answer.result["TopicArn"])).update(attributes)  # type: ignore[index]
    return answer


@patch(SNSResponse, "set_topic_attributes")
def set_topic_attributes(original: Any, self: SNSResponse) -> ActionResult:
    answer: ActionResult = original(self)
    name, value = self._get_param("AttributeName"), self._get_param("AttributeValue")
    _attributes_as_set(self.backend.get_topic(self._get_param("TopicArn")))[name] = value
    return answer


@patch(SNSResponse, "get_topic_attributes")
def get_topic_attributes(original: Any, self: SNSResponse) -> ActionResult:
    answer: ActionResult = original(self)
    attributes: dict[str, Any] = answer.result["Attributes"]  # type: ignore[index]
    kept = _attributes_as_set(self.backend.get_topic(self._get_param("TopicArn")))
    for name, value in kept.items():
        if name not in attributes and value not in (None, ""):
            attributes[name] = value
    for name, value in attributes.items():
        if isinstance(value, bool):
            attributes[name] = str(value).lower()
    return answer


@patch(SNSBackend, "subscribe")
def subscribe(original: Any, self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
    """Leave what a person or a server must confirm pending; moto confirms it at once.

    It also spells true and false in Python's way, which clients don't read.
    """
    known = self._find_subscription(topic_arn, endpoint, protocol)
    subscription: Subscription = original(self, topic_arn, endpoint, protocol)
    if known is None:
        waits = protocol in _CONFIRMED_BY_HAND
        subscription.attributes["PendingConfirmation"] = str(waits).lower()
        subscription.attributes["ConfirmationWasAuthenticated"] = str(not waits).lower()
        subscription.attributes["RawMessageDelivery"] = "false"
    return subscription
