"""What runs in each environment: systems, profiles, settings, and the wiring that all stacks share.

| where | what goes there |
|---|---|
| `systems/` | what a system is, as data: its services, variables and secrets, one system a file |
| `profiles/` | sizes, counts, retention and protection of an environment |
| `settings/` | what a person edits in `Pulumi.<stack>.yaml`, typed and checked |
| `wiring/` | which components a stack is made of: what systems share, and one system on it |
"""
