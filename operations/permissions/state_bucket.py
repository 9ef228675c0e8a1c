"""What it takes to read and to write a stack's state in a bucket of the official CLI's backend.

Where it keeps what: https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/store.go, and lock.go beside it.
"""

from dataclasses import dataclass

from operations.permissions.scope import Scope
from operations.permissions.statements import Statement, allow


@dataclass(frozen=True, kw_only=True)
class StateBucket:
    """Where states are."""

    project: str
    """Pulumi's name of the project."""
    bucket: str
    """The bucket, with the folder of the backend in it: `bucket` or `bucket/folder`."""
    key: str | None = None
    """ARN of the key that encrypts states and the secrets in them."""

    @property
    def region(self) -> str | None:
        """The key's region, which is the bucket's too; None where there is no key."""
        return self.key.split(":")[3] if self.key is not None else None

    def read(self, scope: Scope) -> list[Statement]:
        """Return what it takes to read the state of any stack of the project: the checklist compares with another.

        Its secrets stay closed: they are encrypted once more, and the key opens the bucket's objects alone.
        """
        bucket = scope.resources.cluster.split(":")[1], self.bucket.partition("/")[0]
        found = [
            allow("s3:ListBucket", f"arn:{bucket[0]}:s3:::{bucket[1]}"),
            allow(
                "s3:GetObject", (self._objects(scope, "meta.yaml"), self._objects(scope, f"stacks/{self.project}/*"))
            ),
        ]
        if self.key is not None:
            through = {"kms:ViaService": f"s3.{self.region}.amazonaws.com"}
            found.append(allow("kms:Decrypt", self.key, {"StringEquals": through}))
        return found

    def write(self, scope: Scope) -> list[Statement]:
        """Return what it takes to run `up` for the stack: its state, its history, its locks, its secrets."""
        own = (f"stacks/{self.project}/{scope.stack.name}.json*", f"*/{self.project}/{scope.stack.name}/*")
        found = [
            *self.read(scope),
            allow("s3:GetObject s3:PutObject s3:DeleteObject", [self._objects(scope, path) for path in own]),
        ]
        if self.key is not None:
            found.append(allow("kms:Encrypt kms:Decrypt kms:GenerateDataKey", self.key))
        return found

    def _objects(self, scope: Scope, path: str) -> str:
        return scope.unplaced_arn("s3", f"{self.bucket.strip('/')}/.pulumi/{path}")
