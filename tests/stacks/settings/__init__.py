"""Tests of `stacks/settings`."""
