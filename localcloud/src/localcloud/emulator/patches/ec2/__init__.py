"""EC2: references that AWS refuses, dependencies that it keeps, and what it fills in."""
