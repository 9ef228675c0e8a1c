"""Listener rules: where they stand, and what fits into one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.ingress.route import (
    VALUES_PER_CONDITION,
    VALUES_PER_RULE,
    WILDCARDS_PER_RULE,
    Route,
    RouteArgs,
    RouteKind,
    check_priorities,
    listener_rules,
    rule_priority,
    split_paths,
)
from tests.components.recording import TAGS, record

names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)


def _args(**overrides: object) -> RouteArgs:
    values: dict[str, Any] = {
        "listener_arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/public/1/2",
        "hosts": ["api.example.com"],
        "priority": 100,
        "target_group_arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/api/1",
        "tags": TAGS,
    }
    return RouteArgs(**{**values, **overrides})


@given(names, names, st.sampled_from(RouteKind), st.integers(0, 20))
def test_a_priority_is_one_that_a_listener_takes(system: str, service: str, kind: RouteKind, part: int) -> None:
    assert 1 <= rule_priority(system, service, kind, part) <= 50_000


@given(names, names, names)
def test_what_is_denied_comes_before_what_is_forwarded(one: str, service: str, another: str) -> None:
    denied = rule_priority(one, service, RouteKind.DENY)
    host = rule_priority(one, another, RouteKind.HOST)
    assert denied < host, "else a forward would win over the refusal"


def test_a_priority_never_changes() -> None:
    assert rule_priority("aprendeai", "api", RouteKind.HOST) == 40_490, "a changed priority renumbers a live listener"


def test_names_that_join_to_the_same_text_stay_apart() -> None:
    assert rule_priority("a-b", "c", RouteKind.HOST) != rule_priority("a", "b-c", RouteKind.HOST)


def test_two_rules_of_one_priority_are_refused_by_name() -> None:
    with pytest.raises(ValueError) as refused:
        check_priorities({"equivalence-api": 7, "aprendeai-api": 7, "aprendeai-frontend": 8})
    assert str(refused.value) == (
        "the listener priority of equivalence-api is 7; allowed: one that aprendeai-api doesn't have; rename one of "
        "the services: the priority follows from the name"
    )


def test_rules_of_different_priorities_are_taken() -> None:
    check_priorities({"aprendeai-api": 7, "aprendeai-frontend": 8})


@given(
    st.lists(st.sampled_from(["a.example.com", "*.example.com"]), min_size=1, max_size=3),
    st.lists(st.sampled_from(["/admin", "/admin/*", "/*/admin/*"]), max_size=20),
)
def test_split_paths_fit_into_their_rules_and_none_is_lost(hosts: list[str], paths: list[str]) -> None:
    rules = split_paths(hosts, paths)
    assert [path for rule in rules for path in rule] == paths
    assert rules == [
        RouteArgs(listener_arn="arn", hosts=hosts, paths=rule, priority=1, deny=True, tags=TAGS).paths for rule in rules
    ]


def test_paths_fill_a_rule_before_the_next_is_begun() -> None:
    assert split_paths(["a.example.com"], ["/1", "/2", "/3", "/4"]) == [("/1", "/2", "/3"), ("/4",)]
    assert split_paths(["a.example.com"], []) == []


def test_too_many_hosts_leave_no_room_for_paths() -> None:
    hosts = ["a.example.com"] * 4
    with pytest.raises(ValueError) as refused:
        split_paths(hosts, ["/admin"])
    assert str(refused.value) == f"hosts is {hosts}; allowed: up to 3 in a rule; make a route for some of them"


def test_a_route_forwards_its_hosts_and_paths() -> None:
    rule = record(lambda: Route("api", _args(paths=["/v1/*"]))).named("api-rule").inputs
    assert rule["conditions"] == [
        {"hostHeader": {"values": ["api.example.com"]}},
        {"pathPattern": {"values": ["/v1/*"]}},
    ]
    assert rule["actions"] == [{"type": "forward", "targetGroupArn": _args().target_group_arn}]


def test_a_denied_route_answers_403_by_itself() -> None:
    args = _args(paths=["/admin", "/admin/*"], deny=True, target_group_arn=None)
    (action,) = record(lambda: Route("admin", args)).named("admin-rule").inputs["actions"]
    assert action["type"] == "fixed-response" and action["fixedResponse"]["statusCode"] == "403"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"hosts": []},
            "hosts is []; allowed: one host or more; a route without a host would catch every system's requests",
        ),
        (
            {"hosts": ["a.io", "b.io", "c.io", "d.io"]},
            "hosts is ['a.io', 'b.io', 'c.io', 'd.io']; allowed: up to 3 in a rule; make a route for some of them",
        ),
        (
            {"paths": ["/1", "/2", "/3", "/4"]},
            "paths is ['/1', '/2', '/3', '/4']; allowed: up to 3 in a rule; make a route for some of them",
        ),
        (
            {"hosts": ["a.io", "b.io", "c.io"], "paths": ["/1", "/2", "/3"]},
            "hosts and paths is ['a.io', 'b.io', 'c.io', '/1', '/2', '/3']; allowed: up to 5 in a rule; make a route "
            "for some paths",
        ),
        (
            {"paths": ["/*/*/*", "/*/*/*"]},
            "hosts and paths is ['api.example.com', '/*/*/*', '/*/*/*']; allowed: up to 5 wildcards in a rule; make a "
            "route for some paths",
        ),
        ({"paths": ["/" + "a" * 128]}, f"paths is '/{'a' * 128}'; allowed: 1 to 128 characters; use a wildcard"),
        (
            {"paths": ["admin"]},
            "paths is 'admin'; allowed: a path from the root, of letters, digits and _ - . $ / ~ \" ' @ : + &, with * "
            "and ?; write it like /admin/*",
        ),
        *(
            (
                {"priority": priority},
                f"priority is {priority}; allowed: 1 to 50000; take the one that rule_priority gives",
            )
            for priority in (0, 50_001)
        ),
        (
            {"deny": True},
            "deny is True; allowed: True without a target group, or False with one; say what happens to requests: one "
            "of the two",
        ),
        (
            {"target_group_arn": None},
            "deny is False; allowed: True without a target group, or False with one; say what happens to requests: one "
            "of the two",
        ),
    ],
)
def test_an_unusable_value_is_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        _args(**overrides)
    assert str(refused.value) == message


def test_a_rule_can_be_full() -> None:
    args = _args(hosts=["a.io", "b.io"], paths=["/*/*", "/*", "/*/*"])
    assert len(args.hosts) + len(args.paths) == VALUES_PER_RULE
    assert len(args.paths) == VALUES_PER_CONDITION
    assert "".join(args.paths).count("*") == WILDCARDS_PER_RULE


def _rule(**overrides: object) -> Any:  # noqa: ANN401 - a recorded resource
    return record(lambda: Route("api", _args(**overrides))).named("api-rule")


def test_a_route_to_two_target_groups_leaves_the_weights_to_ecs() -> None:
    rule = _rule(alternate_target_group_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/green/2")
    (action,) = rule.inputs["actions"]
    assert [group["weight"] for group in action["forward"]["targetGroups"]] == [100, 0]
    assert rule.ignore_changes == ("actions",), "weights that are put back send requests to a group without tasks"


def test_a_route_to_one_target_group_is_the_programs() -> None:
    assert _rule().ignore_changes == ()


def test_requests_that_are_denied_have_no_alternate() -> None:
    with pytest.raises(ValueError) as refused:
        _args(deny=True, target_group_arn=None, alternate_target_group_arn="arn:green")
    assert str(refused.value) == (
        "deny is True; allowed: False with an alternate target group; requests that are denied go nowhere"
    )


def test_denied_paths_are_denied_with_what_is_below_them_and_those_named_first_come_first() -> None:
    rules = listener_rules(["api.example.com"], ("/admin", "/metrics"))
    assert [(kind, part, tuple(patterns)) for kind, part, patterns in rules] == [
        (RouteKind.DENY, 0, ("/admin", "/admin/*", "/metrics")),
        (RouteKind.DENY, 1, ("/metrics/*",)),
        (RouteKind.HOST, 0, ()),
    ]
