"""Invitations into groups."""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt.access import Operation, ensure
from gridt.accounts import invite_into
from gridt.errors import (
    GroupNotFound,
    InAnotherOrganisation,
    Invalid,
    InvitationNotFound,
    InvitationOver,
    NotAllowed,
)
from gridt.http.api import Blueprint
from gridt.http.auth import caller, caller_id
from gridt.http.fields import Message
from gridt.http.group_lookups import group_or_404
from gridt.http.invitations import accepted_by, offer_view
from gridt.http.lookups import id_in
from gridt.http.paging import Listing
from gridt.http.requests import Resource
from gridt.models import (
    LINK_STATES,
    LINKS,
    Invitation,
    find_link_view,
    link_view,
)
from gridt.permissions import InvalidRoleKind
from gridt.refusals import Code, Refusal
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.schemas.group_invitations import AcceptedOut, LinkIn, LinkMade, LinkOut, LinksIn
from gridt.schemas.invitations import NO_ROLE, LookIn

bp = Blueprint("group invitations", description="Invitations into groups")

_NEWEST_FIRST = Listing(LINKS, [(Invitation.id, True)], Invitation)
_LISTINGS = {None: _NEWEST_FIRST} | {
    state: _NEWEST_FIRST.where(condition) for state, condition in LINK_STATES.items()
}


@bp.route("/groups/<group>/invitations", get="listGroupInvitations", post="createGroupInvitation")
class GroupInvitations(Resource):
    """The invitations into a group."""

    @bp.acts(Operation.GROUP_INVITE)
    @bp.problems(NotAllowed, GroupNotFound)
    @bp.answers(200, LinkOut(many=True))
    @bp.arguments(LinksIn, location="query")
    def get(self, data: dict[str, Any], group: str) -> ResponseReturnValue:
        """List the invitations into a group, newest first.

        Only for admins and coaches of the group. Invitations into groups below are not in this
        list. The codes are not shown. A month after an invitation has expired, gridt deletes it.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_INVITE)
        listing = _LISTINGS[data.pop("state")]
        rows, headers = listing.page(**data, now=utcnow(), group_id=found.id)
        return [link_view(row) for row in rows], headers

    @bp.acts(Operation.GROUP_INVITE)
    @bp.repeatable(found_at="/groups/{group}/invitations")
    @bp.problems(NotAllowed, GroupNotFound)
    @bp.answers(201, LinkMade)
    @bp.arguments(LinkIn)
    def post(self, data: dict[str, Any], group: str) -> ResponseReturnValue:
        """Invite people into a group by a link.

        For admins, and, unless the organisation's settings forbid it, for coaches of the group, who
        give no role. The answer shows the code this once. The link gives what its maker could give
        at the time when a person accepts it: it does nothing while the maker may not invite. It
        ends when the maker's password changes, and when the maker's account ends.
        """
        found = group_or_404(group, caller_id(), Operation.GROUP_INVITE)
        data.pop("kind")
        if data["role"] == NO_ROLE:
            data["role"] = None
        try:
            made, code = invite_into(found, caller(), **data)
        except InvalidRoleKind:
            refusal = Refusal(Code.NOT_A_CHOICE, choices=[NO_ROLE])
            raise Invalid.member("#/role", refusal) from None
        answer = find_link_view(made.id) | {
            "token": code,
            "address": f"/app/invitation#token={code}",
            "message": "People can join with this link. It is shown only once.",
        }
        db.session.commit()
        return answer, 201


@bp.route("/invitations/<invitation>", delete="revokeGroupInvitation")
class OneGroupInvitation(Resource):
    """An invitation into a group."""

    @bp.acts(Operation.INVITATION_REVOKE)
    @bp.problems(NotAllowed, InvitationNotFound)
    @bp.answers(200, Message)
    def delete(self, invitation: str) -> ResponseReturnValue:
        """Revoke an invitation into a group.

        For the user who made it, and admins. Its code stops working at once. Members stay. A second
        call changes nothing, and neither does one for an invitation that is used up.
        """
        user, revoked = caller(), Invitation.find_by_id(id_in(invitation, Invitation.id))
        if revoked is None or revoked.group_id is None:
            raise InvitationNotFound
        if not user.can_delete(revoked) and not user.can_read(revoked):
            raise InvitationNotFound
        ensure(user, Operation.INVITATION_REVOKE, revoked)
        message = revoked.revoke(user.id)
        revoked.save_to_db()
        return {"message": message}


@bp.route("/invitations/accept", post="acceptInvitation")
class Accept(Resource):
    """An invitation into a group, for the caller."""

    @bp.own
    @bp.limited("invitation")
    @bp.problems(NotAllowed, InvitationNotFound, InvitationOver, InAnotherOrganisation)
    @bp.answers(200, AcceptedOut)
    @bp.arguments(LookIn)
    def post(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Accept an invitation into a group.

        The caller becomes a member of the group and of those above, and gets the role that comes
        with it. A second call changes nothing and uses nothing up. A person who has left the group
        since needs another invitation. A user without an account sends the code to `POST
        /register`.
        """
        offer, joined = accepted_by(caller(), data["token"])
        message = "You have joined {}." if joined else "You are a member of {} already."
        answer = offer_view(offer)
        answer["message"] = message.format(answer["group"]["name"])
        db.session.commit()
        return answer
