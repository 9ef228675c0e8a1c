"""ECS services, and how the number of their tasks follows the load."""
