"""What a person does beside `pulumi up`: look, go back, run a command, check a deployment. See docs/operations.md.

Everything here asks the AWS account, and the stack's state for what only it knows. Nothing here deploys.
"""
