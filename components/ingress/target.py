"""How a load balancer reaches a service: its target groups, its listener rules, and the way between their groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import check_between
from components.core.endpoint import Endpoint
from components.core.naming import Tags
from components.delivery.deployment_alarms import WatchedTargets
from components.ingress.load_balancer import LoadBalancer
from components.ingress.route import Route, RouteArgs, RouteKind, listener_rules, rule_priority
from components.network.connection import Connection, ConnectionArgs


@dataclass(frozen=True, kw_only=True)
class RoutedHosts:
    """Hosts of a load balancer that lead to a service."""

    system: str
    """The system, by which the listener rules' priorities are worked out."""
    service: str
    """The service, likewise."""
    load_balancer: LoadBalancer
    """The load balancer that routes them."""
    hosts: Sequence[str]
    """Host names that are routed to the service."""
    health_path: str
    """What the load balancer asks for; any answer from 200 to 399 means healthy."""
    denied_paths: Sequence[str] = ()
    """Paths on these hosts that are answered with 403, with everything below them."""


@dataclass(frozen=True, kw_only=True)
class TargetArgs:
    """How a load balancer is to reach a service."""

    routed: RoutedHosts
    """What leads to the service."""
    endpoint: Endpoint
    """Where its tasks listen."""
    vpc_id: pulumi.Input[str]
    """The network of the tasks."""
    drain_seconds: int
    """How long a task that leaves keeps the requests that it has."""
    tags: Tags
    """Tags of every child."""

    def __post_init__(self) -> None:
        """Refuse what the load balancer refuses.

        Raises:
            ValueError: naming the value and its range.
        """
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
        check_between(
            "TargetArgs.drain_seconds", self.drain_seconds, 0, 3600, "give the seconds of the longest request"
        )


class Target(pulumi.ComponentResource):
    """A service's target groups behind a load balancer, with its listener rules.

    There are two target groups, also while deployments are rolling: AWS asks for both before the first deployment that
    shifts traffic from one to the other, and after it the tasks may be in either. Which one they are in is up to ECS,
    and the route's weights with it.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-rolling-to-bluegreen.html

    Guarantees: the port is reachable only from the load balancer's group, denied paths are answered by the load
    balancer itself and never reach a task, and a task that leaves drains for its longest request.
    """

    target_group_arn: pulumi.Output[str]
    """The target group that has the traffic at first."""
    alternate_target_group_arn: pulumi.Output[str]
    """The one that the next release's tasks are registered in."""
    production_rule_arn: pulumi.Output[str]
    """The rule that forwards to them."""
    port: int
    """Where the tasks listen."""
    watched: dict[str, WatchedTargets]
    """The target groups as CloudWatch knows them, by role."""

    def __init__(self, name: str, args: TargetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Target", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = {"Component": "target", **args.tags}

        Connection(
            name,
            ConnectionArgs(
                source_security_group_id=args.routed.load_balancer.security_group_id,
                target=args.endpoint,
                description=f"Load balancer to {name}",
                tags=tags,
            ),
            child,
        )
        groups = {role: self._group(f"{name}-{role}", args, tags) for role in ("targets", "alternate")}
        routes: list[Route] = []
        for kind, part, paths in listener_rules(args.routed.hosts, args.routed.denied_paths):
            deny = kind is RouteKind.DENY
            routes.append(
                Route(
                    f"{name}-{kind.value}" + (f"-{part + 1}" if part else ""),
                    RouteArgs(
                        listener_arn=args.routed.load_balancer.https_listener_arn,
                        hosts=args.routed.hosts,
                        paths=paths,
                        priority=rule_priority(args.routed.system, args.routed.service, kind, part),
                        deny=deny,
                        target_group_arn=None if deny else groups["targets"].arn,
                        alternate_target_group_arn=None if deny else groups["alternate"].arn,
                        tags=tags,
                    ),
                    # What is denied is denied before anything is routed: there is no moment without it.
                    pulumi.ResourceOptions(parent=self, depends_on=list(routes)),
                )
            )

        self.target_group_arn = groups["targets"].arn
        self.alternate_target_group_arn = groups["alternate"].arn
        self.production_rule_arn = routes[-1].rule_arn
        self.port = args.endpoint.port
        self.watched = {
            role: WatchedTargets(load_balancer=args.routed.load_balancer.arn_suffix, target_group=group.arn_suffix)
            for role, group in groups.items()
        }
        self.register_outputs(
            {
                "target_group_arn": self.target_group_arn,
                "alternate_target_group_arn": self.alternate_target_group_arn,
                "production_rule_arn": self.production_rule_arn,
            }
        )

    def _group(self, name: str, args: TargetArgs, tags: Tags) -> aws.lb.TargetGroup:
        return aws.lb.TargetGroup(
            name,
            # 32 characters at most, and never fixed: a group in use couldn't be replaced.
            # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
            name_prefix="alc-",
            vpc_id=args.vpc_id,
            target_type="ip",
            port=args.endpoint.port,
            # TLS ends at the load balancer; behind it only the two security groups can see the connection.
            protocol="HTTP",
            deregistration_delay=args.drain_seconds,
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check={
                "path": args.routed.health_path,
                "protocol": "HTTP",
                "matcher": "200-399",
                "interval": 15,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            tags={**tags, "Name": name.removesuffix("-targets")},
            opts=pulumi.ResourceOptions(parent=self),
        )
