"""Tests of `stacks/systems`."""
