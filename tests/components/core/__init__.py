"""Tests of `components/core`."""
