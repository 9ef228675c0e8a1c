"""Secrets, the logins that they hold, and their rotation."""
