"""ARNs and policy documents: statements, trust policies, and what several roles are allowed alike.

What is made of Outputs is turned into text by `pulumi.Output.json_dumps`, which resolves them.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pulumi

#: A part of a statement that AWS takes as one text or as a list of them.
_OneOrMore = pulumi.Input[str] | pulumi.Input[Sequence[str]] | Sequence[pulumi.Input[str]]

Statement = Mapping[str, Any]

#: The condition of a request that came without TLS.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


def arn(service: str, region: str, account_id: str, resource: str) -> str:
    """Return an ARN of the partition `aws`, the only one that stacks are built in.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    return f"arn:aws:{service}:{region}:{account_id}:{resource}"


def document(*statements: Statement) -> dict[str, Any]:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _statement(
    effect: str,
    actions: _OneOrMore,
    resources: _OneOrMore | None = None,
    *,
    sid: str | None = None,
    principal: str | Mapping[str, Any] | None = None,
    condition: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a statement.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html

    Args:
        effect: `Allow` or `Deny`.
        actions: what may, or may not, be done.
        resources: with what; None in a trust policy, which is about the role that it belongs to.
        sid: the statement's id.
        principal: who; None in a policy of a role, which is about the role itself.
        condition: only when this holds, by operator and key.
    """
    parts = {
        "Sid": sid,
        "Effect": effect,
        "Principal": principal,
        "Action": actions,
        "Resource": resources,
        "Condition": condition,
    }
    return {name: part for name, part in parts.items() if part is not None}


#: `allow(actions, resources, …)` and `deny(actions, resources, …)` return a statement.
allow, deny = partial(_statement, "Allow"), partial(_statement, "Deny")


def acting_for(account_id: str, source_arn: str) -> dict[str, Any]:
    """Return the condition that a service acts for resources of one account.

    Without it, another account could have the service use what it is allowed here (the confused deputy).
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html

    Args:
        account_id: the account of the resources.
        source_arn: the resources; may hold wildcards.
    """
    operator = "ArnLike" if "*" in source_arn else "ArnEquals"
    return {"StringEquals": {"aws:SourceAccount": account_id}, operator: {"aws:SourceArn": source_arn}}


def trust(service: str, account_id: str, source_arn: str) -> dict[str, Any]:
    """Return the trust policy of a role that a service assumes for resources of one account.

    Args:
        service: the service, such as `lambda.amazonaws.com`.
        account_id: the account of the resources.
        source_arn: the resources that the service acts for; may hold wildcards.
    """
    return document(
        allow("sts:AssumeRole", principal={"Service": service}, condition=acting_for(account_id, source_arn))
    )


def write_log(log_group_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the statement that lets a role write to the streams of a log group."""
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(log_group_arn, ":*"), sid="Log")


def read_secrets(
    secret_arns: Sequence[pulumi.Input[str]], kms_key_arn: pulumi.Input[str], region: str
) -> list[dict[str, Any]]:
    """Return the statements that let a role read these secrets, and use their key through Secrets Manager alone.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html

    Args:
        secret_arns: the secrets, each by its ARN; none gives no statements.
        kms_key_arn: the key that encrypts them.
        region: where they are.
    """
    if not secret_arns:
        return []
    arns: pulumi.Output[list[str]] = pulumi.Output.all(*secret_arns).apply(lambda known: sorted(known))
    return [
        allow("secretsmanager:GetSecretValue", arns, sid="ReadOwnSecrets"),
        allow(
            "kms:Decrypt",
            kms_key_arn,
            sid="DecryptSecrets",
            condition={"StringEquals": {"kms:ViaService": f"secretsmanager.{region}.amazonaws.com"}},
        ),
    ]
