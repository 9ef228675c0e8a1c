"""What a load balancer does with the requests for a host or a path."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue, check_between
from components.core.naming import Tags, component_tags

#: What a listener rule may hold: values in all, values of one kind, wildcards, and characters of a value.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html#rules-quotas
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
VALUES_PER_RULE = 5
VALUES_PER_CONDITION = 3
WILDCARDS_PER_RULE = 5
VALUE_LENGTH = 128

#: The priorities that a listener takes; the lowest that matches wins.
#: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
PRIORITIES = (1, 50_000)


class RouteKind(StrEnum):
    """What a route does, from what is tried first to what is tried last."""

    DENY = "deny"
    """Refuses paths of a host."""
    HOST = "host"
    """Forwards everything of a host."""


#: The priorities of each kind: a refusal always comes before what it takes away from.
BANDS = {
    RouteKind.DENY: range(1, 16_001),
    RouteKind.HOST: range(33_001, 50_001),
}


def rule_priority(system: str, service: str, kind: RouteKind, part: int = 0) -> int:
    """Return the priority of a listener rule, from 1 to 50000.

    It follows from the names alone, so adding or removing a system moves no other system's rules. Two names can meet in
    one priority, about once in sixteen thousand pairs of one kind: `check_priorities` refuses that.

    Args:
        system: the system's name.
        service: the service's name.
        kind: what the rule does.
        part: which rule it is, when a service needs several of one kind.
    """
    band = BANDS[kind]
    digest = hashlib.sha256("\0".join((system, service, kind, str(part))).encode()).digest()
    return band[int.from_bytes(digest[:8], "big") % len(band)]


def listener_rules(hosts: Sequence[str], denied_paths: Sequence[str]) -> list[tuple[RouteKind, int, Sequence[str]]]:
    """Return each rule of a service's hosts, denials first: kind, which part of its kind, and patterns."""
    # What a lenient framework takes for the same (`/admin;x`, `/admin%20`) is the firewall's to refuse: a pattern here
    # can hold neither character.
    patterns = [pattern for path in denied_paths for pattern in (path, f"{path}/*")]
    denied = split_paths(hosts, patterns) if patterns else []
    return [*((RouteKind.DENY, part, paths) for part, paths in enumerate(denied)), (RouteKind.HOST, 0, ())]


def check_priorities(priorities: Mapping[str, int]) -> None:
    """Refuse rules of one listener that share a priority.

    Args:
        priorities: each rule's priority, by a name that a person knows the rule by.

    Raises:
        ValueError: naming both rules.
    """
    taken: dict[int, str] = {}
    for name, priority in sorted(priorities.items()):
        if priority in taken:
            raise InvalidValue(
                f"the listener priority of {name}",
                priority,
                f"one that {taken[priority]} doesn't have",
                "rename one of the services: the priority follows from the name",
            )
        taken[priority] = name


def split_paths(hosts: Sequence[str], paths: Sequence[str]) -> list[tuple[str, ...]]:
    """Share paths out among as many rules as AWS needs for them.

    Returns:
        The paths of each rule, in the order given.

    Raises:
        ValueError: when the hosts leave no room for a path.
    """
    if not _fits(hosts, ("/",)):
        raise InvalidValue(
            "hosts", list(hosts), f"up to {VALUES_PER_CONDITION} in a rule", "make a route for some of them"
        )
    rules: list[tuple[str, ...]] = []
    for path in paths:
        if rules and _fits(hosts, (*rules[-1], path)):
            rules[-1] = (*rules[-1], path)
        else:
            rules.append((path,))
    return rules


def _fits(hosts: Sequence[str], paths: Sequence[str]) -> bool:
    return (
        max(len(hosts), len(paths)) <= VALUES_PER_CONDITION
        and len(hosts) + len(paths) <= VALUES_PER_RULE
        and _wildcards([*hosts, *paths]) <= WILDCARDS_PER_RULE
    )


def _wildcards(values: Sequence[str]) -> int:
    return sum(value.count("*") + value.count("?") for value in values)


@dataclass(frozen=True, kw_only=True)
class RouteArgs:
    """What a `Route` is made from."""

    listener_arn: pulumi.Input[str]
    """The listener."""
    hosts: Sequence[str]
    """The host names that the route is for. `*` stands for any characters, `?` for one."""
    priority: int
    """Where the route stands among the listener's, from 1 to 50000 (see `rule_priority`)."""
    tags: Tags
    """Tags for the rule."""
    paths: Sequence[str] = ()
    """The paths that the route is for, with the same wildcards and in exactly this case; none for all paths."""
    target_group_arn: pulumi.Input[str] | None = None
    """Where requests go, unless they are denied."""
    alternate_target_group_arn: pulumi.Input[str] | None = None
    """A second target group, without traffic at first: ECS moves the traffic between the two, and the program doesn't
    follow the weights."""
    deny: bool = False
    """Whether requests are answered with 403."""

    def __post_init__(self) -> None:
        """Refuse what a listener would refuse."""
        if not self.hosts:
            raise InvalidValue(
                "hosts", [], "one host or more", "a route without a host would catch every system's requests"
            )
        for field, values in (("hosts", self.hosts), ("paths", self.paths)):
            if len(values) > VALUES_PER_CONDITION:
                raise InvalidValue(
                    field, list(values), f"up to {VALUES_PER_CONDITION} in a rule", "make a route for some of them"
                )
            for value in values:
                if not 1 <= len(value) <= VALUE_LENGTH:
                    raise InvalidValue(field, value, f"1 to {VALUE_LENGTH} characters", "use a wildcard")
        for path in self.paths:
            if not re.fullmatch(r"[/*][\w.$/~\"'@:+&*?-]*", path, re.ASCII):
                raise InvalidValue(
                    "paths",
                    path,
                    "a path from the root, of letters, digits and _ - . $ / ~ \" ' @ : + &, with * and ?",
                    "write it like /admin/*",
                )
        both = [*self.hosts, *self.paths]
        if len(both) > VALUES_PER_RULE:
            raise InvalidValue(
                "hosts and paths", both, f"up to {VALUES_PER_RULE} in a rule", "make a route for some paths"
            )
        if _wildcards(both) > WILDCARDS_PER_RULE:
            raise InvalidValue(
                "hosts and paths",
                both,
                f"up to {WILDCARDS_PER_RULE} wildcards in a rule",
                "make a route for some paths",
            )
        check_between("priority", self.priority, *PRIORITIES, "take the one that rule_priority gives")
        if self.deny == (self.target_group_arn is not None):
            raise InvalidValue(
                "deny",
                self.deny,
                "True without a target group, or False with one",
                "say what happens to requests: one of the two",
            )
        if self.deny and self.alternate_target_group_arn is not None:
            raise InvalidValue(
                "deny", True, "False with an alternate target group", "requests that are denied go nowhere"
            )


class Route(pulumi.ComponentResource):
    """A listener rule: requests for these hosts and paths go to a target group, or are answered with 403.

    Creates the rule. AWS normalises a path before it compares it, but is case-sensitive: where a refusal has
    to hold against every spelling of a path, have the `WebFirewall` refuse it too.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#path-conditions
    """

    rule_arn: pulumi.Output[str]
    """The rule's ARN. A service has to wait for it: ECS refuses a target group that no load balancer uses yet."""

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Route", name, None, opts)
        conditions = [
            aws.lb.ListenerRuleConditionArgs(
                host_header=aws.lb.ListenerRuleConditionHostHeaderArgs(values=list(args.hosts))
            )
        ]
        if args.paths:
            conditions.append(
                aws.lb.ListenerRuleConditionArgs(
                    path_pattern=aws.lb.ListenerRuleConditionPathPatternArgs(values=list(args.paths))
                )
            )
        rule = aws.lb.ListenerRule(
            f"{name}-rule",
            listener_arn=args.listener_arn,
            priority=args.priority,
            conditions=conditions,
            actions=[_action(args)],
            tags=component_tags(args.tags, "route", Name=name),
            opts=pulumi.ResourceOptions(
                parent=self,
                # With two target groups the weights are ECS's: putting them back would send requests to a group that
                # has no tasks.
                ignore_changes=["actions"] if args.alternate_target_group_arn is not None else [],
            ),
        )
        self.rule_arn = rule.arn
        self.register_outputs({"rule_arn": self.rule_arn})


def _action(args: RouteArgs) -> aws.lb.ListenerRuleActionArgs:
    if args.deny:
        return aws.lb.ListenerRuleActionArgs(
            type="fixed-response",
            fixed_response=aws.lb.ListenerRuleActionFixedResponseArgs(
                content_type="text/plain", message_body="Forbidden", status_code="403"
            ),
        )
    if args.target_group_arn is not None and args.alternate_target_group_arn is not None:
        return aws.lb.ListenerRuleActionArgs(
            type="forward",
            forward=aws.lb.ListenerRuleActionForwardArgs(
                target_groups=[
                    aws.lb.ListenerRuleActionForwardTargetGroupArgs(arn=args.target_group_arn, weight=100),
                    aws.lb.ListenerRuleActionForwardTargetGroupArgs(arn=args.alternate_target_group_arn, weight=0),
                ]
            ),
        )
    return aws.lb.ListenerRuleActionArgs(type="forward", target_group_arn=args.target_group_arn)
