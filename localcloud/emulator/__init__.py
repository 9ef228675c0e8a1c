"""The emulated AWS account: a moto server in a process of its own, with what moto lacks added at the level of the API."""
