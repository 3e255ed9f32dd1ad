"""Readers of exported networks of each format, by public parsers."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import networkx
import pydot
from lxml import etree

SVG = "{http://www.w3.org/2000/svg}"


@dataclass
class Network:
    """The content of an export: the movement and its members."""

    about: dict[str, Any]
    live: dict[str, bool]
    leaders: dict[str, set[str]]


def read_json(text: str) -> Network:
    read = json.loads(text)
    return Network(
        read["movement"],
        {str(one["id"]): one["live"] for one in read["members"]},
        {str(one["id"]): set(map(str, one["leaders"])) for one in read["members"]},
    )


def read_graphml(text: str) -> Network:
    graph = networkx.read_graphml(BytesIO(text.encode()))
    assert type(graph) is networkx.DiGraph  # directed, and no arrow twice
    about = {name: graph.graph[name] for name in ("id", "name", "member_count")}
    live = dict(graph.nodes(data="live"))
    return Network(about, live, {one: set(graph.successors(one)) for one in graph})


def read_dot(text: str) -> Network:
    (graph,) = pydot.graph_from_dot_data(text)
    assert graph.get_type() == "digraph"
    (about,) = graph.obj_dict["nodes"].pop("graph")
    said = about["attributes"]
    live = {one.get_name().strip('"'): one.get("live") == "true" for one in graph.get_nodes()}
    leaders: dict[str, set[str]] = {one: set() for one in live}
    for arrow in graph.get_edges():
        leaders[arrow.get_source().strip('"')].add(arrow.get_destination().strip('"'))
    assert sum(map(len, leaders.values())) == len(graph.get_edges())
    named = {"name": unquoted(said["label"]), "id": int(said["movement_id"])}
    return Network(named | {"member_count": int(said["member_count"])}, live, leaders)


def unquoted(label: str) -> str:
    """Return the text that a quoted label of DOT shows."""
    assert label[0] == label[-1] == '"'
    return re.sub(r"\\(.)", lambda escape: {"n": "\n"}.get(escape[1], escape[1]), label[1:-1])


def read_svg(text: str) -> Network:
    """Read a picture: an arrow's tip points at a leader."""
    root = etree.fromstring(text.encode())
    live, places = {}, {}
    for group in root.iter(f"{SVG}g"):
        if group.get("class") == "member":
            label, _, words = group.findtext(f"{SVG}title").partition(": ")
            live[label] = words.startswith("live")
            places[label] = place_of(group)
    paths = {one: root.xpath("//*[@id=$id]", id=f"from-{one}")[0].get("d") for one in places}
    leaders = {one: {_target(places, *curve) for curve in curves(paths[one])} for one in places}
    summary = root.findtext(f"{SVG}desc")
    name = root.findtext(f"{SVG}title").removeprefix("Leader network of ")
    return Network({"name": name, "member_count": int(summary.split()[0])}, live, leaders)


def place_of(group: Any) -> tuple[float, float, float]:
    """Return the middle of a member's shape, and its radius."""
    circle = group.find(f"{SVG}circle")
    if circle is not None:
        return float(circle.get("cx")), float(circle.get("cy")), float(circle.get("r"))
    x, y, radius = numbers(group.find(f"{SVG}path").get("d"))[:3]
    return x + radius, y, radius


def curves(path: str) -> list[list[float]]:
    """Return each arrow's curve in a path.

    The curve is the point of its bend, and its tip.
    """
    return [numbers(curve) for curve in re.findall(r"Q([^M]*)", path)]


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def _target(places: dict[str, tuple[float, float, float]], *curve: float) -> str:
    bend, tip = complex(*curve[:2]), complex(*curve[2:])
    ahead = (tip - bend) / abs(tip - bend)

    def miss(label: str) -> float:
        x, y, radius = places[label]
        return abs(tip + ahead * (radius + 2) - complex(x, y))

    return min(places, key=miss)


#: by the name in a caller's query
READERS: dict[str, Callable[[str], Network]] = {
    "json": read_json,
    "graphml": read_graphml,
    "dot": read_dot,
    "svg": read_svg,
}
