from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from gridt.formats.base import NetworkHead, NetworkMember, xml_text
from gridt.formats.graph_exports import GRAPH_FORMATS, network_dot, network_graphml
from tests.readers import READERS, read_dot, read_graphml, read_json

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("graphml.xsd")))

#: names that a movement may have
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=50)
AWKWARD = [
    'Say "cheese"',
    "back\\slash",
    "ends in one \\",
    'both \\" of them',
    "not a \\n new line",
    "a\nnew line, a\ttab, a\rreturn",
    "<b> & ]]> --> &amp;",
    "{braces} %s [brackets];",
    "bell \x07 and escape \x1b",
    "no character \ufffe",
    "歯を磨く 🦷",
]

MEMBERS = {
    "nobody": [],
    "one": [NetworkMember(7, True, [])],
    "two": [NetworkMember("ab", True, ["0c"]), NetworkMember("0c", False, ["ab"])],
    # 3 has open slots; arrows lead to members that come later, and back
    "some": [
        NetworkMember(1, True, [2, 3, 4]),
        NetworkMember(2, False, [1]),
        NetworkMember(3, True, []),
        NetworkMember(4, True, [3]),
    ],
}

each_text = pytest.mark.parametrize("name", GRAPH_FORMATS)


def written(name, members, movement="Flossing"):
    """Return a network as a text of that format."""
    return "".join(GRAPH_FORMATS[name].write(NetworkHead(5, movement, len(members)), members))


@each_text
@pytest.mark.parametrize("members", MEMBERS.values(), ids=MEMBERS)
def test_each_format_can_be_read_back(name, members):
    read = READERS[name](written(name, members))
    assert read.about == {"id": 5, "name": "Flossing", "member_count": len(members)}
    assert read.live == {str(one.id): one.live for one in members}
    assert read.leaders == {str(one.id): set(map(str, one.leaders)) for one in members}


@each_text
def test_a_member_is_written_before_the_next_is_read(name):
    read = []
    members = (read.append(number) or NetworkMember(number, True, []) for number in range(10))
    texts = GRAPH_FORMATS[name].write(NetworkHead(5, "Flossing", 10), members)
    next(texts)
    assert not read
    for number in range(10):
        next(texts)
        assert len(read) == number + 1


@pytest.mark.parametrize("movement", AWKWARD)
def test_a_name_is_the_same_in_every_format(movement):
    assert read_json(written("json", [], movement)).about["name"] == movement
    assert read_dot(written("dot", [], movement)).about["name"] == movement
    assert read_graphml(written("graphml", [], movement)).about["name"] == xml_text(movement)


@given(NAMES)
@example("\\\n")
def test_any_name_can_be_read_back(movement):
    about = NetworkHead(5, movement, 0)
    assert read_dot("".join(network_dot(about, []))).about["name"] == movement
    assert read_graphml("".join(network_graphml(about, []))).about["name"] == xml_text(movement)


@pytest.mark.parametrize("movement", ["Flossing", *AWKWARD])
@pytest.mark.parametrize("members", MEMBERS.values(), ids=MEMBERS)
def test_graphml_is_valid(members, movement):
    SCHEMA.assertValid(etree.fromstring(written("graphml", members, movement).encode()))


def test_the_schema_finds_an_arrow_that_leads_nowhere():
    text = written("graphml", [NetworkMember(1, True, [2])])
    assert not SCHEMA.validate(etree.fromstring(text.encode()))
