"""A Valkey server for each ElastiCache replication group.

- `server`: the server process, and TLS in front of it;
- `users`: who may log in to a replication group, as Valkey's access control lists.
"""
