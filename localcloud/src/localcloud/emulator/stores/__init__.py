"""Stand-ins for the stores of the emulated account: they answer at the endpoints of databases and brokers.

moto (5.2.5) gives RDS instances and Amazon MQ brokers endpoints that nobody answers at. An emulated function that sets
a password in one needs somebody there, and nobody who tries this project should need PostgreSQL or RabbitMQ for it. So
each store gets a listener on loopback that knows users, passwords and permissions, refuses what the real server
refuses, and refuses by name whatever it doesn't know. They hold no data and carry no messages.

- `found`: the stores of the account, and where each stands in its network;
- `reach`: who reaches them, by VPC and security groups;
- `listening`: their listeners, started when first asked for;
- `table`: what a function is told of them, and what `standins` tells others;
- `authority`: who signs their certificates;
- `postgres`, `rabbitmq`: what answers.

All of it is loaded with the first function that runs, or the first question of `standins`: a start pays nothing for it.
"""
