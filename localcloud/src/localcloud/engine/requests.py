"""The SDK's provider requests, with what they lack.

The SDK's own take a resource's type from its URN together with the types of its parents, and carry no old inputs,
both of which the official engine sends (https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto).
"""

from pulumi.provider.experimental import provider as sdk

from localcloud.engine.urns import name_of, type_of
from localcloud.engine.values import PropertyMap


class _Named:
    """Takes type and name from the URN, without the parents' types."""

    urn: str
    #: The inputs of the last run, where there was one.
    old_inputs: PropertyMap

    @property
    def type(self) -> str:
        return type_of(self.urn)

    @property
    def name(self) -> str:
        return name_of(self.urn)


class CheckRequest(_Named, sdk.CheckRequest):
    """Checks inputs."""


class DiffRequest(_Named, sdk.DiffRequest):
    """Compares a resource with new inputs."""


class CreateRequest(_Named, sdk.CreateRequest):
    """Creates a resource."""

    #: Stands for this one create: the same again is the same create, begun by a run that was killed.
    token: str = ""


class ReadRequest(_Named, sdk.ReadRequest):
    """Reads a resource back."""


class UpdateRequest(_Named, sdk.UpdateRequest):
    """Updates a resource."""


class DeleteRequest(_Named, sdk.DeleteRequest):
    """Deletes a resource."""
