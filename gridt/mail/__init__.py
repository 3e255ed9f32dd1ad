"""E-mails to users, and the tokens in them."""

from gridt.mail.letters import (
    ask_to_change_email,
    ask_to_confirm_email,
    ask_to_reset_password,
    tell_email_changed,
    tell_password_changed,
)
from gridt.mail.tokens import MailToken, Purpose

__all__ = [
    "MailToken",
    "Purpose",
    "ask_to_change_email",
    "ask_to_confirm_email",
    "ask_to_reset_password",
    "tell_email_changed",
    "tell_password_changed",
]
