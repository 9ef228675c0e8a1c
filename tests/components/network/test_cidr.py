"""Subnet arithmetic, at its edges and for any block."""

import ipaddress
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network.cidr import (
    LARGEST_PREFIX,
    PRIVATE_RANGES,
    SMALLEST_PREFIX,
    ZONE_KEYS,
    SubnetPlan,
    plan_subnets,
)
from tests.every import every


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """Any block that a VPC may have."""
    private = draw(st.sampled_from(PRIVATE_RANGES))
    prefix = draw(st.integers(max(LARGEST_PREFIX, private.prefixlen), SMALLEST_PREFIX))
    index = draw(st.integers(0, 2 ** (prefix - private.prefixlen) - 1))
    return str(ipaddress.IPv4Network((int(private.network_address) + index * 2 ** (32 - prefix), prefix)))


zone_sets = st.lists(st.sampled_from(ZONE_KEYS), min_size=1, max_size=4, unique=True)


def networks(plan: SubnetPlan) -> list[ipaddress.IPv4Network]:
    """Every subnet of a plan."""
    return [
        ipaddress.IPv4Network(block)
        for zone in plan.zones.values()
        for block in (zone.public, zone.private, zone.isolated)
    ]


def test_a_block_is_shared_out_as_documented() -> None:
    plan = plan_subnets("10.20.0.0/16", ["a", "b"])
    assert (plan.zones["a"].private, plan.zones["a"].isolated, plan.zones["a"].public) == (
        "10.20.0.0/19",
        "10.20.32.0/20",
        "10.20.48.0/21",
    )
    assert plan.zones["b"].private == "10.20.64.0/19"


@given(blocks(), zone_sets)
def test_subnets_never_overlap(cidr: str, zones: list[str]) -> None:
    for one, other in every(combinations(networks(plan_subnets(cidr, zones)), 2)):
        assert not one.overlaps(other), f"{one} and {other} would be refused by AWS"


@given(blocks(), zone_sets)
def test_subnets_are_inside_the_block(cidr: str, zones: list[str]) -> None:
    assert all(subnet.subnet_of(ipaddress.IPv4Network(cidr)) for subnet in every(networks(plan_subnets(cidr, zones))))


@given(blocks(), zone_sets, st.sampled_from(ZONE_KEYS))
def test_another_zone_never_moves_the_subnets_of_the_others(cidr: str, zones: list[str], another: str) -> None:
    before = plan_subnets(cidr, zones)
    after = plan_subnets(cidr, sorted({*zones, another}, reverse=True))
    assert {zone: after.zones[zone] for zone in zones} == dict(before.zones), "a moved subnet is a replaced database"


@given(blocks(), zone_sets)
def test_every_public_subnet_has_room_for_a_load_balancer(cidr: str, zones: list[str]) -> None:
    plan = plan_subnets(cidr, zones)
    assert all(ipaddress.IPv4Network(zone.public).prefixlen <= 27 for zone in every(plan.zones.values()))


def test_zones_come_in_the_order_of_their_letters() -> None:
    assert list(plan_subnets("10.20.0.0/16", ["c", "a", "b"]).zones) == ["a", "b", "c"]


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "172.31.0.0/16", "192.168.252.0/22"])
def test_the_largest_and_smallest_blocks_are_taken(cidr: str) -> None:
    assert plan_subnets(cidr, ["a"]).cidr == cidr


@pytest.mark.parametrize(
    ("cidr", "message"),
    [
        (
            "10.0.0.0/23",
            "cidr is '10.0.0.0/23'; allowed: a private block between /16 and /22; four zones of three subnets need "
            "1024 addresses and this has 512: take a larger one",
        ),
        (
            "10.0.0.0/15",
            "cidr is '10.0.0.0/15'; allowed: a private block between /16 and /22; AWS takes 65536 addresses at most "
            "and this has 131072: take a smaller one",
        ),
        (
            "10.0.0.1/16",
            "cidr is '10.0.0.1/16'; allowed: a block with no host bits set; with that prefix it is 10.0.0.0/16",
        ),
        (
            "8.8.0.0/16",
            "cidr is '8.8.0.0/16'; allowed: a private block between /16 and /22; take one inside 10.0.0.0/8, "
            "172.16.0.0/12, 192.168.0.0/16",
        ),
        *(
            (
                cidr,
                f"cidr is '{cidr}'; allowed: an IPv4 block, an address and a prefix; write it like 10.20.0.0/16",
            )
            for cidr in ("10.0.0.0", "10.0.0.0/255.255.0.0", "fd00::/48", "10.0.0.0/33", "ten/16", "")
        ),
    ],
)
def test_an_unusable_block_is_refused(cidr: str, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        plan_subnets(cidr, ["a", "b"])
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        ([], "zones is []; allowed: a, b, c, d; name one or more"),
        (["a", "e"], "zones is 'e'; allowed: a, b, c, d; a plan has room for these and no others"),
        (["a", "b", "a"], "zones is 'a'; allowed: each zone once; leave the second one out"),
    ],
)
def test_unusable_zones_are_refused(zones: list[str], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        plan_subnets("10.20.0.0/16", zones)
    assert str(refused.value) == message
