"""How a stack ends: nothing is left of it, and nothing that is protected goes by mistake."""

from typing import Any

import pytest

from tests.stacks.conftest import Account, succeed


def _inventory(account: Account) -> dict[str, Any]:
    """Return what the account holds, by kind."""
    client = account.client
    ec2 = client("ec2")
    return {
        "vpcs": sorted(v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"]),
        "subnets": sorted(s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]),
        "groups": sorted(g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]),
        "addresses": [a["AllocationId"] for a in ec2.describe_addresses()["Addresses"]],
        "gateways": [n["NatGatewayId"] for n in ec2.describe_nat_gateways()["NatGateways"] if n["State"] != "deleted"],
        "endpoints": [
            e["VpcEndpointId"] for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["State"] != "deleted"
        ],
        "interfaces": [n["NetworkInterfaceId"] for n in ec2.describe_network_interfaces()["NetworkInterfaces"]],
        "databases": sorted(
            (d["DBInstanceIdentifier"], d["DeletionProtection"])
            for d in client("rds").describe_db_instances()["DBInstances"]
        ),
        "caches": client("elasticache").describe_replication_groups()["ReplicationGroups"],
        "brokers": client("mq").list_brokers()["BrokerSummaries"],
        "balancers": client("elbv2").describe_load_balancers()["LoadBalancers"],
        "targets": client("elbv2").describe_target_groups()["TargetGroups"],
        "clusters": [
            c
            for c in client("ecs").describe_clusters(clusters=client("ecs").list_clusters()["clusterArns"])["clusters"]
            if c["status"] != "INACTIVE"
        ]
        if client("ecs").list_clusters()["clusterArns"]
        else [],
        "repositories": client("ecr").describe_repositories()["repositories"],
        "roles": sorted(r["RoleName"] for r in client("iam").list_roles()["Roles"]),
        "log groups": client("logs").describe_log_groups()["logGroups"],
        "secrets": client("secretsmanager").list_secrets()["SecretList"],
        "buckets": client("s3").list_buckets()["Buckets"],
        "zones": client("route53").list_hosted_zones()["HostedZones"],
        "certificates": client("acm").list_certificates()["CertificateSummaryList"],
        "firewalls": client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"],
        "topics": client("sns").list_topics()["Topics"],
        "namespaces": client("servicediscovery").list_namespaces()["Namespaces"],
        "aliases": [
            a["AliasName"]
            for a in client("kms").list_aliases()["Aliases"]
            if not a["AliasName"].startswith("alias/aws/")
        ],
    }


@pytest.mark.parametrize("name", ["local", "staging"])
def test_destroy_leaves_only_what_aws_gives_every_account(account: Account, name: str) -> None:
    before = _inventory(account)
    previewed = succeed(account.stack(name).preview())
    assert _inventory(account) == before, "a preview creates nothing"
    done = succeed(account.stack(name).up())
    assert {(s.op, s.urn) for s in previewed.changes} == {(s.op, s.urn) for s in done.changes}
    assert _inventory(account) != before
    succeed(account.stack(name).destroy())
    assert _inventory(account) == before
    assert not account.stack(name).resources()


def test_production_refuses_to_go_names_what_is_protected_and_says_how(account: Account) -> None:
    stack = account.stack("prod")
    succeed(stack.up())
    standing = _inventory(account)
    refused = stack.destroy()
    assert not refused.ok
    message = "\n".join(refused.errors)
    for part in ("aprendeai-database", "equivalence-database", "aprendeai-cache", "aprendeai-broker"):
        assert part in message, "whoever runs destroy has to learn which parts hold data"
    assert _inventory(account) == standing, "a refused destroy must not have begun"

    opened = account.stack("prod", {"alicerce:protection": "off"})
    changed = succeed(opened.up())
    assert {step.op for step in changed.changes} <= {"update"}
    succeed(opened.destroy())
    assert not opened.resources()
    rds = account.client("rds")
    snapshots = [s["DBSnapshotIdentifier"] for s in rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]]
    assert len([name for name in snapshots if name.endswith("-final")]) == 2, (
        "production leaves a final snapshot even when it is taken down on purpose"
    )
