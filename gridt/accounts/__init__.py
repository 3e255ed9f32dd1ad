"""Accounts: registration, deactivation, export, and policies for credentials."""

from gridt.accounts.data_export import record_export, sections, sections_about
from gridt.accounts.deactivation import deactivate, reactivate
from gridt.accounts.password_policy import is_common, is_own_name
from gridt.accounts.registration import create_account, delete_account, register
from gridt.accounts.username_policy import flaw_of

__all__ = [
    "create_account",
    "deactivate",
    "delete_account",
    "flaw_of",
    "is_common",
    "is_own_name",
    "reactivate",
    "record_export",
    "register",
    "sections",
    "sections_about",
]
