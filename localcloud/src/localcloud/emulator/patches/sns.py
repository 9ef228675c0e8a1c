"""SNS: every attribute of a topic, and subscriptions that wait to be confirmed."""

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.models import SNSBackend, Subscription, Topic
from moto.sns.responses import SNSResponse

#: Their receivers have to answer first: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
_CONFIRMED_BY_HAND = frozenset({"email", "email-json", "http", "https"})


def install() -> None:
    """Install the additions."""
    response: Any = SNSResponse
    response.create_topic = _creating(response.create_topic)
    response.set_topic_attributes = _setting(response.set_topic_attributes)
    response.get_topic_attributes = _telling(response.get_topic_attributes)
    backend: Any = SNSBackend
    backend.subscribe = _pending(backend.subscribe)


def _kept(topic: Topic) -> dict[str, str]:
    kept: dict[str, str] = vars(topic).setdefault("attributes_as_set", {})
    return kept


def _creating(create: Any) -> Any:  # noqa: ANN401 - moto's method
    """Keep the attributes that moto doesn't tell again: tracing, signatures, delivery logs and more."""

    def create_topic(self: SNSResponse) -> ActionResult:
        attributes = dict(self._get_attributes() or {})
        answer: ActionResult = create(self)
        _kept(self.backend.get_topic(answer.result["TopicArn"])).update(attributes)  # type: ignore[index]
        return answer

    return create_topic


def _setting(set_attributes: Any) -> Any:  # noqa: ANN401 - moto's method
    def set_topic_attributes(self: SNSResponse) -> ActionResult:
        answer: ActionResult = set_attributes(self)
        name, value = self._get_param("AttributeName"), self._get_param("AttributeValue")
        _kept(self.backend.get_topic(self._get_param("TopicArn")))[name] = value
        return answer

    return set_topic_attributes


def _telling(get_attributes: Any) -> Any:  # noqa: ANN401 - moto's method
    def get_topic_attributes(self: SNSResponse) -> ActionResult:
        answer: ActionResult = get_attributes(self)
        attributes: dict[str, Any] = answer.result["Attributes"]  # type: ignore[index]
        kept = _kept(self.backend.get_topic(self._get_param("TopicArn")))
        for name, value in kept.items():
            if name not in attributes and value not in (None, ""):
                attributes[name] = value
        for name, value in attributes.items():
            if isinstance(value, bool):
                attributes[name] = str(value).lower()
        return answer

    return get_topic_attributes


def _pending(subscribe: Any) -> Any:  # noqa: ANN401 - moto's method
    """Leave what a person or a server must confirm pending; moto confirms it at once.

    It also spells true and false in Python's way, which clients don't read.
    """

    def pending(self: SNSBackend, topic_arn: str, endpoint: str, protocol: str) -> Subscription:
        known = self._find_subscription(topic_arn, endpoint, protocol)
        subscription: Subscription = subscribe(self, topic_arn, endpoint, protocol)
        if known is None:
            waits = protocol in _CONFIRMED_BY_HAND
            subscription.attributes["PendingConfirmation"] = str(waits).lower()
            subscription.attributes["ConfirmationWasAuthenticated"] = str(not waits).lower()
            subscription.attributes["RawMessageDelivery"] = "false"
        return subscription

    return pending
