"""Tests of the resource types, one file an AWS service."""
