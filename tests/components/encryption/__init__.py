"""Tests of `components/encryption`."""
