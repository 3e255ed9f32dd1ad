"""Accounts as a whole: their export, and which names and passwords they may have."""

from gridt.accounts.data_export import SECTIONS, sections_about
from gridt.accounts.password_policy import is_common, is_own_name
from gridt.accounts.username_policy import flaw_of

__all__ = ["SECTIONS", "flaw_of", "is_common", "is_own_name", "sections_about"]
