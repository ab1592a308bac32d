"""The product on one machine: its own template, functions and state machines in an in-process AWS."""

ACCOUNT = "123456789012"
"""moto's own account id."""
REGION = "us-east-1"
STACK = "vibeboard"
