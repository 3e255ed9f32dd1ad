"""Groups that paths name, and what callers may do there."""

from sqlalchemy import select

from gridt.access import Operation, ensure
from gridt.errors import GroupNotFound
from gridt.http.auth import caller
from gridt.http.lookups import id_in
from gridt.models import Collection, Visitor
from gridt.runtime.database import READING, REPLICA
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state


def group_or_404(text: str, caller_id: int | None, operation: Operation) -> Collection:
    """Return the group of a path, for an operation.

    A group that the caller cannot read takes the same statements as one that does not exist.

    :param caller_id: None for a visitor
    :param operation: an operation whose rule takes a group
    :raises GroupNotFound: when there is none, or the caller cannot read it
    :raises NotAllowed: when they may read it, and no more
    """
    state = request_state()
    if state.bind == REPLICA:  # the replica may not know yet that a role has ended
        state.bind = READING
    user = Visitor() if caller_id is None else caller()
    named = select(Collection).where(Collection.id == id_in(text, Collection.id))
    group: Collection | None = db.session.scalar(user.filter_readable(named))
    if group is None:
        raise GroupNotFound
    if operation is not Operation.GROUP_READ:
        ensure(user, operation, group)
    return group
