"""Tests of `components/secrets`."""
