"""What the resource types of EC2 share: tags, and describing one thing by its id."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from localcloud.provider.base import Properties, ResourceType
from localcloud.provider.session import Session
from localcloud.provider.shapes import code_of, tag_changes, tag_list


class Ec2Resource(ResourceType):
    """A resource of EC2, tagged by its id."""

    #: EC2's name of the type where tags are given on creation, such as `natgateway`.
    noun: ClassVar[str] = ""
    #: Inputs of the schema that the local cloud doesn't carry out; they are refused rather than ignored.
    missing: ClassVar[frozenset[str]] = frozenset()

    def validate(self, inputs: Properties) -> Iterable[tuple[str, str]]:
        """Refuse what would be ignored."""
        return refused(inputs, self.missing)

    def tag_specifications(self, inputs: Properties) -> dict[str, Any]:
        """Return the argument that tags a resource as it is created, or none without tags."""
        if not inputs.get("tags"):
            return {}
        return {"TagSpecifications": [{"ResourceType": self.noun, "Tags": tag_list(inputs["tags"])}]}

    def update(self, aws: Session, id: str, old: Properties, new: Properties) -> None:
        """Update the tags; types that change otherwise do so beside it."""
        retag(aws, id, old, new)


def refused(inputs: Properties, missing: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Yield a check failure for each input that the local cloud has no way to carry out."""
    for name in sorted(missing):
        if inputs.get(name) not in (None, False, "", [], {}):
            yield name, "the local cloud doesn't carry this input out; leave it out there"


def retag(aws: Session, id: str, old: Properties, new: Properties) -> None:
    """Bring the tags of an EC2 resource from the old to the new ones."""
    put, drop = tag_changes(old.get("tags"), new.get("tags"))
    if drop:
        aws.client("ec2").delete_tags(Resources=[id], Tags=[{"Key": key} for key in drop])
    if put:
        aws.client("ec2").create_tags(Resources=[id], Tags=tag_list(put))


def one(call: Callable[[], list[Any]]) -> Any:  # noqa: ANN401 - botocore's answers are dicts of anything
    """Return the only item that a describe call answers, or None when it isn't there.

    EC2's codes for that all end in `.NotFound` (or `NotFound`):
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-codes-table-client
    """
    try:
        items = call()
    except ClientError as error:
        if code_of(error).endswith("NotFound"):
            return None
        raise
    return items[0] if items else None


def filters(args: Properties, **simple: str) -> list[dict[str, Any]]:
    """Return an invoke's `filters` and `tags`, and the named simple arguments, as EC2's filters.

    Args:
        args: the invoke's arguments.
        simple: `argument="filter-name"`.
    """
    found = [{"Name": item["name"], "Values": item["values"]} for item in args.get("filters") or ()]
    found += [{"Name": f"tag:{key}", "Values": [value]} for key, value in (args.get("tags") or {}).items()]
    for key, name in simple.items():
        if (value := args.get(key)) is not None:
            found.append({"Name": name, "Values": [str(value).lower() if isinstance(value, bool) else str(value)]})
    return found


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


def members(source: Mapping[str, Any], key: str, member: str) -> list[Any]:
    """Return one member of each item of a list, such as the `GroupId` of `Groups`."""
    return [item[member] for item in source.get(key) or ()]
