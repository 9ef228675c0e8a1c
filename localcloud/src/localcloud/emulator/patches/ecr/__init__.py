"""ECR: an image under each release tag, digests as registries compute them, and tags that stay."""
