"""`flask gridt …`: what operators of the service type."""

from gridt.cli import accounts, jobs, network, service
from gridt.cli.group import commands

__all__ = ["accounts", "commands", "jobs", "network", "service"]
