"""Tests of `components/delivery`."""
