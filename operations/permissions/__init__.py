"""What commands, and an `up`, need of an AWS account, as statements of IAM policies for one stack."""
