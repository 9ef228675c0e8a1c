"""What is asked of the AWS account: services, revisions, deployments, images, secret versions, alarms, releases."""
