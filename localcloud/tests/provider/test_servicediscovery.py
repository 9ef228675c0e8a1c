"""Cloud Map over its life."""

from collections.abc import Callable

from localcloud.provider.session import Session
from support.driver import Life

Crud = Callable[..., Life]


def test_an_http_namespace_has_its_name(crud: Crud) -> None:
    life = crud(
        "aws:servicediscovery/httpNamespace:HttpNamespace",
        {"name": "prod", "description": "a", "tags": {"a": "b"}},
        {"description": "b", "tags": {"a": "c"}},
    )
    assert life.created["arn"].startswith("arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-")
    assert life.created["httpName"] == "prod"


def test_a_private_namespace_has_a_hosted_zone(crud: Crud, aws: Session) -> None:
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    life = crud(
        "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
        {"name": "internal", "vpc": vpc},
        {"description": "x"},
    )
    assert life.created["hostedZone"].startswith("Z")


def test_a_service_has_its_records(crud: Crud, aws: Session) -> None:
    client = aws.client("servicediscovery")
    vpc = aws.client("ec2").create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    client.create_private_dns_namespace(Name="internal", Vpc=vpc)
    namespace = client.list_namespaces()["Namespaces"][0]["Id"]
    crud(
        "aws:servicediscovery/service:Service",
        {
            "name": "ai",
            "namespaceId": namespace,
            "dnsConfig": {"namespaceId": namespace, "dnsRecords": [{"ttl": 10, "type": "A"}]},
        },
        {"description": "x"},
    )
