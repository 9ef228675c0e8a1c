"""The real servers that tests speak to, started by the tests from the machine's packages.

- `programs`: where the servers' programs are, and how they are installed;
- `authority`: a certificate authority, and a certificate for `localhost` alone;
- `processes`: starting, waiting for and stopping a server;
- `postgres`, `redis`, `rabbitmq`: one server each, with TLS, on any free port of loopback.

Tests ask for the fixtures `postgres_server`, `redis_server` and `rabbitmq_server` (one server a test process).

`python -m tests.servers` says which servers there are, and as root installs those that aren't. A test whose server
can't be had fails with the command that installs it; it is never skipped.
"""
