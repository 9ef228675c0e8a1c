"""An ECS service: the tasks that stay up, how they are reached, what they reach, and how their number follows load."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.compute.container import Container, HealthCheck
from components.compute.fargate import CapacityShare
from components.compute.task import LONGEST_STOP_TIMEOUT, Task, TaskArgs
from components.core.checks import InvalidValue, check_between
from components.core.endpoint import Endpoint
from components.core.naming import Tags
from components.core.placement import Placement
from components.delivery.deployment_alarms import DeploymentAlarms, DeploymentAlarmsArgs
from components.delivery.deployment_strategy import DeploymentStrategy
from components.delivery.rollout import Rollout, RolloutArgs
from components.delivery.traffic_role import TrafficRole, TrafficRoleArgs
from components.ingress.target import RoutedHosts, Target, TargetArgs
from components.network.client_security_group import client_security_group
from components.services.autoscaling import Autoscaling, AutoscalingArgs, Scaling
from components.services.queue_metrics import QueueMetrics
from components.services.service_connect import ServiceConnect

#: How much longer than the longest request a task may take to stop, in seconds: for the application's own clean-up.
_STOP_MARGIN = 10

#: How long a deployment may take until all of its tasks run, in seconds.
_ROLLOUT_SECONDS = 1800

#: Fargate's, which AWS patches by itself.
_PLATFORM_VERSION = "LATEST"


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """What a service needs."""

    service_name: str
    """Physical name, which people type into the AWS CLI."""
    family: str
    """Name of its task definition."""
    container: Container
    """What its tasks run."""
    log_group_name: str
    """Physical name of its log group."""
    placement: Placement
    """Where it runs: in the private subnets."""
    cluster_arn: pulumi.Input[str]
    """The cluster that it runs on."""
    cluster_name: pulumi.Input[str]
    """Name of the same cluster."""
    health_check: HealthCheck
    """How ECS tells that a task is healthy; required, since a worker has no load balancer to tell it."""
    capacity: Sequence[CapacityShare]
    """Which capacity providers take which part of the tasks."""
    scaling: Scaling
    """How many tasks, and what they follow."""
    longest_request_seconds: int
    """The longest that one request or job takes; nothing in progress is cut before."""
    stores: Mapping[str, Endpoint] = field(default_factory=dict)
    """What it speaks to, by name."""
    targets: Mapping[str, RoutedHosts] = field(default_factory=dict)
    """How load balancers reach it, by name; empty for an internal service or a worker."""
    after: Sequence[pulumi.Resource] = ()
    """What has to be done before the service runs anything new: the release's migration, the services it calls."""
    service_connect: ServiceConnect | None = None
    """How other services reach it, and it them; None when it neither calls nor is called."""
    queue: QueueMetrics | None = None
    """Where the numbers of the queue are that it works on; given exactly with `scaling.latency`."""
    deployment: DeploymentStrategy = field(default_factory=DeploymentStrategy)
    """How a new revision takes the place of the old one."""
    alarms_topic_arn: pulumi.Input[str] | None = None
    """Where the alarms of its deployments are reported; needed with targets, which are what they watch."""

    def __post_init__(self) -> None:
        """Refuse what can't work, before anything is created.

        Raises:
            ValueError: naming the value, what is allowed and the way out.
        """
        owner = "ServiceArgs"
        check_between(
            f"{owner}.longest_request_seconds",
            self.longest_request_seconds,
            1,
            LONGEST_STOP_TIMEOUT - _STOP_MARGIN,
            "hand longer work to a queue in smaller pieces: Fargate gives a task that stops no more time",
        )
        latency = self.scaling.latency
        if latency is not None and latency.job_seconds > self.longest_request_seconds:
            raise InvalidValue(
                f"{owner}.scaling.latency.job_seconds",
                latency.job_seconds,
                f"up to the {self.longest_request_seconds} seconds that a task that stops has to finish its job",
                "make the jobs smaller, or raise longest_request_seconds",
            )
        if (self.targets or (self.service_connect and self.service_connect.alias)) and self.container.port is None:
            raise InvalidValue(
                f"{owner}.container.port", None, "a port for a service that others reach", "give the one it listens on"
            )
        if not any(share.base or share.weight for share in self.capacity):
            raise InvalidValue(
                f"{owner}.capacity", list(self.capacity), "one share or more with a base or a weight", "give one"
            )
        if self.targets and self.alarms_topic_arn is None:
            raise InvalidValue(
                f"{owner}.alarms_topic_arn", None, "a topic for a service with targets", "say who hears its alarms"
            )
        if self.deployment.shifts and not self.targets:
            raise InvalidValue(
                f"{owner}.deployment",
                self.deployment.strategy.value,
                "rolling for a service without targets, which has no traffic to shift",
                "take rolling",
            )


class Service(pulumi.ComponentResource):
    """A Fargate service with its task definition, security group, targets and autoscaling.

    Guarantees: tasks have no public address and are reached only by the security groups named, they leave only on 443
    and to the stores named; a deployment whose tasks don't start, or whose requests fail, is rolled back by ECS (by its
    circuit breaker and by the alarms of the targets) and fails the update; a task that stops finishes its longest
    request first; `desired_count` is left to the autoscaler exactly where there is one.
    """

    service_name: pulumi.Output[str]
    """Name of the service."""
    endpoint: Endpoint | None
    """Where its tasks listen; None for a worker."""
    task_definition_arn: pulumi.Output[str]
    """The revision that it runs, once ECS has said so."""
    rollout: Rollout
    """The end of its deployment, for what has to wait for it."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Service", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        placement = args.placement.with_tags(Component="service")
        tags = placement.tags

        group, _ = client_security_group(
            name,
            vpc_id=placement.vpc_id,
            title=args.service_name,
            stores=args.stores,
            tags=tags,
            opts=child,
        )
        task = Task(
            name,
            TaskArgs(
                family=args.family,
                container=args.container,
                log_group_name=args.log_group_name,
                placement=placement,
                health_check=args.health_check,
                stop_timeout=args.longest_request_seconds + _STOP_MARGIN,
            ),
            child,
        )
        port = args.container.port
        endpoint = None if port is None else Endpoint(security_group_id=group.id, port=port)
        targets = (
            {}
            if endpoint is None
            else {
                key: Target(
                    f"{name}-{key}",
                    TargetArgs(
                        routed=routed,
                        endpoint=endpoint,
                        vpc_id=placement.vpc_id,
                        drain_seconds=args.longest_request_seconds,
                        tags=tags,
                    ),
                    child,
                )
                for key, routed in args.targets.items()
            }
        )
        alarms = self._alarms(name, args, targets, tags)
        role = self._traffic_role(name, args, targets, tags) if targets else None
        scaled = args.scaling.maximum > args.scaling.minimum
        network: aws.ecs.ServiceNetworkConfigurationArgsDict = {
            "subnets": placement.private_subnet_ids,
            "security_groups": [group.id],
            "assign_public_ip": False,
        }
        load_balancers = [_load_balancer(target, args.container.name, role) for target in targets.values()]
        connect = (
            args.service_connect.configuration(args.service_name, args.container) if args.service_connect else None
        )
        service = aws.ecs.Service(
            f"{name}-service",
            name=args.service_name,
            cluster=args.cluster_arn,
            task_definition=task.task_definition_arn,
            desired_count=args.scaling.minimum,
            platform_version=_PLATFORM_VERSION,
            capacity_provider_strategies=[
                {"capacity_provider": share.provider.value, "base": share.base, "weight": share.weight}
                for share in args.capacity
            ],
            network_configuration=network,
            load_balancers=load_balancers,
            # A grace period shorter than the boot would end in a false rollback.
            health_check_grace_period_seconds=args.health_check.start_period + 60 if targets else None,
            service_connect_configuration=connect,
            deployment_configuration=args.deployment.configuration,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            alarms={"alarm_names": alarms.alarm_names, "enable": True, "rollback": True} if alarms else None,
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            availability_zone_rebalancing="ENABLED",
            enable_execute_command=args.container.execute_command,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            tags=tags,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(
                    # A target group takes tasks only once a listener rule uses it.
                    depends_on=[*targets.values(), *args.after],
                    ignore_changes=["desiredCount"] if scaled else [],
                ),
                child,
            ),
        )
        rollout = Rollout(
            f"{name}-rollout",
            RolloutArgs(
                region=placement.region,
                cluster_name=args.cluster_name,
                service_name=service.name,
                task_definition_arn=task.task_definition_arn,
                settings=_settings(_PLATFORM_VERSION, network, load_balancers, connect),
                digest=args.container.image.digest,
                container_name=args.container.name,
                log_group_name=task.log_group_name,
                alarm_names=alarms.alarm_names if alarms else [],
                time_limit_seconds=_ROLLOUT_SECONDS + args.deployment.watch_seconds,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[service]),
        )
        if scaled:
            Autoscaling(
                f"{name}-scaling",
                AutoscalingArgs(
                    cluster_name=args.cluster_name,
                    service_name=service.name,
                    scaling=args.scaling,
                    queue=args.queue,
                    tags=tags,
                ),
                child,
            )

        self.service_name = service.name
        self.endpoint = endpoint
        self.task_definition_arn = rollout.task_definition
        self.rollout = rollout
        self.register_outputs(
            {
                "service_name": self.service_name,
                "security_group_id": group.id,
                "task_definition_arn": self.task_definition_arn,
            }
        )

    def _alarms(
        self, name: str, args: ServiceArgs, targets: Mapping[str, Target], tags: Tags
    ) -> DeploymentAlarms | None:
        if not targets or args.alarms_topic_arn is None:
            return None
        return DeploymentAlarms(
            f"{name}-alarms",
            DeploymentAlarmsArgs(
                title=args.family,
                targets={
                    f"{key}-{role}": watched
                    for key, target in targets.items()
                    for role, watched in target.watched.items()
                },
                # A request that hangs is cut by the load balancer, and then has no response time at all.
                latency_seconds=args.longest_request_seconds / 2,
                topic_arn=args.alarms_topic_arn,
                tags=tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _traffic_role(self, name: str, args: ServiceArgs, targets: Mapping[str, Target], tags: Tags) -> TrafficRole:
        groups = [(target.target_group_arn, target.alternate_target_group_arn) for target in targets.values()]
        return TrafficRole(
            f"{name}-traffic",
            TrafficRoleArgs(
                title=args.service_name,
                target_group_arns=[group for pair in groups for group in pair],
                rule_arns=[target.production_rule_arn for target in targets.values()],
                listener_arns=[target.load_balancer.https_listener_arn for target in args.targets.values()],
                tags=tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )


def _settings(*deployed: object) -> pulumi.Output[str]:
    """Return a digest of what UpdateService deploys a service anew for, beside its task definition.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html ("triggers a new service
    deployment")
    """
    settings = pulumi.Output.json_dumps(deployed, sort_keys=True)
    return settings.apply(lambda text: hashlib.sha256(text.encode()).hexdigest())


def _load_balancer(
    target: Target, container_name: str, role: TrafficRole | None
) -> aws.ecs.ServiceLoadBalancerArgsDict:
    load_balancer: aws.ecs.ServiceLoadBalancerArgsDict = {
        "target_group_arn": target.target_group_arn,
        "container_name": container_name,
        "container_port": target.port,
    }
    if role is not None:
        # All load balancers of a service have this, or none:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting-blue-green.html
        load_balancer["advanced_configuration"] = {
            "alternate_target_group_arn": target.alternate_target_group_arn,
            "production_listener_rule": target.production_rule_arn,
            "role_arn": role.arn,
        }
    return load_balancer
