"""Resource types and invokes of the `aws` package: one module an AWS service, one short class a type."""
