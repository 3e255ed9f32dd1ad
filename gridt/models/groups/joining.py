"""Joining a group, and those above, by an invitation."""

from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, exists

from gridt.errors import (
    AccountDeactivated,
    InAnotherOrganisation,
    InvitationNotFound,
    InvitationOver,
    NotAllowed,
    Overtaken,
)
from gridt.models.base import execute
from gridt.models.event import EventKind, record
from gridt.models.groups.account_groups import count_members, lock_groups
from gridt.models.groups.collection import Collection
from gridt.models.groups.group_rows import Membership, Role
from gridt.models.groups.inviting import INVITED_GROUP
from gridt.models.groups.principal import Grouped
from gridt.models.invitation import OFFERS, Invitation, Offer, digest_of, ensure_open
from gridt.models.invitation_use import InvitationUse
from gridt.models.user import User
from gridt.permissions import ASSIGNABLE_COACH
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db


class _Place(NamedTuple):
    """A group that a user is to join."""

    id: int
    parent_id: int | None
    organisation_id: int


_caller: Any = bindparam("user_id")
_group = INVITED_GROUP.c


def _member_of(group_id: Any) -> Any:
    return exists().where(Membership.user_id == _caller, Membership.group_id == group_id)


def _roles_in(group_id: Any, *conditions: Any) -> Any:
    return exists().where(Role.user_id == _caller, Role.group_id == group_id, *conditions)


# one statement for all that decides; it comes after the lock of the user
_ASKED = OFFERS.add_columns(
    Membership.organisation_of(_caller).scalar_subquery().label("own_organisation_id"),
    _member_of(_group.parent_id).label("is_in_parent"),
    _member_of(_group.id).label("is_in_group"),
    _roles_in(_group.id, Role.kind == Invitation.role).label("has_role"),
    _roles_in(_group.organisation_id).label("has_role_above"),
    exists()
    .where(InvitationUse.invitation_id == Invitation.id, InvitationUse.user_id == _caller)
    .label("has_used"),
)


def accept_invitation(user: User, code: str) -> tuple[Offer, bool]:
    """Let a user into the group of an invitation.

    They also become members of the groups above, and get the role that comes with it. It all
    happens, or nothing does. Flushes and does not commit.

    :returns: the offer, and whether anything has changed: not for a user who has accepted it
        before, or is there already
    :raises InvitationNotFound: when no invitation into a group has this code
    :raises InvitationOver: when it has ended, or when the user has left since they accepted it
    :raises InAnotherOrganisation: when they are in another organisation
    :raises NotAllowed: for an admin of the service, who reaches every organisation as that
    :raises Overtaken: when the account or the group is deleted meanwhile
    """
    locked = User.lock(user.id)
    if locked is None:
        raise Overtaken(retry_after=1)
    if locked.deactivated_at is not None:
        raise AccountDeactivated
    values = {"now": utcnow(), "token_digest": digest_of(code), "user_id": user.id}
    row = execute(_ASKED, values).one_or_none()
    if row is None or row.group_id is None:
        raise InvitationNotFound
    if user.is_superuser:
        raise NotAllowed("Admins of the service cannot join an organisation by an invitation.")
    offer = Offer.of(row)
    if not _is_needed(row):
        return offer, False
    _join(user, row)
    Invitation.use(code, offer)
    db.session.add(InvitationUse(invitation_id=offer.id, user_id=user.id, used_at=utcnow()))
    _flush_about(user)
    facts = {"group": row.group_id, "role": row.role}
    who = {"actor_id": user.id, "user_id": user.id}
    # the log wants its table and id only
    record(EventKind.INVITATION_ACCEPTED, **who, subject=Invitation(id=offer.id), **facts)
    return offer, True


def _is_needed(row: Row[*tuple[Any, ...]]) -> bool:
    """Return whether accepting an offer changes anything.

    A person whom an admin removed, or who lost the role, does not get in again by an old link.

    :raises InvitationOver: when it cannot be used, by anybody or by this user
    :raises InAnotherOrganisation: when the user is in another organisation
    """
    if row.is_in_group and (row.has_used or row.role is None or row.has_role):
        return False
    ensure_open(row.state)
    if row.has_used:
        raise InvitationOver(
            "You have used this invitation before, and have left since. Please ask for another one."
        )
    if row.own_organisation_id not in {None, row.organisation_id}:
        raise InAnotherOrganisation("You are a member of another organisation already.")
    return True


def _join(user: User, row: Row[*tuple[Any, ...]]) -> None:
    """Add the memberships that the user lacks, and the role."""
    missing = _missing_groups(row)
    if missing:
        lock_groups([group.id for group in missing])
        if count_members([group.id for group in missing], 1) < len(missing):
            raise Overtaken(retry_after=1)  # another transaction deleted a group
        db.session.add_all(Membership(user, group) for group in missing)
        db.session.flush()
    if row.role is not None and not row.has_role:
        db.session.add(Role(user, db.session.get_one(Collection, row.group_id), row.role))
        if row.group_id != row.organisation_id and not row.has_role_above:
            organisation = db.session.get_one(Collection, row.organisation_id)
            db.session.add(Role(user, organisation, ASSIGNABLE_COACH))


def _missing_groups(row: Row[*tuple[Any, ...]]) -> list[_Place]:
    """Return the groups to join, those above first."""
    top, parent_id = row.organisation_id, row.parent_id
    missing = [] if row.own_organisation_id == top else [_Place(top, None, top)]
    if parent_id not in {None, top} and not row.is_in_parent:
        missing.append(_Place(parent_id, top, top))
    if row.group_id != top and not row.is_in_group:
        missing.append(_Place(row.group_id, parent_id, top))
    return missing


def _flush_about(user: User) -> None:
    """Flush, and expire what has changed."""
    db.session.flush()
    for loaded in db.session.identity_map.values():
        if isinstance(loaded, Grouped):
            db.session.expire(loaded, ["member_count"])
    db.session.expire(user, ["organisation"])
