"""What every format is written of: what the caller may see of a movement and its members."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from gridt.models import FETCHED_AT_ONCE

#: the media type of pictures
SVG = "image/svg+xml"
#: a picture is only a picture, also where a user chose the name of the movement that it shows
SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

#: a user's id, or the pseudonym that stands for it
Label = int | str

# the control characters and non-characters that no XML document may hold, escaped or not
_NOT_XML = dict.fromkeys(
    {*range(0x20), 0xFFFE, 0xFFFF} - {*map(ord, "\t\n\r")}, "\N{REPLACEMENT CHARACTER}"
)


@dataclass(frozen=True, slots=True)
class NetworkHead:
    """The movement that a network is of, and who asks for it, if that is a member."""

    id: int
    name: str
    member_count: int
    you: Label | None = None


@dataclass(frozen=True, slots=True)
class NetworkMember:
    """A member, whether they were active lately, and whom they follow."""

    id: Label
    live: bool
    leaders: list[Label]


def in_parts(texts: Iterable[str]) -> Iterator[bytes]:
    """Join texts to parts worth sending: a system call for each member would cost most of all."""
    texts = iter(texts)
    while part := "".join(islice(texts, FETCHED_AT_ONCE)):
        yield part.encode()


def xml_text(text: str) -> str:
    """Return a text with what XML cannot express replaced; it still has to be escaped."""
    return text.translate(_NOT_XML)
