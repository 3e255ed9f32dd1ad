"""`flask gridt …`: the commands for operators."""

from gridt.cli import accounts, audit, checks, jobs, moving, network, service, standings
from gridt.cli.group import commands

__all__ = [
    "accounts",
    "audit",
    "checks",
    "commands",
    "jobs",
    "moving",
    "network",
    "service",
    "standings",
]
