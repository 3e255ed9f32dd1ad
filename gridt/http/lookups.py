"""Objects that paths name.

Movements are named by id or name, users by id.
"""

from typing import Any

from sqlalchemy.orm import InstrumentedAttribute

from gridt.errors import MovementNotFound, UserNotFound
from gridt.models import Movement, User, largest_in


def movement_or_404(movement: str) -> Movement:
    """Return the movement of a path.

    Digits alone are an id, anything else is a name.

    :raises MovementNotFound: when there is none
    """
    key = _key_in(movement)
    row = Movement.find_by_id(key) if isinstance(key, int) else Movement.find_by_name(key)
    if row is None:
        raise MovementNotFound
    return row


def locked_or_404(movement: str) -> Movement:
    """Return the movement of a path, locked for network changes.

    :raises MovementNotFound: when there is none
    """
    row = Movement.find_locked(_key_in(movement))
    if row is None:
        raise MovementNotFound
    return row


def movement_id_in(movement: str) -> int:
    """Return the id of a path's movement.

    An id is not looked up.

    :raises MovementNotFound: when there is no movement of that name
    """
    key = _key_in(movement)
    return key if isinstance(key, int) else movement_or_404(movement).id


def movement_view_or_404(movement: str, user_id: int) -> dict[str, Any]:
    """Return a path's movement as a user sees it.

    :raises MovementNotFound: when there is none
    """
    view = Movement.find_view(user_id, _key_in(movement))
    if view is None:
        raise MovementNotFound
    return view


def user_or_404(user: str) -> User:
    """Return the user whose id is in a path.

    :raises UserNotFound: when there is none
    """
    row = User.find_by_id(id_in(user, User.id))
    if row is None:
        raise UserNotFound
    return row


def _key_in(movement: str) -> int | str:
    """Return a path's id or name, or 0.

    No movement has the id 0.
    """
    number = _is_number(movement) or "\0" in movement
    return id_in(movement, Movement.id) if number else movement


def id_in(text: str, key: InstrumentedAttribute[int]) -> int:
    """Return the id in a path, or 0.

    Nothing has the id 0.

    :param key: the column of the id
    """
    # Python refuses to parse thousands of digits; no id has twenty
    number = int(text) if _is_number(text) and len(text) < 20 else 0
    return number if number <= largest_in(key) else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
