import contextvars
import gc
import json
import operator
import re
import tracemalloc
from datetime import timedelta

import pytest
import rustworkx
from flask.testing import FlaskClient

from gridt.formats.graph_exports import GRAPH_FORMATS
from gridt.models import Movement, MovementUserAssociation, User
from gridt.resources.network import MOST_MOVED
from gridt.runtime.extensions import db
from tests.conftest import new_token
from tests.networks import arrows_of, people, plant, ring
from tests.readers import READERS

TYPES = {
    "json": "application/json",
    "graphml": "application/graphml+xml; charset=utf-8",
    "dot": "text/vnd.graphviz; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
}

each_format = pytest.mark.parametrize("name", READERS)
each_text = pytest.mark.parametrize("name", GRAPH_FORMATS)


@pytest.fixture
def export(client_of):
    """Export a movement's network, as a user sees it."""

    def call(user, movement, name=None, **options):
        query = {} if name is None else {"format": name}
        address = f"/movements/{movement.id}/network"
        return client_of(user).get(address, query_string=query, **options)

    return call


@pytest.fixture
def network(export):
    """Read a movement's network in a format, as a user."""

    def read(user, movement, name="json"):
        answer = export(user, movement, name)
        assert answer.status_code == 200, answer.json
        return READERS[name](answer.text)

    return read


# -- formats --------------------------------------------------------------------------------


@each_format
@pytest.mark.parametrize("role", ["creator", "admin"])
def test_the_creator_and_admins_see_the_whole_network(
    network, make_movement, make_user, ann, role, name
):
    users = [make_user() for _ in range(7)]
    movement = make_movement(*users, creator=ann if role == "creator" else None, name="Flossing")
    ann.role = "admin" if role == "admin" else "user"
    ann.save_to_db()

    read = network(ann, movement, name)

    assert read.about.items() <= {"id": movement.id, "name": "Flossing", "member_count": 7}.items()
    leaders = {str(user.id): {str(one.id) for one in user.leaders(movement)} for user in users}
    assert read.leaders == leaders


@each_format
def test_the_network_marks_active_members(network, make_movement, make_user, ann, clock, name):
    ben = make_user()
    movement = make_movement(ann, ben, creator=ann)
    clock.pass_(days=4)
    movement.post_update(ben).save_to_db()
    assert network(ann, movement, name).live == {str(ann.id): False, str(ben.id): True}


@each_format
@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_small_network(network, make_movement, ann, size, name):
    read = network(ann, make_movement(members=size, creator=ann), name)
    assert read.about["member_count"] == len(read.live) == size
    assert [len(leaders) for leaders in read.leaders.values()] == [max(0, size - 1)] * size


@each_format
def test_open_slots_are_left_out(network, make_movement, ann, name):
    movement = make_movement(ann, members=5, creator=ann)
    following = db.select(MovementUserAssociation).filter_by(follower_id=ann.id, slot=2)
    slot = db.session.scalars(following).one()
    slot.leader_id = None  # as in imported data
    slot.save_to_db()
    counts = {one: len(leaders) for one, leaders in network(ann, movement, name).leaders.items()}
    assert counts.pop(str(ann.id)) == 3
    assert set(counts.values()) == {4}


@each_format
def test_a_format_has_its_media_type(export, make_movement, ann, name):
    answer = export(ann, make_movement(ann), name)
    assert answer.content_type == TYPES[name]


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("json", None),
        ("graphml", "attachment; filename=movement-{}.graphml"),
        ("dot", "attachment; filename=movement-{}.dot"),
        ("svg", "inline; filename=movement-{}.svg"),
    ],
)
def test_files_have_names_and_pictures_are_shown(export, make_movement, ann, name, disposition):
    movement = make_movement(ann)
    answer = export(ann, movement, name)
    expected = disposition and disposition.format(movement.id)
    assert answer.headers.get("Content-Disposition") == expected


def test_json_is_the_default(export, make_movement, ann):
    movement = make_movement(ann, members=3)
    assert export(ann, movement).json == export(ann, movement, "json").json


@pytest.mark.parametrize("name", ["png", "", "SVG", "application/json"])
def test_an_unknown_format_is_named(export, make_movement, ann, name):
    answer = export(ann, make_movement(ann), name)
    assert answer.status_code == 422
    (error,) = answer.json["errors"]
    assert (error["pointer"], error["in"]) == ("#/format", "query")
    assert all(known in error["detail"] for known in READERS)


def test_the_accept_header_makes_no_difference(export, make_movement, ann):
    answer = export(ann, make_movement(ann), headers={"Accept": "image/svg+xml"})
    assert answer.mimetype == "application/json"


# -- visibility -----------------------------------------------------------------------------


@each_format
def test_members_see_pseudonyms(network, make_movement, make_user, ann, name):
    users = [ann, *(make_user() for _ in range(5))]
    movement = make_movement(*users)
    first = network(ann, movement, name)
    assert len(first.live) == 6
    assert all(re.fullmatch(r"[0-9a-f]{16}", one) for one in first.live)
    for member, leaders in first.leaders.items():
        assert len(leaders) == 4
        assert leaders < set(first.live) - {member}


def test_a_pseudonym_holds_for_one_reader_one_movement_and_one_utc_day(
    network, make_movement, make_user, ann, ben, clock
):
    clock.now = clock.now.replace(hour=23, minute=59)
    movement, other = make_movement(ann, ben, members=4), make_movement(ann, ben, members=4)
    first = set(network(ann, movement).live)
    assert set(network(ann, movement, "graphml").live) == first
    assert not first & set(network(ben, movement).live)
    assert not first & set(network(ann, other).live)
    clock.pass_(minutes=1)
    assert not first & set(network(ann, movement).live)


def test_the_order_of_members_connects_no_two_exports(export, make_movement, make_user, ann, ben):
    movement = make_movement(ann, ben, members=4)
    for reader in (ann, ben):
        shown = [member["id"] for member in export(reader, movement).json["members"]]
        assert shown == sorted(shown)


def test_every_format_shows_the_same(network, make_movement, ann):
    movement = make_movement(ann, members=30)
    as_json, *others = (network(ann, movement, name) for name in READERS)
    for read in others:
        assert (read.live, read.leaders) == (as_json.live, as_json.leaders)
        assert read.about["name"] == as_json.about["name"]


@each_format
def test_an_export_reveals_no_more_than_that(export, make_movement, make_user, ann, name):
    names = {"robin": 987_654_301, "pieter": 987_654_302, "jorn": 987_654_303}
    # no other number looks like these ids
    users = [make_user(f"called-{word}", id=number) for word, number in names.items()]
    text = export(ann, make_movement(ann, *users), name).text
    if name == "json":  # it names the reader's own leaders
        exported = json.loads(text)
        named = {leader["username"] for leader in exported.pop("your_leaders")}
        assert named == {user.username for user in users}
        text = json.dumps(exported)
    for user in users:
        for secret in (user.username, user.email, str(user.id)):
            assert secret not in text


def test_an_export_names_the_leaders_of_its_reader_only(export, make_movement, make_user, ann):
    ben, admin = make_user(), make_user(role="admin")
    movement = make_movement(ann, ben, members=20, creator=ann)
    assert export(admin, movement).json["your_leaders"] == []
    names = {}
    for user in (ann, ben):
        exported = export(user, movement).json
        named = {one["id"]: one["username"] for one in exported["your_leaders"]}
        (mine,) = [one for one in exported["members"] if one["id"] == exported["you"]]
        assert set(named) == set(mine["leaders"])
        assert set(named.values()) == {leader.username for leader in movement.leaders_of(user)}
        assert list(named) == sorted(named, key=str)
        names[user.id] = named
    assert all(isinstance(one, int) for one in names[ann.id])
    assert {User.find_by_id(one).username for one in names[ann.id]} == {*names[ann.id].values()}
    # each pseudonym belongs to that leader: as many members follow them
    exported = export(ben, movement).json
    for pseudonym, username in names[ben.id].items():
        leader = User.find_by_name(username)
        followers = [one for one in exported["members"] if pseudonym in one["leaders"]]
        assert len(followers) == sum(
            leader.id in slots.values() for slots in arrows_of(movement.id).values()
        )


def test_an_export_marks_the_caller(export, make_movement, make_user, ann):
    ben, admin = make_user(), make_user(role="admin")
    movement = make_movement(ann, ben, members=5, creator=ann)
    exports = {user.id: export(user, movement).json for user in (ann, ben, admin)}
    assert exports[ann.id]["you"] == ann.id
    assert exports[admin.id]["you"] is None
    (mine,) = [one for one in exports[ben.id]["members"] if one["id"] == exports[ben.id]["you"]]
    # a pseudonym, and not of another member: for Ann, who sees ids, as many have the same leaders
    assert mine["id"] != ben.id
    seen_by_ann = _graph(exports[ann.id]["members"], ben.id)
    seen_by_ben = _graph(exports[ben.id]["members"], mine["id"])
    assert rustworkx.is_isomorphic(seen_by_ann, seen_by_ben, node_matcher=operator.eq)


def _graph(members, marked):
    """Return the network with True at the marked member.

    The others have False.
    """
    graph = rustworkx.PyDiGraph()
    places = {member["id"]: graph.add_node(member["id"] == marked) for member in members}
    for member in members:
        for leader in member["leaders"]:
            graph.add_edge(places[member["id"]], places[leader], None)
    return graph


@each_format
def test_outsiders_see_no_network(export, make_movement, make_user, ann, name):
    movement = make_movement(make_user(), creator=make_user())
    assert export(ann, movement, name).status_code == 409


# -- pictures -------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "status"), [(500, 200), (501, 422)])
def test_a_picture_has_at_most_500_members(export, make_movement, ann, size, status):
    movement = make_movement(creator=ann)
    plant(movement, ring(people(size)))

    answer = export(ann, movement, "svg")

    assert answer.status_code == status
    if status == 422:
        (error,) = answer.json["errors"]
        assert (error["pointer"], error["in"]) == ("#/format", "query")
        assert error["detail"] == (
            "A picture shows at most 500 members, and this movement has 501."
            " The other formats (json, graphml, dot) have no limit."
        )


def test_a_picture_shows_the_caller_their_place(export, make_movement, make_user, ann):
    admin = make_user(role="admin")
    movement = make_movement(ann, members=5)
    assert 'class="me"' in export(ann, movement, "svg").text
    assert 'class="me"' not in export(admin, movement, "svg").text


def test_a_picture_that_is_the_same_is_not_sent_again(export, make_movement, ann):
    movement = make_movement(ann, members=30)
    first = export(ann, movement, "svg")
    known = {"If-None-Match": first.headers["ETag"]}
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert export(ann, movement, "svg", headers=known).status_code == 304
    movement.swap_leader(ann, ann.leaders(movement)[0])
    movement.save_to_db()
    assert export(ann, movement, "svg", headers=known).status_code == 200


def test_a_picture_runs_nothing(export, make_movement, ann):
    policy = export(ann, make_movement(ann), "svg").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy


# -- the page -------------------------------------------------------------------------------


def test_the_page_holds_nothing_of_the_movement(client, make_movement, ann):
    movement = make_movement(ann, name="Flossing")
    answer = client.get(f"/movements/{movement.id}/network.html")
    assert answer.content_type == "text/html; charset=utf-8"
    assert "Flossing" not in answer.text
    # the answer does not depend on whether such a movement exists
    assert client.get("/movements/999999/network.html").data == answer.data
    assert f'data-most="{MOST_MOVED}"' in answer.text


# -- streams --------------------------------------------------------------------------------


@pytest.fixture
def stream(own_app):
    """Yield an export's parts as servers do.

    They come on real connections and after the request.
    """
    sizes = iter(range(1, 100))

    def prepare(size):
        with own_app.app_context():
            number = next(sizes)
            user = User(f"creator{number}", f"creator{number}@example.org", "a password")
            user.save_to_db()
            movement = Movement(f"Flossing {number}", timedelta(days=1))
            movement.creator = user
            movement.save_to_db()
            plant(movement, ring(people(size)))
            headers = {"Authorization": f"Bearer {new_token(user)}"}
            address = f"/movements/{movement.id}/network"

        def parts(name):
            client = FlaskClient(own_app, own_app.response_class)
            answer = client.get(address, headers=headers, query_string={"format": name})
            assert answer.status_code == 200
            assert not {"Content-Length", "ETag"} & set(answer.headers)
            yield from answer.iter_encoded()
            answer.close()

        return parts

    return prepare


@each_text
def test_a_network_is_streamed_in_parts(stream, name):
    parts = stream(2500)
    sizes = contextvars.Context().run(lambda: [len(part) for part in parts(name)])
    assert len(sizes) >= 3
    assert max(sizes) < sum(sizes) / 2


def test_a_larger_network_takes_no_more_memory(request, stream):
    # All formats are written from the same rows, so one shows how PostgreSQL sends them.
    on_sqlite = request.config.getoption("--database") == "sqlite"
    formats = GRAPH_FORMATS if on_sqlite else list(GRAPH_FORMATS)[:1]

    def peak(parts, name):
        gc.collect()
        tracemalloc.start()
        for _ in parts(name):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    small, large = stream(2500), stream(5000)
    for name in formats:
        contextvars.Context().run(peak, small, name)  # so that cached objects exist
        # the lowest of some peaks, because other garbage counts until it is collected
        few, many = (
            min(contextvars.Context().run(peak, one, name) for _ in range(3))
            for one in (small, large)
        )
        assert many < 1.4 * few, (name, few, many)
