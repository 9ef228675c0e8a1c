"""Tests of the deployment engine."""
