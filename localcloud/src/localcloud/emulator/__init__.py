"""The emulated AWS account: a moto server in its own process, and what moto lacks, at the level of the API."""
