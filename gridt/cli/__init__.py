"""`flask gridt …`: what operators of the service type."""

from gridt.cli import accounts, audit, jobs, network, service, standings
from gridt.cli.group import commands

__all__ = ["accounts", "audit", "commands", "jobs", "network", "service", "standings"]
