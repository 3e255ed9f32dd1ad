"""Groups that paths name, and what callers may do there."""

from sqlalchemy import select

from gridt.access import Operation, ensure
from gridt.errors import GroupMemberNotFound, GroupNotFound, UserNotFound
from gridt.http.auth import caller
from gridt.http.lookups import id_in
from gridt.models import Collection, Membership, Organisation, Principal, User, Visitor
from gridt.runtime.database import READING, REPLICA
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state


def principal() -> Principal:
    """Return the caller, or a visitor without a token."""
    return Visitor() if visitor_or_caller_id() is None else caller()


def visitor_or_caller_id() -> int | None:
    """Return the caller's id, or None for a visitor."""
    found = request_state().caller
    return None if found is None else found.user_id


def group_or_404(
    text: str,
    caller_id: int | None,
    operation: Operation,
    kind: type[Collection] = Collection,
) -> Collection:
    """Return the group of a path, for an operation.

    A group that the caller cannot read takes the same statements as one that does not exist.

    :param caller_id: None for a visitor
    :param operation: an operation whose rule takes a group
    :param kind: the class of the group, where other groups are not found
    :raises GroupNotFound: when there is none, or the caller cannot read it
    :raises NotAllowed: when they may read it, and no more
    """
    state = request_state()
    if state.bind == REPLICA:  # the replica may not know yet that a role has ended
        state.bind = READING
    user = Visitor() if caller_id is None else caller()
    named = select(Collection).where(Collection.id == id_in(text, Collection.id))
    group = db.session.scalar(user.filter_readable(named))
    if not isinstance(group, kind):
        raise GroupNotFound
    if operation is not Operation.GROUP_READ:
        ensure(user, operation, group)
    return group


def organisation_or_404(text: str, caller_id: int | None, operation: Operation) -> Organisation:
    """Return the organisation whose id is in a path.

    It is like `group_or_404`; other groups are not found.
    """
    found = group_or_404(text, caller_id, operation, Organisation)
    assert isinstance(found, Organisation)  # noqa: S101 - for types
    return found


def person_or_404(text: str) -> User:
    """Return the user whose id is in a path.

    The caller may see the account: admins and coaches see the accounts of their members.

    :raises UserNotFound: when there is none, or the caller may not see it
    """
    user = caller()
    named = select(User).where(User.id == id_in(text, User.id))
    found: User | None = db.session.scalar(user.filter_readable(named))
    if found is None:
        raise UserNotFound
    return found


def membership_or_404(user: str, group: Collection) -> Membership:
    """Return the membership of a path's user in a group.

    :raises GroupMemberNotFound: when there is none
    """
    found = db.session.get(Membership, (id_in(user, User.id), group.id))
    if found is None:
        raise GroupMemberNotFound
    return found
