"""Where the state of a stack from before the rooms looks for `MigrationRunProvider`, which it names by its module."""

from components.delivery.migration_run import MigrationRunProvider as MigrationRunProvider
