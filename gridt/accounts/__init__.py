"""Accounts: their export and deactivation, and the policies for names and passwords."""

from gridt.accounts.data_export import sections, sections_about
from gridt.accounts.deactivation import deactivate, reactivate
from gridt.accounts.password_policy import is_common, is_own_name
from gridt.accounts.username_policy import flaw_of

__all__ = [
    "deactivate",
    "flaw_of",
    "is_common",
    "is_own_name",
    "reactivate",
    "sections",
    "sections_about",
]
