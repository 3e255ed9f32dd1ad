"""The network as JSON, GraphML and DOT.

Each member is followed by their leaders.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import orjson
from markupsafe import escape

from gridt.formats.base import NetworkHead, NetworkMember, xml_text

_GRAPHML = """\
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
  xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns \
http://graphml.graphdrawing.org/xmlns/1.1/graphml.xsd">
<key id="id" for="graph" attr.name="id" attr.type="long"/>
<key id="name" for="graph" attr.name="name" attr.type="string"/>
<key id="member_count" for="graph" attr.name="member_count" attr.type="int"/>
<key id="live" for="node" attr.name="live" attr.type="boolean"/>
<graph edgedefault="directed">
<data key="id">{id}</data>
<data key="name">{name}</data>
<data key="member_count">{member_count}</data>
"""


def network_json(network: NetworkHead, members: Iterable[NetworkMember]) -> Iterator[str]:
    """Yield a `NetworkOut`."""
    movement = {"id": network.id, "name": network.name, "member_count": network.member_count}
    # first of all, so that a program that parses the stream knows its own place from the start
    leaders = [{"id": id, "username": username} for id, username in network.your_leaders]
    about = {"movement": movement, "you": network.you, "your_leaders": leaders}
    head = orjson.dumps(about).decode()
    yield head.removesuffix("}") + ',"members":['
    separator = ""
    for member in members:
        yield separator + orjson.dumps(member).decode()
        separator = ","
    yield "]}"


def network_graphml(network: NetworkHead, members: Iterable[NetworkMember]) -> Iterator[str]:
    """Yield a GraphML document.

    An arrow may come before the node that it leads to. GraphML allows this, and readers accept it.
    """
    # an XML reader would turn a bare carriage return into a line feed
    name = str(escape(xml_text(network.name))).replace("\r", "&#13;")
    yield _GRAPHML.format(id=network.id, name=name, member_count=network.member_count)
    for member in members:
        live = "true" if member.live else "false"
        node = f'<node id="{member.id}"><data key="live">{live}</data></node>\n'
        arrows = [f'<edge source="{member.id}" target="{leader}"/>\n' for leader in member.leaders]
        yield node + "".join(arrows)
    yield "</graph>\n</graphml>\n"


def network_dot(network: NetworkHead, members: Iterable[NetworkMember]) -> Iterator[str]:
    """Yield a directed graph in the language of Graphviz.

    Inactive members have dashed outlines.
    """
    # The movement's name is the graph's label. A backslash in it would start a command, and some
    # readers take one before the end of a line for a string that goes on in the next line.
    label = network.name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    yield (
        "digraph network {\n"
        f'graph [label="{label}", movement_id={network.id}, member_count={network.member_count}];\n'
    )
    for member in members:
        look = "live=true" if member.live else "live=false, style=dashed"
        arrows = [f'"{member.id}" -> "{leader}";\n' for leader in member.leaders]
        yield f'"{member.id}" [{look}];\n' + "".join(arrows)
    yield "}\n"


@dataclass(frozen=True)
class GraphFormat:
    """A format that is written one member at a time."""

    media_type: str
    write: Callable[[NetworkHead, Iterable[NetworkMember]], Iterator[str]]


#: by the name that the caller asks for
GRAPH_FORMATS = {
    "json": GraphFormat("application/json", network_json),
    "graphml": GraphFormat("application/graphml+xml", network_graphml),
    "dot": GraphFormat("text/vnd.graphviz", network_dot),
}
