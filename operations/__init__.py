"""What a person runs beside `pulumi up`: `python -m operations`. See docs/operations.md. Nothing here deploys."""
