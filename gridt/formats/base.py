"""The facts of every exported network."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from gridt.models import FETCHED_AT_ONCE

#: the media type of pictures
SVG = "image/svg+xml"
#: keeps a picture from running scripts or loading files, even if the movement's name tries to
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

#: a user's id, or the pseudonym that replaces it
Label = int | str

# the control characters and non-characters that no XML document may hold, escaped or not
_NOT_XML = dict.fromkeys(
    {*range(0x20), 0xFFFE, 0xFFFF} - {*map(ord, "\t\n\r")}, "\N{REPLACEMENT CHARACTER}"
)


@dataclass(frozen=True, slots=True)
class NetworkHead:
    """The movement of a network.

    In `you` it has the caller, if they are a member, and in `your_leaders` the usernames of their
    leaders.
    """

    id: int
    name: str
    member_count: int
    you: Label | None = None
    your_leaders: tuple[tuple[Label, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkMember:
    """A member, their recent activity, and their leaders' ids."""

    id: Label
    live: bool
    leaders: list[Label]


def in_parts(texts: Iterable[str]) -> Iterator[bytes]:
    """Join texts to larger parts.

    A system call for each member would cost the most of all.
    """
    texts = iter(texts)
    while part := "".join(islice(texts, FETCHED_AT_ONCE)):
        yield part.encode()


def xml_text(text: str) -> str:
    """Replace the characters of a text that XML cannot express.

    The text is not escaped yet.
    """
    return text.translate(_NOT_XML)
