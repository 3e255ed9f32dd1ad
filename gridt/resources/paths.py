"""What stands in paths: movements by id or name, users by id."""

from typing import Any

from gridt.errors import MovementNotFound
from gridt.models import Movement, User
from gridt.models.base import LARGEST_ID


def movement_or_404(movement: str) -> Movement:
    """Return the movement that a path names: by its id if that is all digits, else by its name.

    :raises MovementNotFound: when there is none
    """
    key = _key_in(movement)
    found = Movement.find_by_id(key) if isinstance(key, int) else Movement.find_by_name(key)
    if found is None:
        raise MovementNotFound
    return found


def seen_or_404(movement: str, user: User) -> dict[str, Any]:
    """Return the movement that a path names as a user sees it.

    :raises MovementNotFound: when there is none
    """
    seen = Movement.find_seen(user, _key_in(movement))
    if seen is None:
        raise MovementNotFound
    return seen


def _key_in(movement: str) -> int | str:
    """Return the id or the name that a path says, or 0, which no movement has."""
    return id_in(movement) if _is_number(movement) or "\0" in movement else movement


def id_in(text: str) -> int:
    """Return the id that a path names, or 0, which nothing has."""
    # longer than any id; and Python refuses to read thousands of digits
    if not _is_number(text) or len(text) > len(str(LARGEST_ID)):
        return 0
    number = int(text)
    return number if number <= LARGEST_ID else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
