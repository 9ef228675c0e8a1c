"""The security standard, control by control, asked of the account itself; `docs/security.md` is its table.

What a control asks for is said in the Security Hub user guide, by its service's page:
https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html
Controls that the facts about a stack show already are tested in `tests/stacks/facts`.
"""
