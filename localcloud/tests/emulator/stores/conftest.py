"""The fixtures of the tests of stores."""

from support.stores import aws, broker, database, emulator, function, network

__all__ = ["aws", "broker", "database", "emulator", "function", "network"]
