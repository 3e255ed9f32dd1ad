"""Accounts: registration, deactivation, export, and policies for credentials."""

from gridt.accounts.data_export import record_export, sections, sections_about
from gridt.accounts.deactivation import deactivate, reactivate
from gridt.accounts.invitations import (
    CLOSED,
    LINK_TIME,
    LONGEST_TIME,
    MOST_USES,
    REGISTRATION_MODES,
    SHORTEST_LINK_TIME,
    USUAL_LINK_USES,
    USUAL_TIME,
    ensure_may_register,
    find_shown_offer,
    invite,
    invite_into,
)
from gridt.accounts.lookup_forms import LostForm, count_checked, lost_forms, repair
from gridt.accounts.password_policy import is_common, is_own_name
from gridt.accounts.registration import create_account, delete_account, register

__all__ = [
    "CLOSED",
    "LINK_TIME",
    "LONGEST_TIME",
    "MOST_USES",
    "REGISTRATION_MODES",
    "SHORTEST_LINK_TIME",
    "USUAL_LINK_USES",
    "USUAL_TIME",
    "LostForm",
    "count_checked",
    "create_account",
    "deactivate",
    "delete_account",
    "ensure_may_register",
    "find_shown_offer",
    "invite",
    "invite_into",
    "is_common",
    "is_own_name",
    "lost_forms",
    "reactivate",
    "record_export",
    "register",
    "repair",
    "sections",
    "sections_about",
]
