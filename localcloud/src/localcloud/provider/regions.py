"""Which types of the aws package have a `region` of their own.

Since its version 7 every regional resource takes a region, the provider's unless the program says another:
https://www.pulumi.com/registry/packages/aws/how-to-guides/aws-enhanced-region-support
"""

#: Modules of services that aren't regional.
_GLOBAL = frozenset({"account", "billing", "budgets", "cloudfront", "costexplorer", "iam", "index", "organizations"})


def regional(token: str) -> bool:
    """Tell whether resources of this type live in a region.

    Args:
        token: the type's Pulumi token, such as `aws:ec2/vpc:Vpc`.
    """
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")[0].partition("/")
    if module == "route53":
        return name.startswith("resolver")  # zones and records are global, resolvers aren't
    return package == "aws" and module not in _GLOBAL
