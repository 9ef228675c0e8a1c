"""The fixtures of the tests of stores."""

from support.stores import aws, broker, cache, database, emulator, function, network

__all__ = ["aws", "broker", "cache", "database", "emulator", "function", "network"]
