"""Tests of `components/functions`."""
