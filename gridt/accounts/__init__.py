"""Accounts as a whole: their export, and which names and passwords they may have."""

from gridt.accounts.data_export import SECTIONS, record_export, sections_about
from gridt.accounts.password_policy import is_common, is_own_name
from gridt.accounts.registration import create_admin, delete_account, register
from gridt.accounts.username_policy import flaw_of

__all__ = [
    "SECTIONS",
    "create_admin",
    "delete_account",
    "flaw_of",
    "is_common",
    "is_own_name",
    "record_export",
    "register",
    "sections_about",
]
