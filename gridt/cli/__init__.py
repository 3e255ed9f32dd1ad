"""`flask gridt …`: what operators of the service type."""

from gridt.cli import accounts, audit, network, service
from gridt.cli.group import commands

__all__ = ["accounts", "audit", "commands", "network", "service"]
