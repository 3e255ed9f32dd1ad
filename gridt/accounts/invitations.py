"""The modes of registration, and invitations."""

from datetime import datetime, timedelta

from gridt.errors import (
    Invalid,
    InvitationNeeded,
    NotAllowed,
    RegistrationClosed,
)
from gridt.jobs import enqueue, job
from gridt.models import Collection, Invitation, Offer, User, may_invite
from gridt.permissions import COACH, InvalidRoleKind
from gridt.refusals import Code, Refusal
from gridt.runtime.clock import utcnow

#: the modes of registration: without an invitation, with one, or by operators only
OPEN, INVITE, CLOSED = REGISTRATION_MODES = ("open", "invite", "closed")
#: for how long an invitation can be used, by default and at most
USUAL_TIME, LONGEST_TIME = timedelta(days=7), timedelta(days=90)
#: the shortest time for which a link into a group can be used
SHORTEST_LINK_TIME = timedelta(days=1)
LINK_TIME = Refusal(Code.NOT_A_DURATION, minimum="P1D", maximum=f"P{LONGEST_TIME.days}D")
#: how many people can accept a link into a group, by default and at most
USUAL_LINK_USES, MOST_USES = 30, 1000
#: the job that deletes invitations long after their end, and how many it deletes in a transaction
_JOB, _BATCH = "forget-invitations", 100
_DAILY = timedelta(days=1)


def ensure_may_register(mode: str, code: str | None, email: str) -> None:
    """Check that a person may register.

    This comes before anything else is said about the account.

    :param mode: one of `REGISTRATION_MODES`
    :param code: the code of an invitation, if the person has one
    :raises RegistrationClosed: when only operators open accounts
    :raises InvitationNeeded: when the person needs an invitation, and has none
    :raises InvitationNotFound: when no invitation has this code
    :raises InvitationOver: when it has ended
    :raises AnotherAddress: when it is for another address
    """
    if code is not None:
        find_offer(mode, code).ensure_for(email)
    elif mode == CLOSED:
        raise RegistrationClosed
    elif mode == INVITE:
        raise InvitationNeeded


def find_offer(mode: str, code: str) -> Offer:
    """Return the invitation with a code that lets people register.

    It can be used now.

    :param mode: one of `REGISTRATION_MODES`
    :raises RegistrationClosed: when only admins open accounts
    :raises InvitationNotFound: when no invitation has this code
    :raises InvitationOver: when it has ended
    """
    if mode == CLOSED:
        raise RegistrationClosed
    return Invitation.offer_of(code)


def find_shown_offer(mode: str, code: str) -> Offer:
    """Return the invitation with a code, to show it.

    An invitation into a group is also for people who have an account, so it works in every mode.

    :raises RegistrationClosed: when only admins open accounts, and no group has such an invitation
    :raises InvitationNotFound: when no invitation has this code
    :raises InvitationOver: when it has ended
    """
    offer = Invitation.offer_of(code)
    return offer if offer.group is not None else find_offer(mode, code)


def invite(
    *,
    label: str = "",
    max_uses: int = 1,
    expires_at: datetime | None = None,
    email: str | None = None,
    admin_id: int | None = None,
) -> tuple[Invitation, str]:
    """Make an invitation; return it and its code.

    Flushes and does not commit.

    :param expires_at: a week from now by default
    :param email: the only address that may register with it, once
    :param admin_id: the admin, whose row is locked; None for an operator
    :raises Invalid: when a value is not possible
    """
    now = utcnow()
    expires_at = expires_at or now + USUAL_TIME
    if expires_at <= now:
        raise Invalid.member("#/expires_at", Refusal(Code.PAST))
    if expires_at > now + LONGEST_TIME:
        longest = Refusal(Code.TOO_FAR_AHEAD, maximum=LONGEST_TIME.days)
        raise Invalid.member("#/expires_at", longest)
    if email is not None and max_uses > 1:
        raise Invalid.member("#/max_uses", Refusal(Code.TOO_LARGE, maximum=1))
    made = Invitation.make(
        expires_at, label=label, max_uses=max_uses, email=email, admin_id=admin_id
    )
    enqueue(_JOB, {}, key=_JOB, priority=-1, delay=_DAILY)
    return made


def invite_into(
    group: Collection,
    maker: User,
    *,
    role: str | None = None,
    max_uses: int = USUAL_LINK_USES,
    expires_in: timedelta = USUAL_TIME,
) -> tuple[Invitation, str]:
    """Make a link into a group.

    Flushes and does not commit.

    :returns: the invitation and its code
    :param maker: the user who invites; the link ends when they may no longer do so
    :param role: `coach`, or None for a membership only
    :raises NotAllowed: when the maker may not invite, or not with this role
    :raises InvalidRoleKind: (a ValueError) when the group has no such role, or links give none
    :raises Invalid: when a value is not possible
    """
    if role is not None:
        if role != COACH:
            raise InvalidRoleKind(f"a link gives nobody the role {role!r}")
        group.ensure_carries(role)
    if not SHORTEST_LINK_TIME <= expires_in <= LONGEST_TIME:
        raise Invalid.member("#/expires_in", LINK_TIME)
    if max_uses < 1:
        raise Invalid.member("#/max_uses", Refusal(Code.TOO_SMALL, minimum=1))
    if max_uses > MOST_USES:
        raise Invalid.member("#/max_uses", Refusal(Code.TOO_LARGE, maximum=MOST_USES))
    # the end of the account or role waits for this, or was before it
    if User.lock(maker.id) is None or not may_invite(maker.id, group.id, role):
        raise NotAllowed("You may not invite people into this group.")
    made = Invitation.make(
        utcnow() + expires_in, max_uses=max_uses, admin_id=maker.id, group_id=group.id, role=role
    )
    enqueue(_JOB, {}, key=_JOB, priority=-1, delay=_DAILY)
    return made


@job(_JOB)
def _forget_ended() -> None:
    """Delete invitations that ended long ago.

    The job runs once a day while there are any.
    """
    next_at = Invitation.forget_ended(_BATCH)
    if next_at is not None:
        overdue = next_at <= utcnow()
        enqueue(_JOB, {}, key=_JOB, priority=-1, delay=None if overdue else _DAILY)
