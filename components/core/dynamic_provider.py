"""What the dynamic providers of the program have in common.

Pulumi runs a dynamic provider in a process of its own.
https://www.pulumi.com/docs/iac/concepts/providers/dynamic-providers/
"""

from collections.abc import Mapping
from typing import Any

from pulumi import dynamic

from components.core import aws_clients


class AwsDynamicProvider(dynamic.ResourceProvider):
    """A dynamic provider that calls AWS with the credentials of the AWS provider."""

    #: Nothing secret is captured, so that the state stays readable.
    serialize_as_secret_always = False

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Use the stack's credentials."""
        aws_clients.configure(req.config.get)


def state_of(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of a resource for its state: all but the provider itself."""
    return {key: value for key, value in props.items() if key != dynamic.dynamic.PROVIDER_KEY}
