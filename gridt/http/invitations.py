"""Invitations in requests, and the limit for wrong codes."""

from flask import current_app

from gridt.accounts import ensure_may_register, find_shown_offer
from gridt.errors import InvitationNotFound
from gridt.http.rate_limits import limiter
from gridt.models import Offer

#: the name of the limit
LIMIT = "invitation"


def ensure_invited(code: str | None, email: str) -> None:
    """Check that a caller may register; count wrong codes.

    :param code: the code of an invitation, if the caller has sent one
    :raises GridtError: when they may not; see `gridt.accounts.ensure_may_register`
    """
    if code is not None:
        limiter.count_call(LIMIT)
    try:
        ensure_may_register(current_app.config["REGISTRATION"], code, email)
    except InvitationNotFound:
        limiter.count_refusal(LIMIT)
        raise


def offer_or_404(code: str) -> Offer:
    """Return the invitation with a code; count wrong codes.

    :raises RegistrationClosed: when only admins open accounts
    :raises InvitationNotFound: when no invitation has this code
    :raises InvitationOver: when it has ended
    """
    try:
        return find_shown_offer(current_app.config["REGISTRATION"], code)
    except InvitationNotFound:
        limiter.count_refusal(LIMIT)
        raise
