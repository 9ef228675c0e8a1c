"""How a release comes to run: registries, images, the migration, and how a deployment goes and ends."""
