"""Links into groups with their makers."""

from typing import Any

from sqlalchemy import Integer, Row, bindparam, select

from gridt.models.base import Rows, execute
from gridt.models.groups.inviting import INVITED_GROUP
from gridt.models.invitation import LINK_STATE, Invitation
from gridt.models.user import User
from gridt.runtime.clock import utcnow

_COLUMNS = [
    Invitation.id,
    Invitation.group_id,
    Invitation.kind,
    Invitation.role,
    Invitation.uses,
    Invitation.max_uses,
    Invitation.created_at,
    Invitation.expires_at,
]
_COLUMN_NAMES = [column.key for column in _COLUMNS]
#: the links of all groups at the time `now`, as `link_view` shows them
_LINKS: Rows = (
    select(
        *_COLUMNS,
        LINK_STATE.label("state"),
        User.id.label("maker_id"),
        User.username.label("maker_name"),
    )
    .select_from(Invitation)
    .join(INVITED_GROUP, INVITED_GROUP.c.id == Invitation.group_id)
    .outerjoin(User, User.id == Invitation.created_by_id)
)
#: the links into the group `group_id`
LINKS: Rows = _LINKS.where(Invitation.group_id == bindparam("group_id", type_=Integer))
#: the condition for links that can be used, and for all others, at the time `now`
LINK_STATES = {"open": LINK_STATE == "open", "over": LINK_STATE != "open"}

_ONE = _LINKS.where(Invitation.id == bindparam("invitation_id"))


def link_view(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """Return a row of `LINKS` as coaches see it."""
    view: dict[str, Any] = {name: row._mapping[name] for name in (*_COLUMN_NAMES, "state")}
    maker = None if row.maker_id is None else {"id": row.maker_id, "username": row.maker_name}
    return view | {"role": row.role or "none", "created_by": maker}


def find_link_view(invitation_id: int) -> dict[str, Any]:
    """Return a new link as its maker sees it."""
    return link_view(execute(_ONE, {"invitation_id": invitation_id, "now": utcnow()}).one())
