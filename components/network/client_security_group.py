"""The security group of a task or a function: HTTPS to the outside, and one port of each store that it needs."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.core.endpoint import Endpoint
from components.core.naming import Tags
from components.network.connection import Connection, ConnectionArgs


def client_security_group(
    name: str,
    *,
    vpc_id: pulumi.Input[str],
    title: str,
    stores: Mapping[str, Endpoint],
    tags: Tags,
    opts: pulumi.ResourceOptions,
    of: str = "Tasks of",
) -> tuple[aws.ec2.SecurityGroup, list[pulumi.Resource]]:
    """Create a security group and the rules that let its members out; return it, and what holds the rules.

    Registries, Secrets Manager, logs and third parties' APIs all speak TLS on 443; stores are opened one by one.

    Args:
        name: beginning of the children's names.
        vpc_id: the network that the task runs in.
        title: what a person knows the group by.
        stores: what else is reached, by name.
        tags: tags of every child.
        opts: the caller's options, with the parent.
        of: what the group is of, for its description.
    """
    group = aws.ec2.SecurityGroup(
        f"{name}-group",
        description=f"{of} {title}",
        vpc_id=vpc_id,
        tags={**tags, "Name": title},
        opts=opts,
    )
    https = aws.vpc.SecurityGroupEgressRule(
        f"{name}-https",
        security_group_id=group.id,
        description="HTTPS to AWS and to third parties",
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4="0.0.0.0/0",
        tags=tags,
        opts=opts,
    )
    connections = [
        Connection(
            f"{name}-{store}",
            ConnectionArgs(
                source_security_group_id=group.id, target=endpoint, description=f"{title} to {store}", tags=tags
            ),
            opts,
        )
        for store, endpoint in stores.items()
    ]
    return group, [https, *connections]
