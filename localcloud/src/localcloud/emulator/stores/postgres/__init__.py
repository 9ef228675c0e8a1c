"""A PostgreSQL server for each RDS instance, as RDS sets it up.

- `cluster`: the server process, what RDS makes in it beforehand, and copies of what is in it;
- `server`: TLS and the passwords of the API in front of it.
"""
