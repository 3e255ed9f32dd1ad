"""The network as a picture: an SVG without scripts.

The same network gives the same SVG.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from flask import render_template

from gridt.errors import PicturesNotInstalled
from gridt.formats.base import Label, NetworkHead, NetworkMember, xml_text

#: with more members, a picture would show only arrows
MOST_DRAWN = 500
#: up to this many members, ids are written below the members; a pointer shows the others
_MOST_LABELLED = 24

#: the part of the picture that the network fills: its middle, and how far it reaches from there
_MIDDLE, _REACH = (500.0, 425.0), (430.0, 325.0)
#: how far an arrow bends off the straight line, so that arrows in both directions stay apart
_BEND = 0.12

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Place:
    """A member in the picture."""

    member: NetworkMember
    followers: int
    x: float
    y: float
    radius: float


def draw_network(network: NetworkHead, members: Sequence[NetworkMember]) -> str:
    """Return the picture of a network as an SVG document.

    It marks the caller's place, their leaders and their followers.

    :param members: at most `MOST_DRAWN`
    :raises PicturesNotInstalled: where the library that lays out networks is missing
    """
    places, me = _places(members), network.you
    mine = None if me is None else places.get(me)
    arrows = {
        label: " ".join(_arrow(place, places[leader]) for leader in place.member.leaders)
        for label, place in places.items()
    }
    followers = [place for place in places.values() if me in place.member.leaders]
    to_me = [_arrow(place, mine, 7) for place in followers if mine]  # ends before my ring
    return render_template(
        "network.svg",
        name=xml_text(network.name),
        places=list(places.values()),
        live=sum(member.live for member in members),
        arrows=arrows,
        mine=mine,
        to_me=" ".join(to_me),
        # more arrows are drawn fainter, because they would hide everything else
        faintness=round(max(0.2, min(0.6, 12 / (len(members) or 1))), 2),
        labelled=len(members) <= _MOST_LABELLED,
    )


def _places(members: Sequence[NetworkMember]) -> dict[Label, _Place]:
    followers = Counter(leader for member in members for leader in member.leaders)
    size = min(24.0, 95 / math.sqrt(len(members) or 1))
    return {
        member.id: _Place(
            member,
            followers[member.id],
            round(x, 1),
            round(y, 1),
            # if all members had the same number of followers, each would have four
            round(size * min(1.7, math.sqrt((followers[member.id] + 2) / 6)), 1),
        )
        for member, (x, y) in zip(members, _laid_out(members), strict=True)
    }


def _laid_out(members: Sequence[NetworkMember]) -> list[Point]:
    """Return the place of each member, near their leaders.

    Members stand apart from all others.
    """
    # imported here, because workers that never draw can do without its memory
    try:
        import rustworkx
    except ImportError as error:
        raise PicturesNotInstalled(
            "This server cannot draw networks. Its operator must install"
            " requirements-pictures.txt. The other formats do not need it."
        ) from error

    numbers = {member.id: number for number, member in enumerate(members)}
    graph: rustworkx.PyDiGraph[int, None] = rustworkx.PyDiGraph()
    graph.add_nodes_from(range(len(members)))
    graph.add_edges_from_no_data(
        [(numbers[member.id], numbers[leader]) for member in members for leader in member.leaders]
    )
    layout = rustworkx.spring_layout(graph, num_iter=300, seed=1)
    axes = [_spread([layout[number][axis] for number in numbers.values()], axis) for axis in (0, 1)]
    return list(zip(*axes, strict=True))


def _spread(values: list[float], axis: int) -> list[float]:
    """Move and stretch coordinates so that they fill the picture."""
    low, high = min(values, default=0), max(values, default=0)
    scale = 2 * _REACH[axis] / (high - low) if high > low else 0
    return [_MIDDLE[axis] + (value - (low + high) / 2) * scale for value in values]


def _arrow(start: _Place, end: _Place, gap: float = 2) -> str:
    """Return the path of an arrow, bent to the left."""
    dx, dy = end.x - start.x, end.y - start.y
    bend = (start.x + dx / 2 + dy * _BEND, start.y + dy / 2 - dx * _BEND)
    angle = math.atan2(end.y - bend[1], end.x - bend[0])
    # where two members nearly touch, the arrow stops half-way, so that it never points back
    short = math.hypot(end.x - bend[0], end.y - bend[1]) / 2
    tip = _from((end.x, end.y), angle, min(end.radius + gap, short))
    # the head is part of the path, because some viewers do not support markers
    length = 3.5 + end.radius / 3
    sides = [_from(tip, angle + side, length) for side in (-0.45, 0.45)]
    points = [(start.x, start.y), bend, tip, sides[0], tip, sides[1]]
    return "M{} {}Q{} {} {} {}M{} {}L{} {}L{} {}".format(*_rounded(points))


def _from(point: Point, angle: float, distance: float) -> Point:
    """Return the point before another, at a distance and angle."""
    return point[0] - math.cos(angle) * distance, point[1] - math.sin(angle) * distance


def _rounded(points: list[Point]) -> list[str]:
    return [f"{number:.1f}".removesuffix(".0") for point in points for number in point]
