"""A stand-in for PostgreSQL at its wire protocol: roles, databases, who may do what, and no tables.

- `server`: one instance's sessions, over TLS; `login` and `conversation`, how each begins and goes on;
- `wire`, `scram`: messages and authentication;
- `session`: what one session holds, its transactions and prepared statements;
- `lexer`, `statements`: what it is told, and who carries that out;
- `roles`, `grants`, `owners`, `settings` (and `durations`): statements that change something;
- `select`, `expressions`, `relations`, `functions`, `types`: questions to the catalogue;
- `catalog`, `rights`: what an instance holds, and what follows for who may do what;
- `locks`: advisory locks; `errors`: refusals.

Rules and messages are PostgreSQL's own, of its version 16 and later where that differs from 15 and earlier
(https://www.postgresql.org/docs/16/release-16.html#RELEASE-16-PRIVILEGES). Who is master user is no superuser, as in
RDS. Any statement, function or option that isn't known is refused with SQLSTATE 0A000 and its own text.
"""
