"""Publishes how much work waits in a system's RQ queues, for its workers to follow in number."""
