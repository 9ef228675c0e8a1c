"""From an image to a deployment that serves: registries, builds, migrations, strategies, alarms and rollouts."""
