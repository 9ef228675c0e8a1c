"""Elastic Load Balancing v2: references that AWS refuses, and the attributes that it fills in."""
