"""Secrets Manager: staging labels that stay with their version, and secrets whose deletion is scheduled."""
