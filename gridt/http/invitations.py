"""Invitations in requests, and the limit for wrong codes."""

from typing import Any

from flask import current_app

from gridt.accounts import CLOSED, ensure_may_register, find_shown_offer
from gridt.errors import InvitationNotFound, RegistrationClosed
from gridt.http.rate_limits import limiter
from gridt.models import Offer, User, accept_invitation

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
    mode = current_app.config["REGISTRATION"]
    try:
        return find_shown_offer(mode, code)
    except InvitationNotFound:
        limiter.count_refusal(LIMIT)
        if mode == CLOSED:
            raise RegistrationClosed from None
        raise


def accepted_by(user: User, code: str) -> tuple[Offer, bool]:
    """Let a user accept an invitation; count wrong codes.

    See `gridt.models.accept_invitation`.
    """
    try:
        return accept_invitation(user, code)
    except InvitationNotFound:
        limiter.count_refusal(LIMIT)
        raise


def offer_view(offer: Offer) -> dict[str, Any]:
    """Return an offer's group, organisation and role."""
    group = offer.group
    if group is None:
        return {"group": None, "organisation": None, "role": "none"}
    return {
        "group": {"id": group.id, "name": group.name, "kind": group.kind},
        "organisation": {"id": group.organisation_id, "name": group.organisation},
        "role": offer.role or "none",
    }
