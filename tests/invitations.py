"""Invitations for tests of other things."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from gridt.models import Invitation, Organisation, User
from gridt.models.invitation import digest_of
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from tests.networks import people

#: the code of an invitation that a test plants
CODE = "0123456789abcdef" * 2
#: the code of an invitation into a group that a test plants
LINK_CODE = "fedcba9876543210" * 2


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


def plant_group(admin: User, maker: User | None = None) -> tuple[int, int]:
    """Save an organisation, and a link into it.

    The code of the link is `LINK_CODE`.

    :param maker: the maker of the link; by default the admin
    :returns: the ids of the two
    """
    organisation = Organisation("The rowing club")
    organisation.save_to_db()
    (other,) = people(1)  # so that the admin's account can be deleted
    for user in (admin, db.session.get_one(User, other)):
        organisation.add_member(user)
        organisation.add_admin(user)
    organisation.add_coach(db.session.get_one(User, other))
    planted = plant_invitation(LINK_CODE, admin_id=(maker or admin).id, group_id=organisation.id)
    return organisation.id, planted
