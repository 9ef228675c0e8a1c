"""Tests of settings, profiles and systems."""
