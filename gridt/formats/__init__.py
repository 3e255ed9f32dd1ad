"""What is exported, written down: networks in their formats, and what is stored about a person.

Nothing here knows who asks: it writes what it is given, which is what the caller may see.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gridt.formats.account_json import as_document
from gridt.formats.activity_csv import as_table, read_table
from gridt.formats.base import About, Label, Shown, in_parts
from gridt.formats.calendar import as_calendar
from gridt.formats.graph_exports import as_dot, as_graphml, as_json
from gridt.formats.network_svg import MOST_DRAWN, draw
from gridt.formats.year_svg import Year, draw_year

__all__ = [
    "CALENDAR",
    "MOST_DRAWN",
    "PICTURE",
    "PICTURE_POLICY",
    "TABLE",
    "TEXTS",
    "About",
    "Label",
    "Shown",
    "Year",
    "as_calendar",
    "as_document",
    "as_table",
    "draw",
    "draw_year",
    "in_parts",
    "read_table",
]


@dataclass(frozen=True)
class Text:
    """A format that is written a member at a time, whatever the size of the movement."""

    media_type: str
    write: Callable[[About, Iterable[Shown]], Iterator[str]]


#: by the name that the caller asks for
TEXTS = {
    "json": Text("application/json", as_json),
    "graphml": Text("application/graphml+xml", as_graphml),
    "dot": Text("text/vnd.graphviz", as_dot),
}
#: the media type of what `draw` and `draw_year` return
PICTURE = "image/svg+xml"
#: and of what the other two write, or one of them reads
CALENDAR, TABLE = "text/calendar", "text/csv"
#: a picture is only a picture, whoever named the movement that it is of
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
