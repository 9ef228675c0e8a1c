"""What several tests need: a driver of resource types, and ways to the emulated account."""
