"""Which of a service's two target groups the load balancer sends traffic to, and how ECS moves it.

A service that shifts traffic has a second target group in each load balancer, and one listener rule that forwards to
both by weight. ECS owns the weights: the tasks of a deployment go to the group that has none, and get the traffic by
and by. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html
Refusals are worded as AWS words them:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html
"""

from collections.abc import Sequence
from typing import Any

from moto.ecs.exceptions import InvalidParameterException
from moto.elbv2.models import ELBv2Backend, FakeAction, elbv2_backends

from localcloud.emulator.patches.ecs import startup

LoadBalancer = dict[str, Any]


def check(account: str, region: str, load_balancers: Sequence[LoadBalancer], strategy: str) -> None:
    """Refuse load balancers that traffic can't be shifted at, at once as CreateService and UpdateService do."""
    advanced = [item["advancedConfiguration"] for item in load_balancers if item.get("advancedConfiguration")]
    if advanced and len(advanced) < len(load_balancers):
        raise InvalidParameterException(
            "Either all or none of the provided loadBalancers must have advancedConfiguration defined"
        )
    if load_balancers and not advanced and strategy != "ROLLING":
        raise InvalidParameterException(
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy"
        )
    seen: set[str] = set()
    for item in load_balancers:
        if not item.get("advancedConfiguration"):
            continue
        for group in _groups(item):
            if group in seen:
                raise InvalidParameterException(f"Duplicate targetGroupArn found: {group}")
            seen.add(group)
        rule = str(item["advancedConfiguration"].get("productionListenerRule", ""))
        if ":listener-rule/app/" not in rule:
            raise InvalidParameterException(
                "productionListenerRule has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. "
                f"Got: {rule}"
            )
        weights = _weights(elbv2_backends[account][region], rule)
        if not set(_groups(item)) <= weights.keys() and not item["advancedConfiguration"].get("testListenerRule"):
            raise InvalidParameterException(
                "For Application LoadBalancer, testListenerRule is required when productionListenerRule is not "
                "associated with both targetGroup and alternateTargetGroup"
            )


def refusal(account: str, region: str, load_balancers: Sequence[LoadBalancer]) -> str | None:
    """Return why a deployment can't shift traffic, which ECS finds only once it is under way, or None when it can."""
    prefix = "Service deployment rolled back because of invalid networking configuration."
    for item in load_balancers:
        advanced = item.get("advancedConfiguration") or {}
        if not startup.trusts(str(advanced.get("roleArn", "")), account, "ecs.amazonaws.com"):
            return (
                f"{prefix} ECS was unable to manage the ELB resources due to missing permissions on ECS Infrastructure "
                f"Role '{advanced.get('roleArn')}'."
            )
        rule = str(advanced.get("productionListenerRule"))
        weights = _weights(elbv2_backends[account][region], rule)
        serving = [group for group, weight in weights.items() if weight]
        if len(serving) != 1:
            return (
                f"{prefix} productionListenerRule {rule} should have exactly one target group serving traffic but "
                f"found {len(serving)} target groups which are serving traffic"
            )
        if serving[0] not in _groups(item):
            return (
                f"{prefix} Production listener rule is forwarding traffic to unexpected target group {serving[0]}. "
                f"Expected traffic to be forwarded to either targetGroupArn: {item['targetGroupArn']} or "
                f"alternateTargetGroupArn: {advanced['alternateTargetGroupArn']}"
            )
    return None


def placed(account: str, region: str, load_balancers: Sequence[LoadBalancer], *, aside: bool) -> list[LoadBalancer]:
    """Return the load balancers with the target group that a deployment's tasks are registered with.

    Args:
        account: the account.
        region: the region.
        load_balancers: the service's.
        aside: whether the tasks go to the group that has no traffic, or to the one that has it.
    """
    found = []
    for item in load_balancers:
        group = item.get("targetGroupArn")
        if advanced := item.get("advancedConfiguration"):
            weights = _weights(elbv2_backends[account][region], str(advanced.get("productionListenerRule")))
            alternate = str(advanced["alternateTargetGroupArn"])
            alternate_serves = bool(weights.get(alternate)) and not weights.get(str(group))
            if alternate_serves != aside:
                group = alternate
        found.append({**item, "targetGroupArn": group})
    return found


def shift(account: str, region: str, load_balancers: Sequence[LoadBalancer], percent: float) -> None:
    """Send a part of the traffic to the target groups that `placed` gave, and the rest to the others.

    Both groups stay in the rule, as real deployments leave it:
    https://github.com/go-to-k/cdk-real-drift/issues/1730
    """
    for item in load_balancers:
        advanced = item.get("advancedConfiguration")
        rule = _rule(elbv2_backends[account][region], str((advanced or {}).get("productionListenerRule")))
        if advanced is None or rule is None:
            continue
        new = round(percent)  # weights are whole numbers
        others = set(_weights(elbv2_backends[account][region], rule.arn)) - {item["targetGroupArn"]}
        forward = [{"TargetGroupArn": item["targetGroupArn"], "Weight": new}]
        forward += [{"TargetGroupArn": group, "Weight": 100 - new} for group in sorted(others)]
        kept = [action for action in rule.actions if action.type != "forward"]
        rule.actions = [*kept, FakeAction({"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": forward}})]


def _groups(item: LoadBalancer) -> list[str]:
    return [str(item["targetGroupArn"]), str(item["advancedConfiguration"]["alternateTargetGroupArn"])]


def _rule(elb: ELBv2Backend, arn: str) -> Any:
    for balancer in elb.load_balancers.values():
        for listener in balancer.listeners.values():
            if arn in listener.rules:
                return listener.rules[arn]
    return None


def _weights(elb: ELBv2Backend, rule_arn: str) -> dict[str, int]:
    """Return the weight of each target group that a rule forwards to; nothing when there is no such rule."""
    rule = _rule(elb, rule_arn)
    found: dict[str, int] = {}
    for action in rule.actions if rule else ():
        if action.type != "forward":
            continue
        for group in (action.data.get("ForwardConfig") or {}).get("TargetGroups") or ():
            found[str(group["TargetGroupArn"])] = int(group.get("Weight", 1))
        if not found and action.data.get("TargetGroupArn"):
            found[str(action.data["TargetGroupArn"])] = 1
    return found
