"""How a client reaches a store or a service: from security group to security group, on one port."""

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.core.checks import InvalidValue, check_between
from components.core.endpoint import Endpoint
from components.core.naming import Tags, component_tags

#: What the description of a security group rule may be.
#: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
_DESCRIPTION = re.compile(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


@dataclass(frozen=True, kw_only=True)
class ConnectionArgs:
    """Who may reach whom, and where."""

    source_security_group_id: pulumi.Input[str]
    """The client's security group."""
    target: Endpoint
    """The server: its security group, and the one TCP port that opens."""
    description: str
    """Why, in a few words: AWS shows it beside both rules."""
    tags: Tags
    """Tags of both rules."""

    def __post_init__(self) -> None:
        """Refuse what AWS would refuse."""
        check_between(
            "ConnectionArgs.target.port", self.target.port, 1, 65535, "give the one port that the server listens on"
        )
        if not _DESCRIPTION.fullmatch(self.description):
            raise InvalidValue(
                "ConnectionArgs.description",
                self.description,
                "1 to 255 ASCII letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
                "write it without accents and quotes",
            )


class Connection(pulumi.ComponentResource):
    """One way from a client to a server.

    Creates one egress rule on the client's security group and one ingress rule on the server's, both TCP, both for
    one port, both naming the other group.

    Guarantees: nothing is opened to an address range, and neither group's other rules are touched (rule resources
    only: inline rules and rule resources of the same group undo each other,
    https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/).
    """

    def __init__(self, name: str, args: ConnectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Connection", name, None, opts)
        tags = component_tags(args.tags, "connection", Name=name)
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-egress",
            security_group_id=args.source_security_group_id,
            referenced_security_group_id=args.target.security_group_id,
            ip_protocol="tcp",
            from_port=args.target.port,
            to_port=args.target.port,
            description=args.description,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-ingress",
            security_group_id=args.target.security_group_id,
            referenced_security_group_id=args.source_security_group_id,
            ip_protocol="tcp",
            from_port=args.target.port,
            to_port=args.target.port,
            description=args.description,
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
