"""ElastiCache: users and their groups, parameter and subnet groups, replication groups with their member clusters.

moto (5.2.5) has no ModifyUser, no user groups, no parameter groups, can't change or delete subnet groups and clusters,
and knows seven arguments of ModifyReplicationGroup. Its replication groups name member clusters that can't be
described, though a client reads from those what the group doesn't tell (version, security groups, subnet and parameter
group).

- `users`: users and user groups;
- `groups`: parameter groups and subnet groups;
- `clusters`: clusters, replication groups and what happens to them;
- `networks`: references to subnet groups, security groups and keys.
"""
