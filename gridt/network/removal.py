"""Removing members, and letting them join again.

The creator and admins may do this. An admin has no protection from it: a refusal would show the
creator which member is an admin, and an admin can lift the removal.
"""

from gridt.errors import CreatorStays, MemberNotFound
from gridt.models import EventKind, MemberRemoval, Movement, User, record


def remove_member(movement: Movement, user: User, remover: User) -> None:
    """Unsubscribe a user, who then cannot join again.

    If they join after the removal is lifted, they go on where they were. Flushes and does not
    commit. Does nothing the second time.

    :param remover: the creator, or an admin
    :raises CreatorStays: when the user created the movement
    :raises MemberNotFound: when the user is not subscribed
    """
    movement.lock()
    if user.id == movement.creator_id:
        raise CreatorStays
    if movement.unsubscribe(user, removed=True):
        # The lock of the subscription keeps the account from ending before this row is there.
        MemberRemoval.add(movement.id, user.id)
        record(EventKind.MEMBER_REMOVED, actor_id=remover.id, user_id=user.id, subject=movement)
    elif not MemberRemoval.exists(movement.id, user.id):
        raise MemberNotFound


def lift_removal(movement: Movement, user_id: int, lifter: User) -> None:
    """Let a removed user join again.

    Flushes and does not commit. Does nothing for a user who is not removed.

    :param lifter: the creator, or an admin
    """
    if MemberRemoval.lift(movement.id, user_id):
        record(EventKind.REMOVAL_LIFTED, actor_id=lifter.id, user_id=user_id, subject=movement)
