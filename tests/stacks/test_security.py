"""The security standard, control by control, asked of the account itself; `docs/security.md` is its table.

What a control asks for is said in the Security Hub user guide, by its service's page:
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
Controls that the facts about a stack show already are tested in `test_facts.py`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.every import every
from tests.stacks.conftest import ROOT, Account, Standing, succeed
from tests.stacks.test_facts import _ANYWHERE, _containers, _definitions, _pages, _services

#: Actions that take no resource, so that a policy can't name one. None of them writes but PutMetricData, which a policy
#: binds to a namespace.
#: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_WITHOUT_RESOURCE = {
    "cloudwatch:PutMetricData",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ecr:GetAuthorizationToken",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}

#: https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-17
_RECOMMENDED_TLS = {
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
}

#: What a variable of a secret is called: words that no plain variable's name may hold.
_SECRET_WORDS = re.compile(r"PASS|SECRET|TOKEN|SALT|KEY|DSN|CREDENTIAL|DATABASE_URL|REDIS_URL|RABBITMQ_URL")


def _several(value: Any) -> list[Any]:  # noqa: ANN401 - policies hold one of something, or a list
    return value if isinstance(value, list) else [value]


def _statements(document: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - boto3 decodes some documents and not others
    parsed = json.loads(document) if isinstance(document, str) else document
    return _several(parsed["Statement"])


def _is_everyone(principal: Any) -> bool:  # noqa: ANN401 - "*", or principals by their kind
    return principal == "*" or "*" in _several(principal.get("AWS", []))


def _own_key(standing: Standing) -> str:
    """Return the one key that the stack made."""
    kms = standing.client("kms")
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in _pages(kms, "list_keys", "Keys")]
    own = [key["Arn"] for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] == "Enabled"]
    assert len(own) == 1
    return str(own[0])


def _own_vpc(standing: Standing) -> str:
    vpcs = standing.client("ec2").describe_vpcs()["Vpcs"]
    return str(next(vpc["VpcId"] for vpc in vpcs if not vpc["IsDefault"]))


def _instances(standing: Standing) -> list[dict[str, Any]]:
    found = list(standing.client("rds").describe_db_instances()["DBInstances"])
    assert len(found) == 2
    return found


def _load_balancers(account: Account | Standing) -> list[tuple[dict[str, Any], dict[str, str], list[dict[str, Any]]]]:
    """Return each load balancer with its attributes and its listeners."""
    elb = account.client("elbv2")
    found = []
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        listeners = elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        found.append((balancer, {item["Key"]: item["Value"] for item in attributes}, listeners))
    assert found
    return found


# RDS


def test_databases_are_watched_from_inside_and_upgraded(standing: Standing) -> None:
    for instance in every(_instances(standing)):
        assert instance["MonitoringInterval"] > 0, "RDS.6: what the operating system does shows only there"
        assert instance["MonitoringRoleArn"]
        assert instance["AutoMinorVersionUpgrade"], "RDS.13: minor versions are where holes are closed"
        assert instance["BackupRetentionPeriod"] >= (7 if standing.name == "prod" else 1), "RDS.11"


def test_databases_can_be_entered_by_iam_and_have_no_usual_admin(standing: Standing) -> None:
    for instance in every(_instances(standing)):
        assert instance["IAMDatabaseAuthenticationEnabled"], "RDS.10: a token that ends is safer than a password"
        assert instance["MasterUsername"] not in ("admin", "postgres"), "RDS.25: half of a login is known otherwise"


def test_databases_live_in_the_stacks_network(standing: Standing) -> None:
    for instance in every(_instances(standing)):
        assert instance["DBSubnetGroup"]["VpcId"] == _own_vpc(standing), "RDS.18: security groups guard what is in it"


def test_what_happens_to_databases_is_reported(standing: Standing) -> None:
    rds = standing.client("rds")
    topics = {topic["TopicArn"] for topic in _pages(standing.client("sns"), "list_topics", "Topics")}
    reported: dict[str, set[str]] = {}
    for subscription in every(_pages(rds, "describe_event_subscriptions", "EventSubscriptionsList")):
        assert subscription["Enabled"]
        assert subscription["SnsTopicArn"] in topics
        reported.setdefault(subscription["SourceType"], set()).update(subscription["EventCategoriesList"])
    assert reported["db-instance"] >= {"configuration change", "failure", "maintenance"}, "RDS.20: nobody would know"
    assert reported["db-parameter-group"] >= {"configuration change"}, "RDS.21: TLS is forced there"
    assert reported["db-security-group"] >= {"configuration change", "failure"}, "RDS.22: so is who gets in"


# ECS


def test_tasks_share_nothing_of_their_host(standing: Standing) -> None:
    definitions = _definitions(standing)
    assert definitions
    for family, definition in every(definitions.items()):
        assert definition.get("pidMode") != "host", f"ECS.3: {family} could see and stop every process of its host"
        assert definition["networkMode"] == "awsvpc", f"ECS.17: {family} would pass by its security group"


def test_no_plain_variable_is_called_like_a_secret(standing: Standing) -> None:
    for family, container in every(_containers(standing)):
        plain = {variable["name"] for variable in container["environment"]}
        secret = sorted(name for name in plain if _SECRET_WORDS.search(name.upper()))
        assert not secret, f"ECS.8: whoever may describe {family} could read them"


def test_execution_and_task_roles_are_nobody_elses(standing: Standing) -> None:
    roles = [
        definition[role]
        for definition in _definitions(standing).values()
        for role in ("executionRoleArn", "taskRoleArn")
    ]
    assert len(set(roles)) == len(roles), "a shared role may do what any of its users needs"


def test_services_run_on_the_latest_platform(standing: Standing) -> None:
    for name, service in every(_services(standing).items()):
        # 1.4.0 is what LATEST means. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
        assert service["platformVersion"] in ("LATEST", "1.4.0"), f"ECS.10: {name} would miss the platform's patches"


def test_the_cluster_is_measured_and_its_shells_are_logged_and_encrypted(standing: Standing) -> None:
    ecs = standing.client("ecs")
    arns = ecs.list_clusters()["clusterArns"]
    (cluster,) = ecs.describe_clusters(clusters=arns, include=["SETTINGS", "CONFIGURATIONS"])["clusters"]
    settings = {setting["name"]: setting["value"] for setting in cluster["settings"]}
    assert settings["containerInsights"] in ("enabled", "enhanced"), "ECS.12: an attack shows in what tasks use"
    shell = cluster["configuration"]["executeCommandConfiguration"]
    assert shell["logging"] == "OVERRIDE", "what a person types in production is evidence"
    assert shell["logConfiguration"]["cloudWatchEncryptionEnabled"]
    assert shell["kmsKeyId"] == _own_key(standing)
    groups = {group["logGroupName"] for group in _pages(standing.client("logs"), "describe_log_groups", "logGroups")}
    assert shell["logConfiguration"]["cloudWatchLogGroupName"] in groups
    assert f"/aws/ecs/containerinsights/{cluster['clusterName']}/performance" in groups, (
        "CloudWatch.16: Container Insights would make the group itself, without our key and our retention"
    )
    for name, service in every(_services(standing).items()):
        assert not service["enableExecuteCommand"], f"a shell in {name} needs a root file system that can be written"


# Load balancers


def test_every_load_balancer_speaks_recommended_tls_and_redirects_the_rest(standing: Standing) -> None:
    for _, _, listeners in _load_balancers(standing):
        _check_listeners(listeners)


def test_the_internal_load_balancer_meets_what_the_public_one_meets(account: Account) -> None:
    succeed(account.stack("staging", {"alicerce:adminCidrs": ["10.200.0.0/24"]}).up())
    balancers = _load_balancers(account)
    assert {balancer["Scheme"] for balancer, _, _ in balancers} == {"internal", "internet-facing"}
    waf = account.client("wafv2")
    for balancer, attributes, listeners in every(balancers):
        _check_listeners(listeners)
        assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true", "ELB.4: smuggled requests"
        assert attributes["routing.http.desync_mitigation_mode"] in ("defensive", "strictest"), "ELB.12: likewise"
        assert attributes["access_logs.s3.enabled"] == "true", "ELB.5: who did it would not be known"
        assert len(balancer["AvailabilityZones"]) >= 2, "ELB.13"
        acl = waf.get_web_acl_for_resource(ResourceArn=balancer["LoadBalancerArn"]).get("WebACL")
        assert acl, "ELB.16: whoever gets into the network would reach private paths without a firewall"
        assert waf.get_logging_configuration(ResourceArn=acl["ARN"])["LoggingConfiguration"], "WAF.11"


def _check_listeners(listeners: list[dict[str, Any]]) -> None:
    for listener in every(listeners):
        if listener["Protocol"] == "HTTPS":
            assert listener["SslPolicy"] in _RECOMMENDED_TLS, "ELB.17: older policies take ciphers that are broken"
        else:
            (action,) = listener["DefaultActions"]
            assert action["Type"] == "redirect", "ELB.1, ELB.18: what comes in the clear gets no answer but HTTPS"
            assert action["RedirectConfig"]["Protocol"] == "HTTPS"
    assert "HTTPS" in {listener["Protocol"] for listener in listeners}


def test_every_rule_of_the_firewall_is_measured(standing: Standing) -> None:
    waf = standing.client("wafv2")
    acls = waf.list_web_acls(Scope="REGIONAL")["WebACLs"]
    assert acls
    for summary in every(acls):
        acl = waf.get_web_acl(Name=summary["Name"], Id=summary["Id"], Scope="REGIONAL")["WebACL"]
        assert acl["Rules"], "WAF.10: a firewall without rules lets everything through"
        assert acl["VisibilityConfig"]["CloudWatchMetricsEnabled"]
        for rule in every(acl["Rules"]):
            assert rule["VisibilityConfig"]["CloudWatchMetricsEnabled"], f"WAF.12: nobody sees {rule['Name']} at work"


# Stores


def test_caches_are_backed_up_upgraded_and_in_subnets_of_their_own(standing: Standing) -> None:
    cache = standing.client("elasticache")
    clusters = _pages(cache, "describe_cache_clusters", "CacheClusters")
    assert clusters
    for cluster in every(clusters):
        assert cluster["AutoMinorVersionUpgrade"], "ElastiCache.2: minor versions are where holes are closed"
        assert cluster["CacheSubnetGroupName"] != "default", "ElastiCache.7: the default group's subnets are public"
    for group in every(_pages(cache, "describe_replication_groups", "ReplicationGroups")):
        assert group["SnapshotRetentionLimit"] >= (1 if standing.name == "prod" else 0), "ElastiCache.1"


def test_everything_at_rest_is_encrypted_with_the_stacks_own_key(standing: Standing) -> None:
    key = _own_key(standing)
    rds, cache, mq = standing.client("rds"), standing.client("elasticache"), standing.client("mq")
    sns = standing.client("sns")
    keys: dict[str, str | None] = {}
    for instance in rds.describe_db_instances()["DBInstances"]:
        keys[instance["DBInstanceArn"]] = instance["KmsKeyId"]
        keys[f"{instance['DBInstanceArn']} insights"] = instance["PerformanceInsightsKMSKeyId"]
    for group in cache.describe_replication_groups()["ReplicationGroups"]:
        keys[group["ARN"]] = group["KmsKeyId"]
    for summary in mq.list_brokers()["BrokerSummaries"]:
        broker = mq.describe_broker(BrokerId=summary["BrokerId"])
        keys[broker["BrokerArn"]] = broker["EncryptionOptions"].get("KmsKeyId")
    for repository in _pages(standing.client("ecr"), "describe_repositories", "repositories"):
        keys[repository["repositoryArn"]] = repository["encryptionConfiguration"].get("kmsKey")
    for secret in _pages(standing.client("secretsmanager"), "list_secrets", "SecretList"):
        keys[secret["ARN"]] = secret.get("KmsKeyId")
    for group in _pages(standing.client("logs"), "describe_log_groups", "logGroups"):
        keys[group["arn"]] = group.get("kmsKeyId")
    for topic in _pages(sns, "list_topics", "Topics"):
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        keys[topic["TopicArn"]] = attributes.get("KmsMasterKeyId")
    assert len(keys) > 40
    others = {arn: used for arn, used in keys.items() if used != key}
    assert not others, "with another key, taking the key away would not take access away (SNS.1, ECR.5, RDS.3, …)"


def test_every_secret_is_read_by_a_task_or_a_function(standing: Standing) -> None:
    functions = standing.client("lambda").list_functions()["Functions"]
    roles = {function["Role"].rpartition("/")[2] for function in functions}
    named = {
        arn
        for owner, statement in _allowed_to(standing)
        if owner in roles and statement["Action"] == "secretsmanager:GetSecretValue"
        for arn in _several(statement["Resource"])
    }
    named |= {
        variable["valueFrom"].rsplit(":", 3)[0]
        for _, container in _containers(standing)
        for variable in container["secrets"]
    }
    kept = {secret["ARN"] for secret in _pages(standing.client("secretsmanager"), "list_secrets", "SecretList")}
    assert kept == named, "SecretsManager.3: a secret that nobody uses is one that nobody would miss when it leaks"


def test_buckets_are_closed_versioned_and_forget(standing: Standing) -> None:
    s3 = standing.client("s3")
    # ELB's logs: no other bucket has an exception. See docs/security.md.
    log_buckets = {attributes["access_logs.s3.bucket"] for _, attributes, _ in _load_balancers(standing)}
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert names
    for name in every(names):
        blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        assert blocked and all(blocked.values()), "S3.8: one wrong policy would publish it"
        ownership = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
        assert [rule["ObjectOwnership"] for rule in ownership] == ["BucketOwnerEnforced"], (
            "S3.12: ACLs pass by policies"
        )
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled", "S3.14: an overwritten log is a lost one"
        refusals = [
            statement
            for statement in _statements(s3.get_bucket_policy(Bucket=name)["Policy"])
            if statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        ]
        assert [(r["Principal"], r["Action"]) for r in refusals] == [("*", "s3:*")], "S3.5: TLS only, for everyone"
        assert set(refusals[0]["Resource"]) == {f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"}
        rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
        active = [rule for rule in rules if rule["Status"] == "Enabled"]
        assert [rule for rule in active if "Expiration" in rule], "S3.13: what is kept for ever leaks one day"
        assert [rule for rule in active if "NoncurrentVersionExpiration" in rule], "S3.10: so do old versions"
        assert [rule for rule in active if "AbortIncompleteMultipartUpload" in rule], "parts that no listing shows"
        (encryption,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        algorithm = encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        if name in log_buckets:
            assert algorithm == "AES256", "a load balancer writes to no other kind, and would lose its logs"
        else:
            assert algorithm == "aws:kms", "S3.17"
            assert "LoggingEnabled" in s3.get_bucket_logging(Bucket=name), "S3.9"


# Network


def test_no_subnet_gives_public_addresses(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [_own_vpc(standing)]}])["Subnets"]
    assert len(subnets) == (9 if standing.name == "prod" else 6)
    for subnet in every(subnets):
        assert not subnet["MapPublicIpOnLaunch"], "EC2.15: what starts there by mistake would be on the internet"
        assert not subnet["AssignIpv6AddressOnCreation"]


def test_only_nat_and_load_balancers_have_public_addresses(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    gateways = {
        address["AllocationId"]
        for gateway in ec2.describe_nat_gateways()["NatGateways"]
        for address in gateway["NatGatewayAddresses"]
    }
    assert {address["AllocationId"] for address in ec2.describe_addresses()["Addresses"]} == gateways, (
        "EC2.9: an address that isn't a gateway's is a way in"
    )


def test_images_and_shells_are_reached_without_the_internet(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    region = ec2.meta.region_name
    endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [_own_vpc(standing)]}])["VpcEndpoints"]
    private = {endpoint["ServiceName"] for endpoint in endpoints if endpoint.get("PrivateDnsEnabled")}
    assert private >= {f"com.amazonaws.{region}.{service}" for service in ("ecr.api", "ecr.dkr", "ssm")}, (
        "EC2.55, EC2.56, EC2.57: what passes the internet can be watched there"
    )
    groups = {group["GroupId"] for e in endpoints if e["VpcEndpointType"] == "Interface" for group in e["Groups"]}
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": sorted(groups)}])
    for rule in every(rule for rule in rules["SecurityGroupRules"] if not rule["IsEgress"]):
        assert (rule["FromPort"], rule["ToPort"]) == (443, 443)
        assert rule.get("CidrIpv4") not in _ANYWHERE


def test_no_rule_opens_all_ports_or_all_protocols(standing: Standing) -> None:
    ec2 = standing.client("ec2")
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [_own_vpc(standing)]}])
    ids = {group["GroupId"] for group in groups["SecurityGroups"]}
    rules = [rule for rule in ec2.describe_security_group_rules()["SecurityGroupRules"] if rule["GroupId"] in ids]
    assert rules
    for rule in every(rules):
        assert rule["IpProtocol"] == "tcp", "EC2.18: what speaks no TCP speaks to nobody here"
        assert rule["FromPort"] == rule["ToPort"], f"EC2.19: a range opens ports that nobody thought of: {rule}"
        assert rule.get("Description"), "a rule without a reason is one that nobody dares to remove"


# Keys, topics, alarms


def test_the_key_rotates_and_names_who_uses_it(standing: Standing) -> None:
    kms = standing.client("kms")
    key = _own_key(standing)
    account = key.split(":")[4]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"], "KMS.4"
    services = set()
    for statement in every(_statements(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])):
        assert statement["Effect"] == "Allow"
        if statement["Principal"] == {"AWS": f"arn:aws:iam::{account}:root"}:
            continue  # IAM decides; without it a key can be locked away from everyone
        assert set(statement["Principal"]) == {"Service"}, "KMS.5: a key that others may use is no lock"
        assert account in json.dumps(statement["Condition"]), "a service would use it in another account's name"
        assert not [a for a in statement["Action"] if a in ("kms:*", "kms:PutKeyPolicy", "kms:CreateGrant")]
        services.update(_several(statement["Principal"]["Service"]))
    region = key.split(":")[3]
    assert services == {f"logs.{region}.amazonaws.com", "cloudwatch.amazonaws.com", "events.rds.amazonaws.com"}


def test_topics_take_messages_from_named_services_of_this_account_only(standing: Standing) -> None:
    sns = standing.client("sns")
    topics = _pages(sns, "list_topics", "Topics")
    assert topics
    for topic in every(topics):
        attributes = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]
        allowed = [s for s in _statements(attributes["Policy"]) if s["Effect"] == "Allow"]
        for statement in every(allowed):
            assert set(statement["Principal"]) == {"Service"}, "SNS.4: anyone could read what happens here, or lie"
            assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": attributes["Owner"]}}


def test_every_alarm_does_something(standing: Standing) -> None:
    alarms = _pages(standing.client("cloudwatch"), "describe_alarms", "MetricAlarms")
    ours = {alarm["AlarmName"] for alarm in alarms} - {
        alarm["AlarmName"] for alarm in alarms if alarm["AlarmName"].startswith("TargetTracking-")
    }
    web = ("aprendeai-api", "aprendeai-frontend", "equivalence-api")
    assert ours == {f"{standing.name}-{name}-{what}" for name in web for what in ("errors", "latency")}
    topics = {topic["TopicArn"] for topic in _pages(standing.client("sns"), "list_topics", "Topics")}
    for alarm in every(alarm for alarm in alarms if alarm["AlarmName"] in ours):
        assert set(alarm["AlarmActions"]) <= topics
    for alarm in every(alarms):
        assert alarm["ActionsEnabled"], f"CloudWatch.17: {alarm['AlarmName']} rings and nobody hears it"
        assert alarm["AlarmActions"], f"CloudWatch.15: {alarm['AlarmName']} has nobody to tell"


# IAM


def _allowed_to(standing: Standing) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each statement of the stack's own policies that says what someone may do, with whose it is."""
    iam = standing.client("iam")
    for role in _pages(iam, "list_roles", "Roles"):
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)
            yield from ((role["RoleName"], statement) for statement in _statements(policy["PolicyDocument"]))
    for policy in _pages(iam, "list_policies", "Policies", Scope="Local"):
        version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        yield from (
            (policy["PolicyName"], statement) for statement in _statements(version["PolicyVersion"]["Document"])
        )


def _allowed_on(standing: Standing) -> list[tuple[str, dict[str, Any]]]:
    """Return each statement of resources' policies, with the resource. The network's endpoints: docs/security.md."""
    return [(name, statement) for name, policy in _resource_policies(standing) for statement in _statements(policy)]


def _resource_policies(standing: Standing) -> Iterator[tuple[str, Any]]:
    s3, sns, kms = standing.client("s3"), standing.client("sns"), standing.client("kms")
    manager, ecr, logs = standing.client("secretsmanager"), standing.client("ecr"), standing.client("logs")
    for bucket in s3.list_buckets()["Buckets"]:
        yield bucket["Name"], s3.get_bucket_policy(Bucket=bucket["Name"])["Policy"]
    for topic in _pages(sns, "list_topics", "Topics"):
        policy = sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["Policy"]
        yield topic["TopicArn"], policy
    yield "the key", kms.get_key_policy(KeyId=_own_key(standing), PolicyName="default")["Policy"]
    for secret in _pages(manager, "list_secrets", "SecretList"):
        if policy := manager.get_resource_policy(SecretId=secret["ARN"]).get("ResourcePolicy"):
            yield secret["ARN"], policy
    for repository in _pages(ecr, "describe_repositories", "repositories"):
        try:
            policy = ecr.get_repository_policy(repositoryName=repository["repositoryName"])["policyText"]
        except ecr.exceptions.RepositoryPolicyNotFoundException:
            continue
        yield repository["repositoryArn"], policy
    for group in logs.describe_resource_policies()["resourcePolicies"]:
        yield group["policyName"], group["policyDocument"]


def test_no_policy_allows_everything_or_all_of_a_service(standing: Standing) -> None:
    statements = list(_allowed_to(standing))
    assert len(statements) > 30
    for owner, statement in every(one for one in statements if one[1]["Effect"] == "Allow"):
        assert "NotAction" not in statement and "NotResource" not in statement, f"{owner}: all but a few is most"
        wide = [action for action in _several(statement["Action"]) if action == "*" or action.endswith(":*")]
        assert not wide, f"IAM.1, IAM.21: {owner} may do what nobody has thought of yet"


def test_what_a_policy_allows_names_its_resource(standing: Standing) -> None:
    allowed = [one for one in _allowed_to(standing) if one[1]["Effect"] == "Allow"]
    for owner, statement in every(one for one in allowed if "*" in _several(one[1]["Resource"])):
        wide = set(_several(statement["Action"])) - _WITHOUT_RESOURCE
        assert not wide, f"{owner} may do it to everything in the account"
    for owner, statement in every(one for one in allowed if "cloudwatch:PutMetricData" in _several(one[1]["Action"])):
        assert "cloudwatch:namespace" in statement["Condition"]["StringEquals"], f"{owner} may forge any metric"


def test_the_one_policy_of_aws_is_that_of_enhanced_monitoring(standing: Standing) -> None:
    iam = standing.client("iam")
    attached = {
        policy["PolicyArn"]
        for role in _pages(iam, "list_roles", "Roles")
        for policy in iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    }
    assert attached == {"arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"}, (
        "AWS widens its policies without asking; this one writes to RDS's own log group"
    )


def test_there_are_no_users_and_no_access_keys(standing: Standing) -> None:
    assert not standing.client("iam").list_users()["Users"], "a key that doesn't end is one that leaks"


def test_each_role_trusts_one_service_and_only_for_this_account(standing: Standing) -> None:
    iam = standing.client("iam")
    account = standing.client("sts").get_caller_identity()["Account"]
    trusted = set()
    for role in every(_pages(iam, "list_roles", "Roles")):
        (statement,) = _statements(role["AssumeRolePolicyDocument"])
        assert statement["Action"] == "sts:AssumeRole"
        assert set(statement["Principal"]) == {"Service"}, f"{role['RoleName']}: no person and no account takes it"
        if statement["Principal"]["Service"] == "ecs.amazonaws.com":
            continue  # See docs/security.md.
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == account, (
            f"another account could have the service take {role['RoleName']} for it"
        )
        sources = [s for operator in ("ArnLike", "ArnEquals") for s in statement["Condition"].get(operator, {}).items()]
        assert [key for key, _ in sources] == ["aws:SourceArn"]
        trusted.update(_several(statement["Principal"]["Service"]))
    assert trusted == {
        "ecs-tasks.amazonaws.com",
        "lambda.amazonaws.com",
        "monitoring.rds.amazonaws.com",
        "scheduler.amazonaws.com",
        "vpc-flow-logs.amazonaws.com",
    }


def test_ecs_moves_the_traffic_of_each_service_with_a_role_for_nothing_else(standing: Standing) -> None:
    iam, services = standing.client("iam"), _services(standing)
    roles = {role["Arn"]: role["RoleName"] for role in _pages(iam, "list_roles", "Roles")}
    balanced = [(name, balancer) for name, service in services.items() for balancer in service["loadBalancers"]]
    assert len(balanced) == 3
    for name, balancer in every(balanced):
        advanced = balancer["advancedConfiguration"]
        role = roles[advanced["roleArn"]]
        (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        allowed = {s["Sid"]: set(_several(s["Resource"])) for s in _statements(document) if s["Sid"] != "Describe"}
        rule = advanced["productionListenerRule"]
        listener = rule.rpartition("/")[0].replace(":listener-rule/", ":listener/")
        assert allowed == {
            "RegisterTargets": {balancer["targetGroupArn"], advanced["alternateTargetGroupArn"]},
            "ModifyRules": {rule},
            "ModifyListeners": {listener},
        }, f"{name}: AWS's own policy allows it for every load balancer of the account"


def test_no_resource_is_anyones_without_a_condition(standing: Standing) -> None:
    statements = _allowed_on(standing)
    assert len(statements) >= 8
    for resource, statement in every(statements):
        assert "NotPrincipal" not in statement, resource
    for resource, statement in every(one for one in statements if _is_everyone(one[1]["Principal"])):
        assert statement["Effect"] == "Deny", f"{resource} is everyone's"
        assert statement["Condition"], f"{resource} would be nobody's"


def test_a_service_that_a_resource_lets_in_comes_for_this_account(standing: Standing) -> None:
    account = standing.client("sts").get_caller_identity()["Account"]
    allowed = [one for one in _allowed_on(standing) if one[1]["Effect"] == "Allow"]
    for resource, statement in every(one for one in allowed if "Service" in one[1]["Principal"]):
        bound = account in json.dumps(statement.get("Condition", {}))
        # A load balancer writes below its own account's number, and nowhere else.
        path = statement["Resource"].endswith(f"/AWSLogs/{account}/*")
        assert bound or path, f"{resource}: the service would come for another account as well"


# Lambda


def test_functions_stand_in_the_network_and_are_bounded_traced_and_encrypted(standing: Standing) -> None:
    client = standing.client("lambda")
    functions = client.list_functions()["Functions"]
    assert functions
    for function in every(functions):
        name = function["FunctionName"]
        assert function["VpcConfig"]["VpcId"] == _own_vpc(standing), f"{name}: stores are reached from nowhere else"
        reserved = client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
        assert 1 <= reserved <= 10, f"{name} could starve what else runs in the account, or be starved"
        assert function["DeadLetterConfig"]["TargetArn"], f"{name}: an event that is lost is told to nobody"
        assert function["TracingConfig"]["Mode"] == "Active", name
        assert function["PackageType"] == "Zip", f"{name}: its code is our own build"
        assert not function.get("Layers"), f"{name}: a layer is code of somebody else's"
    for function in every(function for function in functions if function.get("Environment", {}).get("Variables")):
        name = function["FunctionName"]
        assert function["KMSKeyArn"] == _own_key(standing), f"{name}: its variables are encrypted with the own key"


def test_functions_are_invoked_by_nobody_from_outside(standing: Standing) -> None:
    client = standing.client("lambda")
    for function in every(client.list_functions()["Functions"]):
        # A function's URL, too, lets in only whom the policy lets in.
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_policy(FunctionName=function["FunctionName"])
    resources = {resource.type for resource in standing.stack.resources()}
    assert not resources & {"aws:lambda/functionUrl:FunctionUrl", "aws:lambda/permission:Permission"}


# What isn't there yet


@pytest.mark.parametrize(
    ("service", "call", "key", "controls"),
    [
        ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups", "AutoScaling.2, .3, .4, .9"),
        ("ec2", "describe_launch_templates", "LaunchTemplates", "EC2.25, .170, .181"),
        ("ec2", "describe_instances", "Reservations", "EC2.8, .9"),
        ("backup", "list_backup_plans", "BackupPlansList", "Backup.1, RDS.26"),
        ("sqs", "list_queues", "QueueUrls", "SQS"),
    ],
)
def test_nothing_stands_whose_controls_are_listed_as_not_built(
    standing: Standing, service: str, call: str, key: str, controls: str
) -> None:
    assert not getattr(standing.client(service), call)().get(key), (
        f"it is there now: test its controls ({controls}), and move them up in docs/security.md"
    )


def test_every_test_that_the_table_names_exists() -> None:
    table = (ROOT / "docs" / "security.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", table))
    files = [*Path(ROOT / "tests").rglob("test_*.py")]
    known = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    assert named, "the table says by which test each control is shown"
    assert not named - known
    own = set(re.findall(r"^def (test_\w+)", Path(__file__).read_text(), re.MULTILINE))
    assert not own - named - {"test_every_test_that_the_table_names_exists"}, "a test that the table doesn't name"
