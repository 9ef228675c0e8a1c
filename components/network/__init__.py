"""Addresses and who may reach whom: the VPC, its subnets and endpoints, and the rules between security groups."""
