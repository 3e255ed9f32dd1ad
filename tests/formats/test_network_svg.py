import random
import re
import subprocess
import sys

import pytest
from lxml import etree

from gridt.formats.base import NetworkHead, NetworkMember
from gridt.formats.network_svg import MOST_DRAWN, draw_network
from tests.databases import same_on_both
from tests.readers import SVG, curves, place_of, read_svg

pytestmark = same_on_both

#: six members: one without followers, one alone, two silent
MEMBERS = [
    NetworkMember("aa", True, ["bb", "cc", "dd"]),
    NetworkMember("bb", True, ["aa"]),
    NetworkMember("cc", False, ["aa", "bb"]),
    NetworkMember("dd", False, ["cc"]),
    NetworkMember("ee", True, ["dd", "aa"]),
    NetworkMember("ff", True, []),
]


@pytest.fixture
def picture(app):
    """Draw a network, and parse the picture."""

    def make(members=MEMBERS, me="aa", name="Flossing"):
        return etree.fromstring(text(app, members, me, name).encode())

    return make


def text(app, members=MEMBERS, me="aa", name="Flossing"):
    with app.app_context():
        return draw_network(NetworkHead(5, name, len(members), me), members)


def ring(size):
    """Let each member follow the next four."""
    return [
        NetworkMember(
            number, number % 7 > 0, [(number + step) % size for step in range(1, min(5, size))]
        )
        for number in range(size)
    ]


def usual(size):
    """Let each member follow four others at random.

    Most networks are like this.
    """
    dice = random.Random(1)
    return [
        NetworkMember(
            number, number % 7 > 0, dice.sample([*range(number), *range(number + 1, size)], 4)
        )
        for number in range(size)
    ]


each_size = pytest.mark.parametrize(
    "members", [*map(ring, (0, 1, 2, 5)), MEMBERS, usual(60), usual(MOST_DRAWN)], ids=len
)


def classes(root):
    return {one.get("class") for one in root.iter() if one.get("class")}


def of_class(root, name):
    return root.findall(f".//{SVG}*[@class='{name}']")


@each_size
def test_every_member_and_every_arrow_is_drawn(app, members):
    drawn = read_svg(text(app, members, "nobody"))
    assert drawn.about == {"name": "Flossing", "member_count": len(members)}
    assert drawn.live == {str(one.id): one.live for one in members}
    assert drawn.leaders == {str(one.id): set(map(str, one.leaders)) for one in members}


@each_size
def test_nothing_is_drawn_outside(picture, members):
    root = picture(members)
    _, _, width, height = map(float, root.get("viewBox").split())
    for group in of_class(root, "member"):
        x, y, radius = place_of(group)
        assert radius < x < width - radius
        assert radius < y < height - radius


def test_arrows_between_close_members_point_at_their_leaders(picture):
    members = ring(MOST_DRAWN)  # laid out as a narrow ribbon
    root = picture(members)
    places = [complex(*place_of(group)[:2]) for group in of_class(root, "member")]
    for one, member in enumerate(members):
        (path,) = root.xpath("//*[@id=$id]", id=f"from-{one}")
        for leader, curve in zip(member.leaders, curves(path.get("d")), strict=True):
            bend, tip = complex(*curve[:2]), complex(*curve[2:])
            assert ((tip - bend) * (places[leader] - bend).conjugate()).real > 0


def test_the_same_network_makes_the_same_picture(app):
    assert text(app, ring(100)) == text(app, ring(100))
    assert text(app, ring(100)) != text(app, ring(99))


def test_active_and_silent_members_differ_in_shape_and_colour(picture):
    root = picture()
    shapes = {
        (shape.tag.removeprefix(SVG), shape.get("class"), "silent" in group.findtext(f"{SVG}title"))
        for group in of_class(root, "member")
        for shape in group.xpath("*[@class='live' or @class='silent']")
    }
    assert shapes == {("circle", "live", False), ("path", "silent", True)}
    style = root.findtext(f"{SVG}style")
    for scheme in style.split("@media (prefers-color-scheme: dark)"):
        fills = dict(re.findall(r"\.(live|silent) \{ fill: (#\w+)", scheme))
        assert len(set(fills.values())) == 2


def test_both_schemes_colour_the_same_things(picture):
    style = picture().findtext(f"{SVG}style")
    light, _, dark = style.partition("@media (prefers-color-scheme: dark)")
    coloured = [
        set(re.findall(r"([.\w-]+)(?:, [.\w-]+)* \{[^}]*#", part)) for part in (light, dark)
    ]
    assert coloured[1]
    for part in (light, dark):
        for name in ("ground", "heading", "arrows", "live", "silent", "mine", "to-me", "label"):
            assert re.search(rf"\.{name}\b[^{{}}]*\{{[^}}]*#", part), name


def test_the_legend_explains_the_picture(picture):
    words = " ".join(one.text for one in picture().iter(f"{SVG}text"))
    for word in ("live", "silent", "followers", "follows", "whom you follow", "who follows you"):
        assert word in words


def test_it_can_be_read_aloud(picture):
    root = picture()
    assert root.get("role") == "img"
    ids = root.get("aria-labelledby").split()
    title, desc = (root.xpath("//*[@id=$id]", id=one)[0] for one in ids)
    assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
    assert title.text == "Leader network of Flossing"
    assert desc.text.startswith("6 members, 4 of them live. Arrows lead")
    assert desc.text.endswith("You follow 3 of them and are followed by 3.")


def test_each_member_has_a_description(picture):
    titles = [group.findtext(f"{SVG}title") for group in of_class(picture(), "member")]
    assert titles == [
        "aa: live, 3 followers",
        "bb: live, 2 followers",
        "cc: silent, 2 followers",
        "dd: silent, 2 followers",
        "ee: live, 0 followers",
        "ff: live, 0 followers",
    ]
    (alone,) = of_class(picture([NetworkMember(7, True, [])], me=7), "member")
    assert alone.findtext(f"{SVG}title") == "7: live, 0 followers"


def test_only_a_small_picture_shows_all_ids(picture):
    labels = [one.text for one in of_class(picture(me="nobody"), "label")]
    assert labels == [one.id for one in MEMBERS]
    assert not of_class(picture(ring(60), me="nobody"), "label")


def test_the_caller_sees_their_place(picture):
    root = picture(me="cc")
    (around,) = of_class(root, "me")
    x, y, radius = place_of(of_class(root, "member")[2])
    assert float(around.get("cx")) == pytest.approx(x)
    assert float(around.get("cy")) == pytest.approx(y)
    assert float(around.get("r")) > radius
    # the first element of each class is in the network, the other in the legend
    from_me, to_me = of_class(root, "mine")[0], of_class(root, "to-me")[0]
    assert from_me.get("d").count("Q") == 2
    assert to_me.get("d").count("Q") == 2


def test_a_caller_who_is_no_member_has_no_place(picture):
    root = picture(me="nobody")
    assert not classes(root) & {"me", "mine", "to-me"}
    assert "You" not in root.findtext(f"{SVG}desc")


def test_more_followers_make_a_member_larger(picture):
    stars = [NetworkMember(number, True, [0] if number else []) for number in range(5)]
    radii = [place_of(one)[2] for one in of_class(picture(stars), "member")]
    assert radii[0] > radii[1] == radii[2] == radii[3] == radii[4]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><b>', "a & b", "bell \x07 \ufffe"]
)
def test_a_name_is_only_a_name(picture, name):
    root = picture(name=name)
    shown = re.sub(r"[\x07\ufffe]", "\ufffd", name)
    assert root.findtext(f"{SVG}title") == f"Leader network of {shown}"
    assert of_class(root, "heading")[0].text == shown


def test_nothing_in_it_runs_or_is_fetched(picture):
    root = picture(name="<script>alert(1)</script>")
    tags = {one.tag.removeprefix(SVG) for one in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "text", "g", "path", "circle", "use"}
    attributes = [(name, value) for one in root.iter() for name, value in one.attrib.items()]
    assert not [name for name, _ in attributes if name.startswith("on")]
    assert all(value.startswith("#from-") for name, value in attributes if name.endswith("href"))
    assert not re.search(r"url\(|@import|https?:", root.findtext(f"{SVG}style"))


def test_workers_that_never_draw_do_not_load_the_library():
    program = "import sys, gridt.app; sys.exit(bool({'rustworkx', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
