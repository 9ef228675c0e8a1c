"""What stands in the account after `up`, asked of the account itself and not of the program's inputs."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.systems import SYSTEMS
from stacks.systems.aprendeai import APRENDEAI
from stacks.systems.equivalence import EQUIVALENCE
from stacks.systems.spec import Role
from tests.every import every
from tests.stacks.conftest import PLANTED, ROOT, Standing

_ANYWHERE = {"0.0.0.0/0", "::/0"}

#: The variables of the two guides, and which service finds them.
_GUIDE_VARIABLES = {
    "aprendeai-api": {
        "NODE_ENV",
        "ENV",
        "FRONTEND_URL",
        "API_URL",
        "AI_SERVICE_URL",
        "JWT_SECRET",
        "AI_SERVICE_SECRET",
        "DB_PASSWORD",
        "RABBITMQ_PASS",
        "DATABASE_URL",
        "REDIS_URL",
        "RABBITMQ_URL",
        "SENTRY_DSN",
    },
    "aprendeai-frontend": {"NODE_ENV", "ENV", "FRONTEND_URL", "API_URL", "SENTRY_DSN"},
    "aprendeai-ai": {"ENV", "AI_SERVICE_SECRET", "SENTRY_DSN"},
    "aprendeai-worker": {"NODE_ENV", "ENV", "DATABASE_URL", "REDIS_URL", "RABBITMQ_URL", "AI_SERVICE_SECRET"},
    "equivalence-api": {
        "POSTGRES_PASSWORD",
        "DATABASE_URL",
        "REDIS_URL",
        "API_KEY_SALT",
        "EMBED_API_KEY",
        "LLM_API_KEY",
    },
    "equivalence-worker": {
        "POSTGRES_PASSWORD",
        "DATABASE_URL",
        "REDIS_URL",
        "API_KEY_SALT",
        "EMBED_API_KEY",
        "LLM_API_KEY",
    },
}


def _pages(client: Any, call: str, key: str, **arguments: Any) -> list[Any]:  # noqa: ANN401 - boto3
    return [item for page in client.get_paginator(call).paginate(**arguments) for item in page[key]]


def _services(standing: Standing) -> dict[str, dict[str, Any]]:
    ecs = standing.client("ecs")
    cluster = f"alicerce-{standing.name}"
    arns = _pages(ecs, "list_services", "serviceArns", cluster=cluster)
    described = ecs.describe_services(cluster=cluster, services=arns)["services"]
    return {service["serviceName"]: service for service in described}


def _definitions(standing: Standing) -> dict[str, dict[str, Any]]:
    """Return every registered task definition by its family."""
    ecs = standing.client("ecs")
    arns = _pages(ecs, "list_task_definitions", "taskDefinitionArns")
    described = (ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"] for arn in arns)
    return {definition["family"]: definition for definition in described}


def _containers(standing: Standing) -> Iterator[tuple[str, dict[str, Any]]]:
    for family, definition in _definitions(standing).items():
        for container in definition["containerDefinitions"]:
            yield family, container


def _groups(standing: Standing) -> dict[str, str]:
    """Return security groups' names by id."""
    found = standing.client("ec2").describe_security_groups()["SecurityGroups"]
    return {
        group["GroupId"]: next((tag["Value"] for tag in group.get("Tags", ()) if tag["Key"] == "Name"), "")
        for group in found
    }


def _rules(standing: Standing) -> list[dict[str, Any]]:
    return list(standing.client("ec2").describe_security_group_rules()["SecurityGroupRules"])


def _ours(standing: Standing, rule: dict[str, Any]) -> bool:
    """Tell whether a rule belongs to our network, not to the one that AWS gives every account."""
    ec2 = standing.client("ec2")
    default = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}
    groups = ec2.describe_security_groups(GroupIds=[rule["GroupId"]])["SecurityGroups"]
    return groups[0]["VpcId"] not in default


def _load_balancer(standing: Standing) -> dict[str, Any]:
    balancers = standing.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert [balancer["Scheme"] for balancer in balancers] == ["internet-facing"]
    return dict(balancers[0])


def _listeners(standing: Standing) -> dict[int, dict[str, Any]]:
    arn = _load_balancer(standing)["LoadBalancerArn"]
    listeners = standing.client("elbv2").describe_listeners(LoadBalancerArn=arn)["Listeners"]
    return {listener["Port"]: listener for listener in listeners}


def _secret_values(standing: Standing) -> dict[str, str]:
    """Return every secret's value by its name."""
    manager = standing.client("secretsmanager")
    return {
        secret["Name"]: manager.get_secret_value(SecretId=secret["ARN"])["SecretString"]
        for secret in _pages(manager, "list_secrets", "SecretList")
    }


# Reachability


def test_only_the_load_balancer_is_open_to_anywhere_and_only_on_80_and_443(standing: Standing) -> None:
    open_rules = [
        rule
        for rule in _rules(standing)
        if not rule["IsEgress"] and {rule.get("CidrIpv4"), rule.get("CidrIpv6")} & _ANYWHERE and _ours(standing, rule)
    ]
    assert {(rule["FromPort"], rule["ToPort"]) for rule in open_rules} == {(80, 80), (443, 443)}, (
        "every other port open to the internet is a way around TLS, the firewall and the access log"
    )
    assert {rule["GroupId"] for rule in open_rules} == set(_load_balancer(standing)["SecurityGroups"])


def test_the_ports_of_the_guides_are_reached_by_security_group_only(standing: Standing) -> None:
    ports = {service.port for system in SYSTEMS for service in system.services.values() if service.port}
    assert ports == {3000, 4000, 8000, 8001}
    rules = [rule for rule in _rules(standing) if not rule["IsEgress"] and _ours(standing, rule)]
    for rule in every(rule for rule in rules if any(rule["FromPort"] <= p <= rule["ToPort"] for p in ports)):
        assert "ReferencedGroupInfo" in rule, "the guides say: never expose 3000, 4000 and 8001 directly"


def test_the_ai_service_is_reached_from_the_api_and_the_worker_only(standing: Standing) -> None:
    names = _groups(standing)
    callers = {
        names[rule["ReferencedGroupInfo"]["GroupId"]]
        for rule in _rules(standing)
        if not rule["IsEgress"] and rule["FromPort"] == 8001
    }
    assert callers == {"aprendeai-api", "aprendeai-worker"}
    assert not _services(standing)["aprendeai-ai"]["loadBalancers"]


def test_tasks_leave_by_purpose_and_never_on_all_ports(standing: Standing) -> None:
    rules = [rule for rule in _rules(standing) if rule["IsEgress"] and _ours(standing, rule)]
    for rule in every(rules):
        assert rule["IpProtocol"] == "tcp", f"an open egress is how data leaves: {rule}"
    for rule in every(rule for rule in rules if rule.get("CidrIpv4") in _ANYWHERE):
        assert (rule["FromPort"], rule["ToPort"]) == (443, 443)


def test_the_default_security_group_is_empty(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    own = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    groups = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": own}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    assert len(groups) == 1
    assert not groups[0]["IpPermissions"], "what lands there by mistake would reach everything else there (EC2.2)"
    assert not groups[0]["IpPermissionsEgress"]


def test_stores_live_in_subnets_without_a_way_out(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    tables = ec2.describe_route_tables()["RouteTables"]
    stores = {
        subnet["SubnetIdentifier"]
        for group in standing.client("rds").describe_db_subnet_groups()["DBSubnetGroups"]
        for subnet in group["Subnets"]
    }
    assert stores
    for subnet in every(stores):
        table = next(t for t in tables if any(a.get("SubnetId") == subnet for a in t["Associations"]))
        assert not [r for r in table["Routes"] if r.get("DestinationCidrBlock") == "0.0.0.0/0"], (
            "a database with a route to the internet is one rule away from being on it"
        )


def test_tasks_have_no_public_address(standing: Standing) -> None:
    for service in every(_services(standing).values()):
        assert service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] == "DISABLED"


def test_the_networks_traffic_is_logged(standing: Standing) -> None:
    flow = standing.client("ec2").describe_flow_logs()["FlowLogs"]
    assert [log["TrafficType"] for log in flow] == ["ALL"]


# Stores


def test_databases_are_private_encrypted_and_take_tls_only(standing: Standing) -> None:
    rds = standing.client("rds")
    instances = rds.describe_db_instances()["DBInstances"]
    assert {instance["DBName"] for instance in instances} == {"aprendeai", "equivalence"}
    for instance in every(instances):
        assert not instance["PubliclyAccessible"]
        assert instance["StorageEncrypted"]
        assert instance["KmsKeyId"], "the stack's own key, so that access can be taken away by it"
        assert instance["StorageType"] == "gp3"
        assert instance["CopyTagsToSnapshot"]
        assert instance["MultiAZ"] == (standing.name == "prod")
        assert instance["BackupRetentionPeriod"] == (14 if standing.name == "prod" else 3)
        assert instance["DeletionProtection"] == (standing.name == "prod")
        assert instance["PerformanceInsightsEnabled"]
        assert set(instance["EnabledCloudwatchLogsExports"]) == {"postgresql", "upgrade"}
        group = instance["DBParameterGroups"][0]["DBParameterGroupName"]
        parameters = _pages(rds, "describe_db_parameters", "Parameters", DBParameterGroupName=group)
        forced = [p["ParameterValue"] for p in parameters if p["ParameterName"] == "rds.force_ssl"]
        assert forced == ["1"], "without it the server takes passwords in the clear"


def test_caches_are_encrypted_and_have_no_open_default_user(standing: Standing) -> None:
    cache = standing.client("elasticache")
    groups = cache.describe_replication_groups()["ReplicationGroups"]
    assert len(groups) == 2
    users = {user["UserId"]: user for user in cache.describe_users()["Users"]}
    for group in every(groups):
        assert group["AtRestEncryptionEnabled"]
        assert group["TransitEncryptionEnabled"]
        assert group["KmsKeyId"]
        assert (group["AutomaticFailover"] == "enabled") == (standing.name == "prod")
        assert group["UserGroupIds"], "a group without users takes anyone who reaches it"
    members = [users[user] for group in cache.describe_user_groups()["UserGroups"] for user in group["UserIds"]]
    assert {user["UserName"] for user in members if user["UserName"] != "default"} == {"aprendeai", "equivalence"}
    for user in every(user for user in members if user["UserName"] == "default"):
        assert user["AccessString"].startswith("off"), "the default user takes anyone, without a password"


def test_the_broker_is_private_encrypted_and_clustered_in_production(standing: Standing) -> None:
    mq = standing.client("mq")
    brokers = mq.list_brokers()["BrokerSummaries"]
    assert len(brokers) == 1
    broker = mq.describe_broker(BrokerId=brokers[0]["BrokerId"])
    assert not broker["PubliclyAccessible"]
    assert broker["DeploymentMode"] == ("CLUSTER_MULTI_AZ" if standing.name == "prod" else "SINGLE_INSTANCE")
    assert broker["EncryptionOptions"]["UseAwsOwnedKey"] is False
    assert broker["AutoMinorVersionUpgrade"]
    assert broker["Logs"]["General"]


# Secrets


def test_generated_secrets_are_as_long_as_the_guides_say(standing: Standing) -> None:
    values = _secret_values(standing)
    jwt = next(value for name, value in values.items() if "jwt-secret" in name)
    salt = next(value for name, value in values.items() if "api-key-salt" in name)
    assert len(jwt) == 128, "openssl rand -hex 64"
    assert len(salt) == 64, "openssl rand -hex 32"
    assert int(jwt, 16) != int(salt, 16)


def test_an_app_finds_each_value_under_the_name_its_guide_uses(standing: Standing) -> None:
    containers = dict(_containers(standing))
    for service, variables in _GUIDE_VARIABLES.items():
        container = containers[f"{standing.name}-{service}"]
        found = {item["name"] for item in container["environment"] + container["secrets"]}
        assert found >= variables, service


def test_urls_are_composed_of_the_stores_that_stand(standing: Standing) -> None:
    values = _secret_values(standing)
    address = {
        instance["DBName"]: instance["Endpoint"]["Address"]
        for instance in standing.client("rds").describe_db_instances()["DBInstances"]
    }
    own = {name: value for name, value in values.items() if name.startswith("aprendeai-")}
    password = next(value for name, value in own.items() if "db-password" in name)
    url = next(value for name, value in own.items() if "database-url" in name)
    assert url == f"postgresql://aprendeai:{password}@{address['aprendeai']}:5432/aprendeai?sslmode=require"
    url = next(v for n, v in values.items() if n.startswith("equivalence-database-url"))
    assert url.startswith("postgresql+psycopg2://equivalence:")
    url = next(v for n, v in values.items() if n.startswith("equivalence-redis-url"))
    assert url.startswith("rediss://equivalence:")
    assert url.endswith(":6379/0")
    url = next(v for n, v in values.items() if n.startswith("aprendeai-rabbitmq-url"))
    assert url.startswith("amqps://aprendeai:")
    assert url.endswith(":5671/aprendeai"), "the system has a virtual host of its own"


def test_each_definition_names_each_secret_with_a_version_that_is_there(standing: Standing) -> None:
    manager = standing.client("secretsmanager")
    named = [(family, secret) for family, container in _containers(standing) for secret in container["secrets"]]
    assert len(named) > 20
    for family, variable in every(named):
        arn, key, stage, version = variable["valueFrom"].rsplit(":", 3)
        assert (key, stage) == ("", ""), family
        manager.get_secret_value(SecretId=arn, VersionId=version)


def test_each_execution_role_reads_its_own_secrets_and_no_others(standing: Standing) -> None:
    iam = standing.client("iam")
    for family, definition in every(_definitions(standing).items()):
        role = definition["executionRoleArn"].rsplit("/", 1)[1]
        named = {
            variable["valueFrom"].rsplit(":", 3)[0]
            for container in definition["containerDefinitions"]
            for variable in container["secrets"]
        }
        assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        readable: set[str] = set()
        for name in every(iam.list_role_policies(RoleName=role)["PolicyNames"]):
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for statement in every(document["Statement"]):
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                assert not [action for action in actions if action.endswith("*")], family
                if any(action.startswith("secretsmanager:") for action in actions):
                    resources = statement["Resource"]
                    readable.update([resources] if isinstance(resources, str) else resources)
        assert readable == named, f"{family} could read another service's secrets"


def test_task_roles_can_do_nothing(standing: Standing) -> None:
    iam = standing.client("iam")
    for definition in every(_definitions(standing).values()):
        role = definition["taskRoleArn"].rsplit("/", 1)[1]
        assert role != definition["executionRoleArn"].rsplit("/", 1)[1]
        assert not iam.list_role_policies(RoleName=role)["PolicyNames"]
        assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]


def test_no_secret_value_stands_anywhere_but_in_the_secrets_manager(standing: Standing) -> None:
    values = {*_secret_values(standing).values(), *PLANTED.values()}
    assert len(values) >= 12
    tags = [
        json.dumps(item, default=str)
        for item in _pages(standing.client("resourcegroupstaggingapi"), "get_resources", "ResourceTagMappingList")
    ]
    places = {
        "task definitions": json.dumps(list(_definitions(standing).values()), default=str),
        "services": json.dumps(list(_services(standing).values()), default=str),
        "secrets' names and tags": json.dumps(
            standing.client("secretsmanager").list_secrets()["SecretList"], default=str
        ),
        "tags": "".join(tags),
        "outputs": json.dumps(standing.stack.outputs(show_secrets=True), default=str),
        "steps": "".join(f"{s.old_inputs}{s.new_inputs}{s.detailed_diff}" for s in standing.result.steps),
        "messages": "".join(d.message for d in standing.result.diagnostics),
        "state": standing.stack.state_file.path.read_text(),
    }
    for place, text in every(places.items()):
        assert text, place
        for value in every(values):
            assert value not in text, f"a secret's value stands in plain text in {place}"


# Services


def test_every_service_of_the_guides_runs(standing: Standing) -> None:
    services = _services(standing)
    assert set(services) == {f"{system.name}-{name}" for system in SYSTEMS for name in system.services}
    for name, service in every(services.items()):
        assert service["runningCount"] == service["desiredCount"] >= 1, name
        assert service["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}


def test_containers_are_hardened(standing: Standing) -> None:
    for family, container in every(_containers(standing)):
        assert container["readonlyRootFilesystem"] is True, family
        assert container["user"] not in ("", "0", "root"), family
        assert not container.get("privileged", False), family
        assert container["linuxParameters"]["initProcessEnabled"] is True, family
        assert container["linuxParameters"]["capabilities"]["drop"] == ["ALL"], family
        assert container["logConfiguration"]["logDriver"] == "awslogs", family


def test_every_service_has_a_container_health_check(standing: Standing) -> None:
    for _, container in every(one for one in _containers(standing) if not one[0].endswith("-migration")):
        assert container["healthCheck"]["command"], "a worker has no load balancer that would tell"


def test_images_are_named_by_digest(standing: Standing) -> None:
    for family, container in every(_containers(standing)):
        assert "@sha256:" in container["image"], f"{family} would run whatever its tag means tomorrow"


def test_the_guides_commands_run(standing: Standing) -> None:
    commands: dict[str, Any] = {
        family.removeprefix(f"{standing.name}-"): c.get("command") for family, c in _containers(standing)
    }
    assert commands["aprendeai-migration"] == ["npx", "prisma", "migrate", "deploy"]
    assert commands["equivalence-migration"] == ["alembic", "upgrade", "head"]
    assert "rq worker" in commands["equivalence-worker"][-1]


def test_the_ai_service_has_time_and_room(standing: Standing) -> None:
    definition = _definitions(standing)[f"{standing.name}-aprendeai-ai"]
    if standing.name == "prod":
        assert (definition["cpu"], definition["memory"]) == ("4096", "8192")
    deployment = _services(standing)["aprendeai-ai"]["deployments"][0]
    served = deployment["serviceConnectConfiguration"]["services"][0]
    assert served["clientAliases"][0] == {"port": 8001, "dnsName": "ai"}
    assert served["timeout"]["perRequestTimeoutSeconds"] > 30, "Service Connect cuts a request after 15 s by default"


def test_nothing_in_progress_is_cut(standing: Standing) -> None:
    longest = {
        f"{system.name}-{name}": service.longest_request_seconds
        for system in SYSTEMS
        for name, service in system.services.items()
    }
    containers = dict(_containers(standing))
    for service, seconds in every(longest.items()):
        assert containers[f"{standing.name}-{service}"]["stopTimeout"] >= seconds
    elb = standing.client("elbv2")
    for group in every(elb.describe_target_groups()["TargetGroups"]):
        attributes = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
        delay = next(a["Value"] for a in attributes if a["Key"] == "deregistration_delay.timeout_seconds")
        assert int(delay) >= (110 if group["Port"] == 4000 else 30)


def test_production_keeps_a_base_on_demand_for_its_workers(bring_up: Any) -> None:  # noqa: ANN401 - a fixture
    services = _services(bring_up("prod"))
    for name in ("aprendeai-worker", "equivalence-worker"):
        shares = {share["capacityProvider"]: share for share in services[name]["capacityProviderStrategy"]}
        assert shares["FARGATE"]["base"] == 1, "Spot alone has nothing to fall back on"
        assert shares["FARGATE_SPOT"]["weight"] > shares["FARGATE"]["weight"]


def test_services_of_production_scale_and_only_those_that_scale_ignore_their_count(bring_up: Any) -> None:  # noqa: ANN401
    prod = bring_up("prod")
    targets = _pages(
        prod.client("application-autoscaling"), "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs"
    )
    assert len(targets) == 6
    ignoring = {
        resource.urn.rsplit("::", 1)[1]
        for resource in prod.stack.resources()
        if resource.type == "aws:ecs/service:Service" and "desiredCount" in resource.ignore_changes
    }
    assert len(ignoring) == 6
    staging = bring_up("staging")
    assert not [
        resource
        for resource in staging.stack.resources()
        if resource.type == "aws:ecs/service:Service" and resource.ignore_changes
    ], "without an autoscaler, the program's number is the number"


# Queues


def _policies(standing: Standing) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the scaling policies of each service by what they are called after it."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    scaling = standing.client("application-autoscaling")
    for policy in _pages(scaling, "describe_scaling_policies", "ScalingPolicies", ServiceNamespace="ecs"):
        service = policy["ResourceId"].rpartition("/")[2]
        role = policy["PolicyName"].removeprefix(f"{service}-scaling-").partition("-")[0]
        found.setdefault(service, {})[role] = policy["TargetTrackingScalingPolicyConfiguration"]
    return found


def _metrics(policy: dict[str, Any]) -> dict[str, tuple[str, str, dict[str, str]]]:
    metrics = policy["CustomizedMetricSpecification"]["Metrics"]
    return {
        metric["Id"]: (
            metric["MetricStat"]["Metric"]["Namespace"],
            metric["MetricStat"]["Metric"]["MetricName"],
            {item["Name"]: item["Value"] for item in metric["MetricStat"]["Metric"]["Dimensions"]},
        )
        for metric in metrics
        if "MetricStat" in metric
    }


def test_workers_of_production_follow_their_queue_and_everything_else_its_own_load(bring_up: Any) -> None:  # noqa: ANN401
    prod = bring_up("prod")
    policies = _policies(prod)
    for system in SYSTEMS:
        for name, service in every(system.services.items()):
            expected = {"backlog", "busy"} if service.role is Role.WORKER else {"cpu", "memory"}
            assert set(policies[f"{system.name}-{name}"]) == expected, name

    running = ("ECS/ContainerInsights", "RunningTaskCount")
    cluster = prod.client("ecs").describe_clusters(clusters=["alicerce-prod"], include=["SETTINGS"])["clusters"][0]
    assert {setting["name"]: setting["value"] for setting in cluster["settings"]}["containerInsights"] != "disabled"

    own = policies["aprendeai-worker"]["backlog"]
    assert own["TargetValue"] == 4, "120 s accepted / 30 s a job"
    broker = {"Broker": prod.client("mq").list_brokers()["BrokerSummaries"][0]["BrokerName"]}
    assert _metrics(own) == {
        "ready": ("AWS/AmazonMQ", "MessageReadyCount", broker),
        "unacknowledged": ("AWS/AmazonMQ", "MessageUnacknowledgedCount", broker),
        "running": (*running, {"ClusterName": "alicerce-prod", "ServiceName": "aprendeai-worker"}),
    }
    own = policies["equivalence-worker"]["backlog"]
    assert own["TargetValue"] == 6, "60 s accepted / 10 s a job"
    queue = {"System": "equivalence", "Environment": "prod", "Queue": "default"}
    assert _metrics(own) == {
        "unfinished": ("Alicerce/Queues", "UnfinishedJobs", queue),
        "running": (*running, {"ClusterName": "alicerce-prod", "ServiceName": "equivalence-worker"}),
    }


def test_the_numbers_of_rq_are_published_every_minute_and_of_nothing_else(standing: Standing) -> None:
    scheduler = standing.client("scheduler")
    (schedule,) = _pages(scheduler, "list_schedules", "Schedules")
    full = scheduler.get_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])
    assert (full["ScheduleExpression"], full["State"]) == ("rate(1 minute)", "ENABLED")
    function = standing.client("lambda").get_function_configuration(FunctionName=full["Target"]["Arn"])
    assert function["FunctionName"] == standing.stack.outputs()["equivalence"]["queueDepth"]
    assert "queueDepth" not in standing.stack.outputs()["aprendeai"], "RabbitMQ's numbers are Amazon MQ's own"
    variables = function["Environment"]["Variables"]
    assert variables["QUEUES"] == "default"
    assert variables["REDIS_SECRET_ARN"] == standing.stack.outputs()["equivalence"]["secrets"]["REDIS_URL"]


def test_what_publishes_the_numbers_runs_from_its_archive_and_shows_no_value(bring_up: Any) -> None:  # noqa: ANN401
    staging = bring_up("staging")
    own = staging.stack.outputs()["equivalence"]
    manager, secret = staging.client("secretsmanager"), own["secrets"]["REDIS_URL"]
    before = manager.get_secret_value(SecretId=secret)["VersionId"]
    # No name of AWS's is looked up: the emulated account has no Redis anyway.
    put = manager.put_secret_value(SecretId=secret, SecretString="rediss://equivalence:planted-password@localhost:1/0")
    try:
        answer = staging.client("lambda").invoke(FunctionName=own["queueDepth"])["Payload"].read().decode()
    finally:
        manager.update_secret_version_stage(
            SecretId=secret,
            VersionStage="AWSCURRENT",
            MoveToVersionId=before,
            RemoveFromVersionId=put["VersionId"],
        )
    assert json.loads(answer)["errorMessage"] == "localhost:1: listing the queues failed: ConnectionError"
    assert "planted-password" not in answer
    assert not staging.client("cloudwatch").list_metrics(Namespace="Alicerce/Queues")["Metrics"]


# The way in


def test_https_is_current_and_http_only_redirects(standing: Standing) -> None:
    listeners = _listeners(standing)
    assert set(listeners) == {80, 443}
    assert listeners[443]["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    assert listeners[443]["Certificates"]
    redirect = listeners[80]["DefaultActions"][0]
    assert redirect["Type"] == "redirect"
    assert redirect["RedirectConfig"]["Protocol"] == "HTTPS"
    assert redirect["RedirectConfig"]["StatusCode"] == "HTTP_301"


def test_unknown_hosts_get_404(standing: Standing) -> None:
    default = _listeners(standing)[443]["DefaultActions"][0]
    assert default["Type"] == "fixed-response"
    assert default["FixedResponseConfig"]["StatusCode"] == "404"


def test_the_load_balancer_is_hardened_and_logged(standing: Standing) -> None:
    elb = standing.client("elbv2")
    balancer = _load_balancer(standing)
    assert len(balancer["AvailabilityZones"]) >= 2
    attributes = {
        item["Key"]: item["Value"]
        for item in elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    }
    assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert attributes["routing.http.desync_mitigation_mode"] in ("defensive", "strictest")
    assert attributes["access_logs.s3.enabled"] == "true"
    assert int(attributes["idle_timeout.timeout_seconds"]) > 110, "some requests to the AI service take over 30 s"
    assert attributes["deletion_protection.enabled"] == ("true" if standing.name == "prod" else "false")
    listener = elb.describe_listener_attributes(ListenerArn=_listeners(standing)[443]["ListenerArn"])["Attributes"]
    hsts = {item["Key"]: item["Value"] for item in listener}
    assert "max-age=" in hsts["routing.http.response.strict_transport_security.header_value"]


def test_the_firewall_stands_before_the_load_balancer_and_is_logged(standing: Standing) -> None:
    waf = standing.client("wafv2")
    acl: Any = waf.get_web_acl_for_resource(ResourceArn=_load_balancer(standing)["LoadBalancerArn"])["WebACL"]
    groups = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]
        for rule in acl["Rules"]
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    assert {"AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet"} <= groups
    assert [rule for rule in acl["Rules"] if "RateBasedStatement" in rule["Statement"]]
    assert waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"]["LogDestinationConfigs"]


def test_admin_paths_answer_403_and_are_asked_before_the_api(standing: Standing) -> None:
    elb = standing.client("elbv2")
    rules = elb.describe_rules(ListenerArn=_listeners(standing)[443]["ListenerArn"])["Rules"]
    by_host: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for rule in rules:
        if rule["Priority"] == "default":
            continue
        host = next(c for c in rule["Conditions"] if c["Field"] == "host-header")
        values = host.get("HostHeaderConfig", {}).get("Values") or host["Values"]
        by_host.setdefault(values[0], []).append((int(rule["Priority"]), rule))
    api = next(rules for host, rules in by_host.items() if "equivalence" in host)
    ordered = [rule for _, rule in sorted(api, key=lambda item: item[0])]
    first = ordered[0]
    paths = next(c for c in first["Conditions"] if c["Field"] == "path-pattern")
    assert "/admin/*" in (paths.get("PathPatternConfig", {}).get("Values") or paths["Values"])
    assert first["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "403"
    assert ordered[-1]["Actions"][0]["Type"] == "forward"
    assert EQUIVALENCE.services["api"].role is Role.WEB


def test_each_public_host_leads_to_the_load_balancer(standing: Standing) -> None:
    route53 = standing.client("route53")
    targets = {}
    for zone in route53.list_hosted_zones()["HostedZones"]:
        for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            if record["Type"] == "A":
                targets[record["Name"].rstrip(".")] = record["AliasTarget"]["DNSName"].rstrip(".")
    urls = [url for system in SYSTEMS for url in standing.stack.outputs()[system.name]["urls"].values()]
    assert len(urls) == len(APRENDEAI.urls) + len(EQUIVALENCE.urls)
    for url in every(urls):
        assert _load_balancer(standing)["DNSName"].lower() in targets[url.removeprefix("https://")].lower()


# Names


def test_names_are_a_contract(standing: Standing) -> None:
    """A changed name or parent is a replaced resource: either ships with an alias, and with a changed golden file.

    A line is what Pulumi knows a resource by: the types of all its parents, its type and its name, as in its URN.
    `UPDATE_GOLDEN=1 make test` writes the files anew; read the difference before you commit it.
    """
    file = ROOT / "tests" / "stacks" / "golden" / f"{standing.name}.txt"
    names = sorted(resource.urn.split("::", 2)[2] for resource in standing.stack.resources())
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(names) + "\n")
    assert names == file.read_text().splitlines()


# What is kept


def test_every_log_group_is_encrypted_and_kept_as_long_as_the_profile_says(standing: Standing) -> None:
    groups = _pages(standing.client("logs"), "describe_log_groups", "logGroups")
    assert len(groups) > 10
    for group in every(groups):
        assert group["kmsKeyId"], group["logGroupName"]
        assert group["retentionInDays"] == (365 if standing.name == "prod" else 30), group["logGroupName"]


def test_registries_keep_releases_and_move_no_tag(standing: Standing) -> None:
    ecr = standing.client("ecr")
    repositories = ecr.describe_repositories()["repositories"]
    assert {repository["repositoryName"] for repository in repositories} == {
        f"{standing.name}/{system.name}-{image}" for system in SYSTEMS for image in system.images
    }
    for repository in every(repositories):
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"]["scanOnPush"]
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
        policy = json.loads(
            ecr.get_lifecycle_policy(repositoryName=repository["repositoryName"])["lifecyclePolicyText"]
        )
        for rule in every(policy["rules"]):
            assert rule["selection"]["tagStatus"] == "tagged", "an untagged image may be one that runs"
            assert rule["selection"]["countType"] == "imageCountMoreThan", "an old release may be the one that runs"


def test_the_key_rotates(standing: Standing) -> None:
    kms = standing.client("kms")
    key = standing.client("rds").describe_db_instances()["DBInstances"][0]["KmsKeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


def test_everything_that_can_be_tagged_says_whose_it_is(standing: Standing) -> None:
    untagged = []
    for item in _pages(standing.client("resourcegroupstaggingapi"), "get_resources", "ResourceTagMappingList"):
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        if tags.get("Environment") != standing.name or "Component" not in tags or tags.get("ManagedBy") != "pulumi":
            untagged.append((item["ResourceARN"], tags))
    assert not untagged


@pytest.mark.parametrize("name", ["prod", "staging"])
def test_outputs_are_what_a_person_looks_for(bring_up: Any, name: str) -> None:  # noqa: ANN401 - a fixture
    outputs = bring_up(name).stack.outputs()
    assert outputs["cluster"] == f"alicerce-{name}"
    assert outputs["loadBalancer"]["name"]
    for system in SYSTEMS:
        own = outputs[system.name]
        assert set(own["services"]) == set(system.services)
        assert set(own["repositories"]) == set(system.images)
        assert all(digest.startswith("sha256:") for digest in every(own["digests"].values()))
        assert own["database"].endswith(":5432")
        assert own["cache"].endswith(":6379")
        assert all(arn.startswith("arn:aws:secretsmanager:") for arn in every(own["secrets"].values()))
    assert outputs["aprendeai"]["broker"].endswith(":5671")
