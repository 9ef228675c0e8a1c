"""The security group of a task or a function, with the egress rule for HTTPS that all of them need."""

import pulumi
import pulumi_aws as aws

from components.core.naming import Tags


def client_security_group(
    name: str,
    *,
    vpc_id: pulumi.Input[str],
    title: str,
    tags: Tags,
    opts: pulumi.ResourceOptions,
    of: str = "Tasks of",
) -> tuple[aws.ec2.SecurityGroup, aws.vpc.SecurityGroupEgressRule]:
    """Create a security group and its egress rule for HTTPS.

    Registries, Secrets Manager, logs and third parties' APIs all speak TLS on 443; stores are opened one by one.

    Args:
        name: beginning of the children's names.
        vpc_id: the network that the task runs in.
        title: what a person knows the group by.
        tags: tags of both.
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
    return group, https
