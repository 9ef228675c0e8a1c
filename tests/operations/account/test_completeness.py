"""Whether a release could run again."""

from operations.account import completeness, history
from operations.account.account import Account
from operations.account.history import Release
from operations.account.images import Registry
from operations.account.revisions import SecretReference
from operations.state import stack
from tests.operations.place import Place


def test_a_version_that_is_gone_is_named(place: Place) -> None:
    arn = place.client("secretsmanager").list_secrets()["SecretList"][0]["ARN"]
    gone = SecretReference(variable="JWT_SECRET", arn=arn, version="00000000-0000-0000-0000-000000000000")
    assert completeness.missing_versions(Account.open(), [gone]) == [
        "version 00000000-0000-0000-0000-000000000000 of JWT_SECRET isn't there any more"
    ]


def test_an_image_that_lost_its_tag_makes_a_release_incomplete(place: Place) -> None:
    class Untagged(Registry):
        def tags(self, image: object) -> tuple[str, ...]:
            return ("other",)

    account, found = Account.open(), Registry(Account.open())

    known = stack.read("local", place.root)
    newest: Release = history.releases_of(account, known, known.system("equivalence"), found)[-1]
    missing = completeness.missing_parts(account, Untagged(account), newest, "v1.0.0", migrates=True)
    digest = place.short_digest("equivalence-api", "v1.0.0")
    assert f"worker: v1.0.0 isn't a tag of the image {digest} in local/equivalence-api any more" in missing
    missing = completeness.missing_parts(account, Untagged(account), newest, None, migrates=True)
    assert f"worker: the image {digest} has no tag that the others have too" in missing
