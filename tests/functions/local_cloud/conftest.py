"""The fixtures of the tests of functions in the local cloud."""

from support.account import emulator_process
from support.stores import aws, broker, cache, database, emulator, function, network

__all__ = ["aws", "broker", "cache", "database", "emulator", "emulator_process", "function", "network"]
