"""A member's activity as a table (CSV, RFC 4180)."""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from io import StringIO

from gridt.standing import CompletedTurn

#: the media type
CSV = "text/csv"
#: characters that a message may have
LONGEST_MESSAGE = 280
#: characters of a longer cell are not examined: `harmless` adds at most one for each of a message
LONGEST_CELL = 2 * LONGEST_MESSAGE

COLUMNS = ("movement", "date", "local_time", "utc_time", "turn", "message", "movement_id")
#: without the mark, Excel guesses another encoding than UTF-8
_BYTE_ORDER_MARK = "\ufeff"

# The place where a cell begins that a spreadsheet would take for a formula: at the start of the
# text, behind invisible characters, or after a character that some spreadsheet takes for the end of
# a cell. The pattern never splits a run of blanks; even so, its time grows with the square of their
# number.
_FORMULA = (
    r"(?:^|(?<=[;\t\r\n])){}"
    r"(?=[\s\"'\ufeff\u200b-\u200f\u2060\x00-\x1f]*+[-=+@\uff1d\uff0b\uff0d\uff20]|'*+[\t\r\n])"
)
_HARMFUL = re.compile(_FORMULA.format(""))
_HARMLESS = re.compile(_FORMULA.format("'"))


def activity_table(done: Iterable[CompletedTurn], service: str) -> Iterator[str]:
    """Yield the table of completed turns, row by row.

    :param service: the id of this service
    """
    line = StringIO(newline="")
    writer = csv.writer(line)
    line.write(_BYTE_ORDER_MARK)
    writer.writerow(COLUMNS)
    for turn in done:
        utc = turn.at.astimezone(UTC)
        writer.writerow(
            (
                harmless(turn.movement),
                turn.at.isoformat(),
                f"{turn.at:%Y-%m-%d %H:%M:%S}",
                f"{utc:%Y-%m-%d %H:%M:%S}",
                turn.day.isoformat(),
                harmless(turn.message or ""),
                movement_key(turn.movement_id, service),
            )
        )
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def movement_key(movement_id: int | str, service: str) -> str:
    """Return how an export names a movement.

    An id alone may be another movement's elsewhere.
    """
    return f"{service}-{movement_id}"


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet calculates.

    An apostrophe marks it as text.
    """
    return _HARMFUL.sub("'", text)


def as_typed(cell: str) -> str:
    """Return the text from which `harmless` made a cell."""
    return _HARMLESS.sub("", cell)
