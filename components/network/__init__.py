"""The VPC, its subnets and endpoints, and the rules between security groups."""
