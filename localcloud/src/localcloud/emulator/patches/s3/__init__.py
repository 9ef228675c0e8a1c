"""S3: what a new bucket has on it, and lifecycle rules without losses."""
