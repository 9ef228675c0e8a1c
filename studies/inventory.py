"""All that an emulated account holds, listed by AWS's own calls, to tell what a run left twice or left behind."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.provider.session import Session


@dataclass(frozen=True)
class Thing:
    """One thing in the account.

    Attributes:
        kind: what it is.
        id: what AWS knows it by; empty where it comes and goes with another thing, which the state knows.
        name: what a person knows it by, without what is random in it.
    """

    kind: str
    id: str
    name: str


def take(session: Session) -> list[Thing]:
    """List everything in the account."""
    return [thing for look in _LOOKS for thing in look(session)]


def names(things: Iterable[Thing]) -> Counter[tuple[str, str]]:
    """Count things by kind and name."""
    return Counter((thing.kind, thing.name) for thing in things)


def _stable(name: str) -> str:
    """Take out of a name what differs from run to run: hexadecimal digits, a time, a number of AWS's."""
    return re.sub(r"[0-9a-f]{7,}", "*", name)


def _tag_name(item: dict[str, Any]) -> str:
    return next((tag["Value"] for tag in item.get("Tags") or () if tag["Key"] == "Name"), "")


def _pages(client: Any, call: str, member: str, **given: Any) -> Iterator[Any]:  # noqa: ANN401 - boto3
    if client.can_paginate(call):
        for page in client.get_paginator(call).paginate(**given):
            yield from page[member]
    else:
        yield from getattr(client, call)(**given)[member]


def _plain(service: str, call: str, member: str, id: str, name: str = "", **given: Any) -> Callable[..., Any]:  # noqa: ANN401
    """Return what lists things whose id and name are members of each."""

    def look(session: Session) -> Iterator[Thing]:
        for item in _pages(session.client(service), call, member, **given):
            known = item if isinstance(item, str) else item[id]
            kind = f"{service} {call.partition('_')[2]}"
            yield Thing(kind, known, _stable(known if isinstance(item, str) else item[name or id]))

    return look


def _tagged(call: str, member: str, id: str, **given: Any) -> Callable[..., Any]:  # noqa: ANN401
    """Return what lists EC2's things, which have tags in the place of names."""

    def look(session: Session) -> Iterator[Thing]:
        for item in _pages(session.client("ec2"), call, member, **given):
            if item.get("State") == "deleted":
                continue
            # A main route table, for instance, comes and goes with its VPC, and has no tags.
            yield Thing(f"ec2 {call.partition('_')[2]}", item[id] if item.get("Tags") else "", _tag_name(item))

    return look


def _groups(session: Session) -> Iterator[Thing]:
    ec2 = session.client("ec2")
    called = {}
    for group in _pages(ec2, "describe_security_groups", "SecurityGroups"):
        called[group["GroupId"]] = name = _stable(group["GroupName"])
        yield Thing("ec2 security_groups", group["GroupId"], f"{name} {_tag_name(group)}")
    for rule in _pages(ec2, "describe_security_group_rules", "SecurityGroupRules"):
        way = "out" if rule["IsEgress"] else "in"
        other = called.get(rule.get("ReferencedGroupInfo", {}).get("GroupId", ""), "")
        whom = rule.get("CidrIpv4") or rule.get("CidrIpv6") or other
        ports = f"{rule.get('FromPort')}-{rule.get('ToPort')}"
        name = f"{called.get(rule['GroupId'])} {way} {rule['IpProtocol']} {ports} {whom}"
        yield Thing("ec2 security_group_rules", rule["SecurityGroupRuleId"], name)


def _roles(session: Session) -> Iterator[Thing]:
    iam = session.client("iam")
    for role in _pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        yield Thing("iam roles", name, _stable(name))
        for policy in _pages(iam, "list_role_policies", "PolicyNames", RoleName=name):
            yield Thing("iam role policies", f"{name}:{policy}", f"{_stable(name)} {_stable(policy)}")
        for policy in _pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name):
            yield Thing("iam attached policies", f"{name}/{policy['PolicyArn']}", f"{_stable(name)} {policy}")


def _keys(session: Session) -> Iterator[Thing]:
    kms = session.client("kms")
    alive = set()
    for key in _pages(kms, "list_keys", "Keys"):
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described["KeyState"] != "PendingDeletion" and described["KeyManager"] == "CUSTOMER":
            alive.add(key["KeyId"])
            yield Thing("kms keys", key["KeyId"], described["Description"])
    for alias in _pages(kms, "list_aliases", "Aliases"):
        if not alias["AliasName"].startswith("alias/aws/"):
            yield Thing("kms aliases", alias["AliasName"], str(alias.get("TargetKeyId") in alive))


def _secrets(session: Session) -> Iterator[Thing]:
    manager = session.client("secretsmanager")
    for secret in _pages(manager, "list_secrets", "SecretList"):
        name = _stable(secret["Name"])
        yield Thing("secrets", secret["ARN"], name)
        for version in manager.list_secret_version_ids(SecretId=secret["ARN"])["Versions"]:
            if version["VersionStages"]:
                stages = sorted(map(_stable, version["VersionStages"]))
                yield Thing("secret versions", version["VersionId"], f"{name} {stages}")


def _balancers(session: Session) -> Iterator[Thing]:
    elb = session.client("elbv2")
    for balancer in _pages(elb, "describe_load_balancers", "LoadBalancers"):
        name = _stable(balancer["LoadBalancerName"])
        yield Thing("elbv2 load balancers", balancer["LoadBalancerArn"], name)
        for listener in _pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"]):
            yield Thing("elbv2 listeners", listener["ListenerArn"], f"{name} {listener['Port']}")
            for rule in _pages(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
                id = "" if rule["IsDefault"] else rule["RuleArn"]
                yield Thing("elbv2 rules", id, f"{name} {listener['Port']} {rule['Priority']}")
    for group in _pages(elb, "describe_target_groups", "TargetGroups"):
        where = [_stable(arn.split("/")[2]) for arn in group["LoadBalancerArns"]]
        yield Thing("elbv2 target groups", group["TargetGroupArn"], f"{group['Port']} {where}")


def _containers(session: Session) -> Iterator[Thing]:
    ecs = session.client("ecs")
    for cluster in _pages(ecs, "list_clusters", "clusterArns"):
        described = ecs.describe_clusters(clusters=[cluster])["clusters"][0]
        if described["status"] == "ACTIVE":
            yield Thing("ecs clusters", cluster, described["clusterName"])
        for service in _pages(ecs, "list_services", "serviceArns", cluster=cluster):
            described = ecs.describe_services(cluster=cluster, services=[service])["services"][0]
            state = f"{described['status']} {described['desiredCount']} {described['runningCount']}"
            yield Thing("ecs services", service, f"{described['serviceName']} {state}")
    for definition in _pages(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE"):
        yield Thing("ecs task definitions", definition, definition.split("/")[1].partition(":")[0])


def _zones(session: Session) -> Iterator[Thing]:
    route53 = session.client("route53")
    for zone in _pages(route53, "list_hosted_zones", "HostedZones"):
        id = zone["Id"].rpartition("/")[2]
        yield Thing("route53 zones", id, zone["Name"])
        for record in _pages(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=id):
            yield Thing("route53 records", "", f"{zone['Name']} {_stable(record['Name'])} {record['Type']}")


_LOOKS: tuple[Callable[[Session], Iterator[Thing]], ...] = (
    _tagged("describe_vpcs", "Vpcs", "VpcId"),
    _tagged("describe_subnets", "Subnets", "SubnetId"),
    _tagged("describe_route_tables", "RouteTables", "RouteTableId"),
    _tagged("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    _tagged("describe_nat_gateways", "NatGateways", "NatGatewayId"),
    _tagged("describe_addresses", "Addresses", "AllocationId"),
    _tagged("describe_network_acls", "NetworkAcls", "NetworkAclId"),
    _tagged("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    _tagged("describe_flow_logs", "FlowLogs", "FlowLogId"),
    _groups,
    _roles,
    _plain("iam", "list_policies", "Policies", "Arn", "PolicyName", Scope="Local"),
    _plain("logs", "describe_log_groups", "logGroups", "logGroupName"),
    _plain("logs", "describe_resource_policies", "resourcePolicies", "policyName"),
    _keys,
    _secrets,
    _plain("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    _plain("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    _plain("rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    _plain("rds", "describe_event_subscriptions", "EventSubscriptionsList", "CustSubscriptionId"),
    _plain("rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier", SnapshotType="manual"),
    _plain("elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
    _plain("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"),
    _plain("elasticache", "describe_cache_parameter_groups", "CacheParameterGroups", "CacheParameterGroupName"),
    _plain("elasticache", "describe_users", "Users", "UserId"),
    _plain("elasticache", "describe_user_groups", "UserGroups", "UserGroupId"),
    _plain("mq", "list_brokers", "BrokerSummaries", "BrokerId", "BrokerName"),
    _plain("mq", "list_configurations", "Configurations", "Id", "Name"),
    _balancers,
    _containers,
    _plain("ecr", "describe_repositories", "repositories", "repositoryName"),
    _zones,
    _plain("s3", "list_buckets", "Buckets", "Name"),
    _plain("servicediscovery", "list_namespaces", "Namespaces", "Id", "Name"),
    _plain("sns", "list_topics", "Topics", "TopicArn"),
    _plain("wafv2", "list_web_acls", "WebACLs", "Id", "Name", Scope="REGIONAL"),
    _plain("acm", "list_certificates", "CertificateSummaryList", "CertificateArn", "DomainName"),
    _plain("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    _plain("lambda", "list_functions", "Functions", "FunctionName"),
    _plain(
        "application-autoscaling", "describe_scalable_targets", "ScalableTargets", "ResourceId", ServiceNamespace="ecs"
    ),
)
