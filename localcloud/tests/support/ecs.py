"""What a service of ECS needs."""

import json
from typing import Any

from localcloud.provider.session import Session


class World:
    """What a service needs, made by calls of its own."""

    def __init__(self, aws: Session) -> None:
        self.aws = aws
        ec2, elb = aws.client("ec2"), aws.client("elbv2")
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"us-east-1{zone}")[
                "Subnet"
            ]["SubnetId"]
            for index, zone in enumerate("ab")
        ]
        self.group = ec2.create_security_group(GroupName="task", Description="task", VpcId=self.vpc)["GroupId"]
        self.role = self.role_for("ecs-tasks.amazonaws.com", "execution")
        self.secret = aws.client("secretsmanager").create_secret(Name="url", SecretString="postgresql://x")
        aws.client("logs").create_log_group(logGroupName="/app/api")
        self.cluster = aws.client("ecs").create_cluster(
            clusterName="main", capacityProviders=["FARGATE", "FARGATE_SPOT"]
        )["cluster"]["clusterArn"]
        balancer = elb.create_load_balancer(Name="main", Scheme="internal", Subnets=self.subnets)["LoadBalancers"][0][
            "LoadBalancerArn"
        ]
        self.target_group = self.new_target_group("api")
        elb.create_listener(
            LoadBalancerArn=balancer,
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group}],
        )

    def role_for(self, service: str, name: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = self.aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
        return str(role["Role"]["Arn"])

    def new_target_group(self, name: str, kind: str = "ip") -> str:
        elb = self.aws.client("elbv2")
        answer = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType=kind)
        return str(answer["TargetGroups"][0]["TargetGroupArn"])

    def definition(self, *, version: str | None = None, **container: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return a task definition's inputs; the secret in another version than the current, if asked."""
        version = version or self.secret["VersionId"]
        one = {
            "name": "api",
            "image": "public.ecr.aws/docker/library/nginx:1",
            "portMappings": [{"containerPort": 8000, "name": "api"}],
            "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
            "secrets": [{"name": "DATABASE_URL", "valueFrom": f"{self.secret['ARN']}:::{version}"}],
            "healthCheck": {"command": ["CMD", "true"]},
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": "/app/api",
                    "awslogs-region": "us-east-1",
                    "awslogs-stream-prefix": "api",
                },
            },
            **container,
        }
        return {
            "family": "api",
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": self.role,
            "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
            "containerDefinitions": json.dumps([one]),
            "tags": {"System": "a"},
        }

    def service(self, definition: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any input
        """Return a service's inputs as our component writes them."""
        return {
            "name": "api",
            "cluster": self.cluster,
            "taskDefinition": definition,
            "desiredCount": 2,
            "platformVersion": "LATEST",
            "capacityProviderStrategies": [{"capacityProvider": "FARGATE", "base": 1, "weight": 1}],
            "networkConfiguration": {
                "subnets": self.subnets,
                "securityGroups": [self.group],
                "assignPublicIp": False,
            },
            "loadBalancers": [{"targetGroupArn": self.target_group, "containerName": "api", "containerPort": 8000}],
            "healthCheckGracePeriodSeconds": 60,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "availabilityZoneRebalancing": "ENABLED",
            "enableEcsManagedTags": True,
            "propagateTags": "SERVICE",
            "tags": {"System": "a"},
            **more,
        }

    def live(self, name: str = "api") -> dict[str, Any]:
        """Return the service as AWS describes it."""
        services = self.aws.client("ecs").describe_services(cluster="main", services=[name])["services"]
        return dict(services[0])

    def tasks(self, status: str = "RUNNING") -> list[dict[str, Any]]:
        """Return the service's tasks as AWS describes them."""
        ecs = self.aws.client("ecs")
        arns = ecs.list_tasks(cluster="main", serviceName="api", desiredStatus=status)["taskArns"]
        return list(ecs.describe_tasks(cluster="main", tasks=arns, include=["TAGS"])["tasks"]) if arns else []
