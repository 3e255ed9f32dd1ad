"""What stands in paths: movements by id or name, users by id."""

from gridt.errors import MovementNotFound
from gridt.models import Movement
from gridt.models.base import LARGEST_ID


def movement_or_404(movement: str) -> Movement:
    """Return the movement that a path names: by its id if that is all digits, else by its name.

    :raises MovementNotFound: when there is none
    """
    if _is_number(movement):
        found = Movement.find_by_id(id_in(movement))
    else:
        found = None if "\0" in movement else Movement.find_by_name(movement)
    if found is None:
        raise MovementNotFound
    return found


def id_in(text: str) -> int:
    """Return the id that a path names, or 0, which nothing has."""
    # longer than any id; and Python refuses to read thousands of digits
    if not _is_number(text) or len(text) > len(str(LARGEST_ID)):
        return 0
    number = int(text)
    return number if number <= LARGEST_ID else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
