"""Invitations with their makers, as admins see them."""

from typing import Any

from sqlalchemy import Row, bindparam, select

from gridt.errors import InvitationNotFound
from gridt.models.base import Rows, execute
from gridt.models.invitation import IS_OPEN, STATE, Invitation
from gridt.models.user import User
from gridt.runtime.clock import utcnow

_COLUMNS = [
    Invitation.id,
    Invitation.label,
    Invitation.email,
    Invitation.created_at,
    Invitation.expires_at,
    Invitation.max_uses,
    Invitation.uses,
    Invitation.revoked_at,
]
_COLUMN_NAMES = [column.key for column in _COLUMNS]

_MAKER = User.id.label("maker_id"), User.username.label("maker_name")
#: all invitations at the time `now` that only let people register, as `invitation_view` shows them
INVITATIONS: Rows = (
    select(*_COLUMNS, STATE.label("state"), *_MAKER)
    .outerjoin(User, User.id == Invitation.created_by_id)
    .where(Invitation.group_id.is_(None))
)
#: the condition for invitations that can be used, and for all others, at the time `now`
INVITATION_STATES = {"open": IS_OPEN, "over": ~IS_OPEN}

_INVITATION = INVITATIONS.where(Invitation.id == bindparam("invitation_id"))


def invitation_view(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return a row of `INVITATIONS` as an admin sees it."""
    view: dict[str, Any] = {name: row._mapping[name] for name in (*_COLUMN_NAMES, "state")}
    maker = None if row.maker_id is None else {"id": row.maker_id, "username": row.maker_name}
    return view | {"created_by": maker}


def find_invitation_view(invitation_id: int) -> dict[str, Any]:
    """Return an invitation as an admin sees it.

    :raises InvitationNotFound: without an invitation of that id
    """
    row = execute(_INVITATION, {"invitation_id": invitation_id, "now": utcnow()}).one_or_none()
    if row is None:
        raise InvitationNotFound
    return invitation_view(row)
