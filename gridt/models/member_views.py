"""Members and removed users, as the creator sees them."""

from typing import Any

from sqlalchemy import Integer, bindparam, select

from gridt.models.base import Rows
from gridt.models.member_removal import MemberRemoval
from gridt.models.subscription import IN_MOVEMENT, Subscription
from gridt.models.user import User

#: more than the members of a movement with the same random key: a pair is rare, more are unheard of
_SAME_KEY = 32

_COLUMNS = (User.id, User.username)
_TIMES = (Subscription.subscribed_at, Subscription.last_update_at)

# It is in the order of the index alone, and has a limit: if PostgreSQL does not know the size of a
# new movement yet, it would read and sort the whole of it otherwise. An account that has ended is
# hidden at once; a job may take minutes to leave its movements.
_window = (
    select(Subscription.shuffle_key, Subscription.user_id, *_TIMES)
    .where(
        IN_MOVEMENT,
        Subscription.shuffle_key >= bindparam("after_0"),
        select(User.id)
        .where(User.id == Subscription.user_id, User.deactivated_at.is_(None))
        .correlate(Subscription)
        .exists(),
    )
    .order_by(Subscription.shuffle_key)
    .limit(bindparam("rows", type_=Integer()) + _SAME_KEY)
    .subquery("member_window")
)
#: the members in the order of `MEMBERS_KEYS`. Its parameters are those of `keys_of` and of a page;
#: `after_0` is the first key on the first page
MEMBERS_QUERY: Rows = select(*_COLUMNS, _window.c.subscribed_at, _window.c.last_update_at).join(
    User, User.id == _window.c.user_id
)
MEMBERS_KEYS: Any = [(_window.c.shuffle_key, False), (_window.c.user_id, False)]

#: the member of a movement with a folded username
NAMED_MEMBER_QUERY: Rows = (
    select(*_COLUMNS, *_TIMES)
    .join(Subscription, Subscription.user_id == User.id)
    .where(
        User.username_folded == bindparam("username"),
        User.deactivated_at.is_(None),
        Subscription.movement_id == bindparam("movement_id"),
    )
)
#: the users who were removed from a movement
REMOVALS_QUERY: Rows = (
    select(*_COLUMNS, MemberRemoval.removed_at)
    .join(User, User.id == MemberRemoval.user_id)
    .where(MemberRemoval.movement_id == bindparam("movement_id"))
)
