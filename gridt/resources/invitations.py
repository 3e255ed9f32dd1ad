"""Invitations to register, for services that are not open."""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt.accounts import invite
from gridt.errors import Busy, InvitationNotFound, InvitationOver, NotAllowed, RegistrationClosed
from gridt.http.api import Blueprint
from gridt.http.auth import admin, locked_admin
from gridt.http.fields import Message
from gridt.http.invitations import offer_or_404, offer_view
from gridt.http.lookups import id_in
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import (
    INVITATION_STATES,
    INVITATIONS,
    Invitation,
    find_invitation_view,
    invitation_view,
)
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.schemas.invitations import (
    InvitationIn,
    InvitationMade,
    InvitationOut,
    InvitationsIn,
    LookIn,
    OfferOut,
)

bp = Blueprint("invitations", description="Invitations")

_NEWEST_FIRST = Listing(INVITATIONS, [(Invitation.id, True)], Invitation)
_LISTINGS = {None: _NEWEST_FIRST} | {
    state: _NEWEST_FIRST.where(condition) for state, condition in INVITATION_STATES.items()
}


@bp.route("/admin/invitations", get="listInvitations", post="createInvitation")
class Invitations(Resource):
    """All invitations, for admins."""

    @bp.site_admin
    @bp.problems(NotAllowed)
    @bp.answers(200, InvitationOut(many=True))
    @bp.arguments(InvitationsIn, location="query")
    def get(self, data: dict[str, Any]) -> ResponseReturnValue:
        """List invitations, newest first.

        Only for admins. The codes are not shown. A month after an invitation has expired, gridt
        deletes it.
        """
        admin()
        rows, headers = _LISTINGS[data.pop("state")].page(**data, now=utcnow())
        return [invitation_view(row) for row in rows], headers

    @bp.site_admin
    @bp.repeatable(found_at="/admin/invitations")
    @bp.problems(NotAllowed)
    @bp.answers(201, InvitationMade)
    @bp.arguments(InvitationIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Invite people to register.

        Only for admins. The answer shows the code this once. The code works in the modes of
        registration `open` and `invite`. The caller's open invitations end when they lose the role
        of an admin, when their account is deactivated or deleted, when their password changes, and
        when they log out everywhere.
        """
        made, code = invite(**data, admin_id=locked_admin().id)
        message = "People can register with this code. It is shown only once."
        answer = find_invitation_view(made.id) | {"token": code, "message": message}
        db.session.commit()
        return answer, 201


@bp.route("/admin/invitations/<invitation>", delete="revokeInvitation")
class OneInvitation(Resource):
    """An invitation, for admins."""

    @bp.site_admin
    @bp.problems(NotAllowed, InvitationNotFound)
    @bp.answers(200, Message)
    def delete(self, invitation: str) -> ResponseReturnValue:
        """Revoke an invitation.

        Only for admins. Its code stops working at once. Accounts that were opened with it stay. A
        second call changes nothing, and neither does one for an invitation that is used up.
        """
        actor, revoked = admin(), Invitation.find_by_id(id_in(invitation, Invitation.id))
        if revoked is None or revoked.group_id is not None:
            raise InvitationNotFound
        message = revoked.revoke(actor.id)
        revoked.save_to_db()
        return {"message": message}


@bp.route("/invitations/look", post="lookAtInvitation")
class Look(Resource):
    """An invitation, for the person who has its code."""

    @bp.open
    @bp.limited("invitation")
    @bp.problems(RegistrationClosed, InvitationNotFound, InvitationOver, Busy)
    @bp.answers(200, OfferOut)
    @bp.arguments(LookIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Look at an invitation by its code.

        A client can show this before a person registers, or joins the group with `POST
        /invitations/accept`. It uses nothing up.
        """
        offer = offer_or_404(data["token"])
        hint = {"expires_at": offer.expires_at, "email_hint": _hint(offer.email)}
        return hint | offer_view(offer)


def _hint(email: str | None) -> str | None:
    """Return the first letter and the domain of an address."""
    if email is None:
        return None
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"
