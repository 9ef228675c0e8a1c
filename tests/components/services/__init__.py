"""Tests of `components/services`."""
