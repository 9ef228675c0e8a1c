"""Tests of how a stack's state is read and its config edited."""
