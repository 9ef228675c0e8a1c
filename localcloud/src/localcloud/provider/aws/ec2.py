"""What the resource types of EC2 share: tags, and how something that isn't there is answered."""

from typing import Any, ClassVar

from localcloud.provider.api import ApiResource, Tagging
from localcloud.provider.base import Properties
from localcloud.provider.shapes import tag_list


class Ec2Resource(ApiResource):
    """A resource of EC2, tagged by its id."""

    service = "ec2"
    #: EC2's name of the type where tags are given on creation, such as `natgateway`.
    noun: ClassVar[str] = ""
    # All its codes for that end so:
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-codes-table-client
    not_found = ("*NotFound",)
    tagging = Tagging("Resources", "create_tags", "delete_tags", reads="", by="id")

    def tags_argument(self, inputs: Properties) -> Properties:
        """Return the argument that tags a resource as it is created, or none without tags."""
        if not inputs.get("tags") or not self.noun:
            return {}
        return {"TagSpecifications": [{"ResourceType": self.noun, "Tags": tag_list(inputs["tags"])}]}


def only(items: list[Any], what: str) -> Any:  # noqa: ANN401 - as above
    """Return the only item that a data source found.

    Raises:
        LookupError: in the official provider's words, when there is none or more than one.
    """
    if not items:
        raise LookupError(f"no matching {what} found")
    if len(items) > 1:
        raise LookupError(f"multiple {what}s matched; use additional constraints to reduce matches to a single {what}")
    return items[0]
