"""Measurements and long trials that nobody needs daily; each has a line in the Makefile."""
