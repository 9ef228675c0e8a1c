"""One secret of one variable, whose every version stays readable for the task definitions that name it."""

import hmac
import re
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.core.checks import InvalidArguments, InvalidValue, plain
from components.core.naming import Tags, component_tags
from components.secrets.secret_labels import PREFIX, prune

#: Longest value, in bytes. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
_LONGEST_VALUE = 65536
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def version_label(key: str, value: str) -> str:
    """Return the staging label of a value's version: a keyed digest of the value.

    Args:
        key: 32 random bytes as hexadecimal digits, of this secret alone, themselves a secret.
        value: the secret value.
    """
    return PREFIX + hmac.digest(bytes.fromhex(key), value.encode(), "sha256").hex()[:16]


@dataclass(frozen=True, kw_only=True)
class SecretArgs:
    """One variable and its value."""

    variable: str
    """The environment variable that the value is for, for instance `DATABASE_URL`."""
    value: pulumi.Input[str] = field(repr=False)
    """The value. It goes to Secrets Manager and, encrypted, to state; nowhere else."""
    kms_key_arn: pulumi.Input[str]
    """The key that encrypts the value."""
    recovery_window_days: int
    """Days that AWS keeps a deleted secret: 7 to 30, or 0 for none."""
    tags: Tags
    """Tags of the secret."""

    def __post_init__(self) -> None:
        """Refuse what AWS, or a shell, would refuse."""
        if not _VARIABLE.fullmatch(self.variable):
            raise InvalidValue(
                "SecretArgs.variable",
                self.variable,
                "upper case letters, digits and underscores, not beginning with a digit",
                "use the name under which the app reads it",
            )
        if self.recovery_window_days != 0 and not 7 <= self.recovery_window_days <= 30:
            raise InvalidValue(
                "SecretArgs.recovery_window_days",
                self.recovery_window_days,
                "0, or 7 to 30",
                "take 0 where a destroyed stack is built again at once, 30 where it isn't",
            )
        value = plain(self.value)
        if value is not None and not 1 <= len(value.encode()) <= _LONGEST_VALUE:
            raise InvalidArguments(
                f"SecretArgs.value of {self.variable} has {len(value.encode())} bytes; allowed: 1 to {_LONGEST_VALUE}; "
                f"set a value, or leave the secret out"
            )


class Secret(pulumi.ComponentResource):
    """One secret in Secrets Manager.

    Creates the secret (encrypted with the stack's key, its name made unique by Pulumi: a deleted secret keeps its name
    for its recovery window), one version that holds the value, and the random key that its label is made with.

    Guarantees:

    - A new value is a new version: `version_id` and `value_from` change with the value and with nothing else, so that
      exactly the task definitions that name it get a new revision.
    - An old version stays readable, so that a rollback finds it. AWS may delete a version that has lost its last
      staging label, and keeps only AWSCURRENT and AWSPREVIOUS by itself; so each version carries a label of its own,
      and its resource is retained on delete, since its deletion takes the labels away.
      https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
    - A changed value changes the version and nothing beside it. Its label is a digest of the value under a random key
      that is a secret of the state: new for each new value, the same for the same value, known in a preview, and no
      help to anyone who may list the labels and would guess a weak value. (A value that comes back takes its label
      along to its new version. AWS removes versions without labels only when there are more than 100.)
      https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
    - The value is in no output, name, tag or description.
    - The value can change for ever. AWS allows 20 staging labels in all versions of a secret together; after each new
      version a hook takes those of the oldest away, so that the newest 16 versions keep theirs.
    """

    arn: pulumi.Output[str]
    """The secret's ARN, known once the version is there: what an execution role may read."""
    version_id: pulumi.Output[str]
    """The id of the version that holds the value."""
    value_from: pulumi.Output[str]
    """What a container definition names: the secret with its version.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
    """

    def __init__(self, name: str, args: SecretArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("alicerce:index:Secret", name, None, opts)
        secret = aws.secretsmanager.Secret(
            f"{name}-secret",
            description=f"The value of {args.variable}",
            kms_key_id=args.kms_key_arn,
            recovery_window_in_days=args.recovery_window_days,
            tags=component_tags(args.tags, "secret", Name=name, Variable=args.variable),
            opts=pulumi.ResourceOptions(parent=self),
        )
        value = pulumi.Output.secret(args.value)
        key = random.RandomBytes(f"{name}-label-key", length=32, opts=pulumi.ResourceOptions(parent=self))
        # Whoever lacks the key learns nothing from the label; as a secret it would only hide the diff.
        label = pulumi.Output.unsecret(
            pulumi.Output.all(key.hex, value).apply(lambda known: version_label(known[0], known[1]))
        )
        version = aws.secretsmanager.SecretVersion(
            f"{name}-version",
            secret_id=secret.arn,
            secret_string=value,
            # AWSCURRENT has to be asked for as soon as any label is: with labels given, Secrets Manager moves only
            # those. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
            version_stages=["AWSCURRENT", label],
            opts=pulumi.ResourceOptions(
                parent=self,
                retain_on_delete=True,
                hooks=pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook(f"{name}-labels", prune)]),
            ),
        )
        # The ARN waits for the version by its URN, which a preview knows. By any other output of the version, a new
        # value would make the ARN unknown there, and the preview would list every policy that names it as changed.
        self.arn = pulumi.Output.all(secret.arn, version.urn).apply(lambda known: known[0])
        self.version_id = version.version_id
        self.value_from = pulumi.Output.concat(self.arn, ":::", version.version_id)
        self.register_outputs({"arn": self.arn, "version_id": self.version_id, "value_from": self.value_from})
