"""The stores of the emulated account: what answers at the endpoints of its databases, caches and brokers.

moto (5.2.5) gives RDS instances, ElastiCache replication groups and Amazon MQ brokers endpoints that nobody answers at.
Here each has a listener on loopback, which speaks TLS under the store's own name and lets in whom the security groups
let in. Behind it is a real PostgreSQL or Valkey; RabbitMQ, which no package carries, has a small stand-in.

- `found`: the stores of the account, and where each is in its network;
- `reach`: who reaches them, by VPC and security groups;
- `listening`: their listeners, started when first asked for;
- `table`: what a function is told of them, and what `standins` tells others;
- `authority`: who signs their certificates;
- `programs`: where servers are installed; `servers` and `keeper`: their processes, which end with the emulator;
- `postgres`, `valkey`, `rabbitmq`: what answers.

Most of it is loaded with the first function that runs, or the first question of `standins`: a start pays little for it.
"""
