"""What runs in each environment: settings, profiles, systems, and the wiring that all stacks share.

| where | what goes there |
|---|---|
| `settings.py`, `config_*.py` | what a person edits in `Pulumi.<stack>.yaml`, typed and checked |
| `prod.py`, `staging.py`, `local.py` | a profile: sizes, counts, retention and protection of an environment |
| `aprendeai.py`, `equivalence.py` | a system: its services, variables and secrets, as data |
| `system.py`, `profile.py` | the shapes of the two |
| `platform.py` | the parts that systems share: network, cluster, load balancer, certificate |
| `stores.py`, `deployment.py` | one system on the platform |
"""
