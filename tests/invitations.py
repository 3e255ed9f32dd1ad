"""Invitations for tests of other things."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from gridt.models import Invitation
from gridt.models.invitation import digest_of
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db

#: the code of an invitation that a test plants
CODE = "0123456789abcdef" * 2


def plant_invitation(code: str = CODE, **members: Any) -> int:
    """Save an invitation with a chosen code; return its id.

    The test chooses the code.
    """
    given = {"max_uses": 1000, "expires_at": utcnow() + timedelta(days=1)} | members
    invitation, _ = Invitation.make(**given)
    number = invitation.id
    chosen = update(Invitation).where(Invitation.id == number)
    db.session.execute(chosen.values(token_digest=digest_of(code)))
    db.session.commit()
    return number
