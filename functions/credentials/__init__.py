"""Makes the servers of PostgreSQL and RabbitMQ accept a credential, and disables the one before it.

Two users take turns. Config's `rotation` n uses the odd or the even one; going from n to n + 1 changes the password of
the user that isn't in use, so that no client is refused in between. This function does the server's side of that: it is
invoked by the program after the new secret version is there and before the services are rolled, and by a person's
`retire` when nothing uses the old credential any more.

Its event has no secret in it, only where Secrets Manager keeps it:

    {"action": "ensure", "store": "postgres",
     "host": "…", "port": 5432, "database": "aprendeai", "owner": "aprendeai_owner",
     "username": "aprendeai", "other": "aprendeai_2",
     "admin": {"username": "alicerce", "password": {"secret": "<arn>", "version": "<version id>"}},
     "password": {"secret": "<arn>", "version": "<version id>"}}

    {"action": "retire", "store": "rabbitmq",
     "url": "https://…", "vhost": "aprendeai", "username": "aprendeai", "other": "aprendeai_2",
     "admin": {"username": "alicerce", "password": {…}, "previous": {…} | null},
     "password": {…}}

`ensure` makes `username` log in with `password`, and proves it by doing so; `other`'s password stays as it is. `retire`
proves the same and then disables `other` and ends its connections. The answer says what was changed, and nothing when
all was right already: {"store": …, "username": …, "action": …, "done": ["create role", …],
"unexpected": ["role …", …]}. `unexpected` names what there is at the store that this program didn't make; an `audit`
changes nothing, and answers that. `retire-by-force` is for the emergency: it sets the password again, disables `other`
and ends the sessions of both, without a proof before.

It may be run again after it ended anywhere, and several times at once. It writes no secret value into a log, an error,
its answer, or a statement: PostgreSQL is sent a SCRAM verifier, RabbitMQ a salted hash.

Two variables of its environment, both optional: `CA_BUNDLE` is a PEM file of the authorities to trust in place of
RDS's own (for PostgreSQL) or the runtime's (for RabbitMQ); `PATIENCE_SECONDS` is how long to wait for a store that
can't be reached, or doesn't take the administrator's password yet.

- `events`: what is asked, as a request and as the event that carries it; who asks imports it too;
- `secret_values`: reading Secrets Manager;
- `statements`: every statement that PostgreSQL is sent;
- `postgres`, `rabbitmq`: what is done on either;
- `session`, `management`: how it is said to them;
- `tls`, `patience`, `errors`: what both need.
"""
