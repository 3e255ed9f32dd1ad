"""`flask gridt …`: the commands for operators."""

from gridt.cli import accounts, audit, jobs, moving, network, service, standings
from gridt.cli.group import commands

__all__ = ["accounts", "audit", "commands", "jobs", "moving", "network", "service", "standings"]
