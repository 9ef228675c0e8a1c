"""Temporary keys; moto (5.2.5) gives AWS's published example for sessions and federated users, which opens nothing."""
