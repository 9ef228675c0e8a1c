"""RDS: engine versions, what an instance is told and refuses, its groups, and event subscriptions.

moto (5.2.5) gives every instance the same resource id, creates PostgreSQL 9.3.3 where no version is named and takes any
that is, drops Performance Insights and a changed port, applies every change at once, loses a subnet group that is
modified, and can't describe engine versions, reset parameters or modify event subscriptions. It checks that the subnet
group and the parameter group exist, and no other reference.

- `versions`: engine versions;
- `instances`: instances;
- `restores`: instances from snapshots and points in time, and `contents`, what is in them;
- `groups`: subnet groups and parameter groups;
- `subscriptions`: event subscriptions.
"""
