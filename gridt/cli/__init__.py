"""`flask gridt …`: the commands for operators."""

from gridt.cli import (
    accounts,
    audit,
    checks,
    invitations,
    jobs,
    moving,
    network,
    organisations,
    service,
    standings,
)
from gridt.cli.group import commands

__all__ = [
    "accounts",
    "audit",
    "checks",
    "commands",
    "invitations",
    "jobs",
    "moving",
    "network",
    "organisations",
    "service",
    "standings",
]
