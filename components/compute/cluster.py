"""The ECS cluster that a stack's services run on."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.naming import Tags, component_tags
from components.observability.log_group import LogGroup, LogGroupArgs


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What a cluster needs."""

    cluster_name: str
    """Physical name, which people type into the AWS CLI; 255 characters at most."""
    log_retention_days: int
    """How long what was typed into ECS Exec sessions, and what Container Insights measured, is kept."""
    kms_key_arn: pulumi.Input[str]
    """The key that encrypts ECS Exec sessions and both logs."""
    tags: Tags
    """Tags of every child."""


class Cluster(pulumi.ComponentResource):
    """An ECS cluster on Fargate, its Service Connect namespace and the logs of ECS Exec and Container Insights.

    Guarantees: Container Insights is on (ECS.12) and writes to a log group that is encrypted and ends, services take
    on-demand capacity unless they say otherwise, and every ECS Exec session is logged and encrypted with the stack's
    key.
    """

    arn: pulumi.Output[str]
    """ARN of the cluster, once its capacity providers are attached: services made before that would fail."""
    cluster_name: pulumi.Output[str]
    """Name of the cluster."""
    namespace_arn: pulumi.Output[str]
    """ARN of the Service Connect namespace in which services find each other by name."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Cluster", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = component_tags(args.tags, "cluster")

        namespace = aws.servicediscovery.HttpNamespace(
            f"{name}-namespace",
            name=args.cluster_name,
            description=f"Where the services of {args.cluster_name} find each other (Service Connect)",
            tags=tags,
            opts=child,
        )
        exec_log = LogGroup(
            f"{name}-exec",
            LogGroupArgs(
                log_group_name=f"/ecs/{args.cluster_name}/exec",
                retention_days=args.log_retention_days,
                kms_key_arn=args.kms_key_arn,
                tags=tags,
            ),
            child,
        )
        # Container Insights makes this group where it doesn't find it, and gives it neither our key nor our retention.
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-reference-performance-logs-ECS.html
        insights_log = LogGroup(
            f"{name}-insights",
            LogGroupArgs(
                log_group_name=f"/aws/ecs/containerinsights/{args.cluster_name}/performance",
                retention_days=args.log_retention_days,
                kms_key_arn=args.kms_key_arn,
                tags=tags,
            ),
            child,
        )
        cluster = aws.ecs.Cluster(
            f"{name}-cluster",
            name=args.cluster_name,
            settings=[{"name": "containerInsights", "value": "enhanced"}],
            configuration={
                "execute_command_configuration": {
                    "kms_key_id": args.kms_key_arn,
                    "logging": "OVERRIDE",
                    "log_configuration": {
                        "cloud_watch_encryption_enabled": True,
                        "cloud_watch_log_group_name": exec_log.log_group_name,
                    },
                }
            },
            service_connect_defaults={"namespace": namespace.arn},
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[insights_log]),
        )
        providers = aws.ecs.ClusterCapacityProviders(
            f"{name}-capacity",
            cluster_name=cluster.name,
            capacity_providers=["FARGATE", "FARGATE_SPOT"],
            default_capacity_provider_strategies=[{"capacity_provider": "FARGATE", "base": 0, "weight": 1}],
            opts=child,
        )

        self.arn = pulumi.Output.all(cluster.arn, providers.id).apply(lambda values: values[0])
        self.cluster_name = pulumi.Output.all(cluster.name, providers.id).apply(lambda values: values[0])
        self.namespace_arn = namespace.arn
        self.register_outputs({"arn": self.arn, "cluster_name": self.cluster_name, "namespace_arn": self.namespace_arn})
