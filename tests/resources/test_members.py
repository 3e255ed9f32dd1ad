"""A movement's members: listed, removed, and let in again."""

import pytest
import sqlalchemy as sa

from gridt.accounts import deactivate
from gridt.errors import RemovedFromMovement
from gridt.models import AuditEntry, Block, MemberRemoval, Movement
from gridt.network.invariants import violations as found_by_sql
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD
from tests.networks import arrows_of, keys_of, people, plant, ring, violations

CSV = {"data": "date\n2026-01-01\n", "content_type": "text/csv"}


@pytest.fixture
def movement(make_movement, ann, ben):
    """A movement that Ann started, with six members.

    Ben and five others have joined it.
    """
    return make_movement(ann, ben, members=5, creator=ann, name="Flossing")


@pytest.fixture
def creator(client_of, ann):
    return client_of(ann)


@pytest.fixture
def boss(make_user):
    return make_user("boss", role="admin")


def path(movement, *more):
    return "/".join([f"/movements/{movement.id}", *map(str, more)])


def noted():
    """Return the entries of the audit log about removals."""
    rows = db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
    kinds = {"member.removed", "removal.lifted"}
    return [
        (row.action, row.actor_id, row.user_id, row.subject, row.subject_id)
        for row in rows
        if row.action in kinds
    ]


# -- the list -------------------------------------------------------------------------------


def test_the_creator_and_admins_see_who_joined_and_last_posted(
    client_of, creator, movement, ann, ben, boss, clock
):
    clock.pass_(hours=1)
    posted = movement.post_update(ben, "a text that only followers read")
    posted.save_to_db()
    ben.bio = "a text about Ben"
    ben.save_to_db()
    shown = creator.get(path(movement, "members"))
    assert {member["username"] for member in shown.json} == {
        user.username for user in movement.users
    }
    (of_ben,) = [member for member in shown.json if member["id"] == ben.id]
    assert set(of_ben) == {"id", "username", "subscribed_at", "last_update_at"}
    assert of_ben["last_update_at"] == posted.time_stamp.isoformat()
    (of_ann,) = [member for member in shown.json if member["id"] == ann.id]
    assert of_ann["last_update_at"] is None
    for secret in ("a text", "@example.org"):
        assert secret not in shown.text
    assert client_of(boss).get(path(movement, "members")).json == shown.json


def test_members_and_strangers_see_no_list(client_of, make_user, movement, ben):
    for user in (ben, make_user()):
        for name in ("members", "removals"):
            answer = client_of(user).get(path(movement, name))
            assert (answer.status_code, answer.json["type"]) == (403, "/problems/not-allowed")


def test_a_movement_says_who_sees_its_members(client_of, creator, make_user, movement, ann):
    client = client_of(make_user())
    assert client.get(path(movement)).json["who_sees_members"] == "creator-and-admins"
    assert creator.get(path(movement)).json["who_sees_members"] == "creator-and-admins"
    ann.delete_from_db()
    assert client.get(path(movement)).json["who_sees_members"] == "admins"


def test_blocks_hide_no_member(creator, movement, ann, ben):
    db.session.add(Block(blocker_id=ben.id, blocked_id=ann.id, followed_in=[]))
    db.session.commit()
    assert ben.id in {member["id"] for member in creator.get(path(movement, "members")).json}


def test_an_account_that_has_ended_is_hidden_at_once(creator, movement, ben):
    ben.deactivated_at = ben.created_at  # as long as jobs leave its many movements
    ben.save_to_db()
    assert ben.id not in {member["id"] for member in creator.get(path(movement, "members")).json}


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_the_pages_show_each_member_once(creator, make_movement, ann, limit):
    movement = make_movement(creator=ann)
    members = people(7)
    plant(movement, ring(members), keys=[5, 5, 5, 1, 9, 9, 2])
    plant(make_movement(), ring(people(3)))
    shown, link = [], f"{path(movement, 'members')}?limit={limit}"
    while link:
        answer = creator.get(link)
        shown += [member["id"] for member in answer.json]
        link = answer.headers.get("Link", "").removeprefix("<").partition(">")[0]
    assert len(shown) == 7
    assert set(shown) == set(members)


def test_a_cursor_of_another_movement_shows_none_of_its_members(
    client_of, creator, make_movement, make_user, ann
):
    """Another movement's cursor shows none of its members.

    The cursor has a key, and the keys of all movements are in one column.
    """
    mine, other = make_movement(creator=ann), make_movement(creator=make_user())
    later = make_movement(creator=ann)
    of_mine, of_others = people(3), people(3)
    for movement, members in ((mine, of_mine), (other, of_others), (later, people(3))):
        plant(movement, ring(members))
    pages = [creator.get(f"{path(movement, 'members')}?limit=1") for movement in (mine, later)]
    before, after = (
        page.headers["Link"].partition("after=")[2].partition(">")[0] for page in pages
    )
    client = client_of(other.creator)
    shown = client.get(f"{path(other, 'members')}?after={before}").json
    assert {member["id"] for member in shown} == set(of_others)
    assert client.get(f"{path(other, 'members')}?after={after}").json == []


def test_one_member_is_found_by_name_in_any_case(creator, movement, make_user, ben):
    stranger = make_user("Eve")
    named = creator.get(path(movement, "members"), query_string={"username": "BEN"}).json
    assert [member["id"] for member in named] == [ben.id]
    others = creator.get(path(movement, "members"), query_string={"username": stranger.username})
    assert others.json == []


# -- removing -------------------------------------------------------------------------------


def test_a_removed_member_leaves_as_if_by_themselves(creator, movement, ann, ben):
    followers = [user for user, slots in arrows_of(movement.id).items() if ben.id in slots.values()]
    answer = creator.delete(path(movement, "members", ben.id))
    assert answer.status_code == 200, answer.json
    db.session.expire_all()
    assert followers
    assert ben.id not in keys_of(movement.id)
    assert movement.member_count == 6
    assert violations() == []
    assert list(found_by_sql()) == []


def test_a_removed_user_does_nothing_there_before_the_removal_is_lifted(
    client_of, creator, movement, ben
):
    client = client_of(ben)
    creator.delete(path(movement, "members", ben.id))
    for _ in range(2):
        answer = client.put(path(movement, "subscriber"))
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/removed")
        assert (
            answer.json["message"]
            == "You were removed from this movement and cannot join it again."
        )
    assert client.post(path(movement, "updates")).status_code == 409
    assert client.post(path(movement, "updates", "import"), **CSV).status_code == 409
    assert client.delete(path(movement, "subscriber")).status_code == 200
    assert client.put(path(movement, "subscriber")).status_code == 403
    assert client.get(path(movement)).json["subscribed"] is False
    assert violations() == []

    assert creator.delete(path(movement, "members", ben.id, "removal")).status_code == 200
    assert client.put(path(movement, "subscriber")).status_code == 200
    assert violations() == []


def test_a_removal_holds_in_one_movement_only(
    client_of, creator, make_movement, movement, ann, ben
):
    creator.delete(path(movement, "members", ben.id))
    other = make_movement(ann)
    assert client_of(ben).put(path(other, "subscriber")).status_code == 200


def test_scripts_cannot_let_a_removed_user_in_either(creator, movement, ann, ben):
    creator.delete(path(movement, "members", ben.id))
    with pytest.raises(RemovedFromMovement):
        movement.users = [ann, ben]


def test_a_second_removal_changes_nothing(creator, movement, ann, ben):
    for _ in range(2):
        answer = creator.delete(path(movement, "members", ben.id))
        assert (answer.status_code, answer.json["message"]) == (
            200,
            "This user is removed from the movement.",
        )
    removed = ("member.removed", ann.id, ben.id, "movements", movement.id)
    assert noted() == [removed]


def test_lifting_is_logged_once_and_asks_for_no_removal(client_of, creator, movement, boss, ben):
    creator.delete(path(movement, "members", ben.id))
    client = client_of(boss)
    for user, status in ((ben.id, 200), (ben.id, 200), (10**6, 404), (10**30, 404)):
        assert client.delete(path(movement, "members", user, "removal")).status_code == status
    lifted = ("removal.lifted", boss.id, ben.id, "movements", movement.id)
    assert noted()[1:] == [lifted]


def test_only_members_can_be_removed(creator, make_user, movement):
    for user in (make_user().id, 10**6, 10**30, "ben"):
        answer = creator.delete(path(movement, "members", user))
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/member-not-found")
    assert noted() == []


def test_the_creator_cannot_be_removed(client_of, creator, movement, boss, ann):
    for client in (creator, client_of(boss)):
        answer = client.delete(path(movement, "members", ann.id))
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/creator-stays")
    assert ann.id in keys_of(movement.id)
    assert noted() == []


def test_a_creator_can_remove_an_admin_who_can_lift_it(client_of, creator, movement, boss):
    movement.add_user(boss)
    movement.save_to_db()
    assert creator.delete(path(movement, "members", boss.id)).status_code == 200
    client = client_of(boss)
    assert client.put(path(movement, "subscriber")).status_code == 403
    assert client.delete(path(movement, "members", boss.id, "removal")).status_code == 200
    assert client.put(path(movement, "subscriber")).status_code == 200


def test_without_a_creator_only_admins_remove(client_of, make_movement, make_user, boss, ben):
    movement = make_movement(ben, members=2)
    other = movement.users[1]
    assert client_of(other).delete(path(movement, "members", ben.id)).status_code == 403
    assert client_of(boss).delete(path(movement, "members", ben.id)).status_code == 200
    assert ben.id not in keys_of(movement.id)


def test_removals_are_listed_page_by_page(client_of, creator, make_movement, movement, boss, clock):
    removed = [user for user in movement.users if user.id != movement.creator_id]
    for user in removed:
        clock.pass_(minutes=1)
        creator.delete(path(movement, "members", user.id))
    db.session.add(
        MemberRemoval(
            movement_id=make_movement().id, user_id=removed[0].id, removed_at=removed[0].created_at
        )
    )
    db.session.commit()
    first = creator.get(path(movement, "removals") + "?limit=4")
    link = first.headers["Link"].removeprefix("<").partition(">")[0]
    shown = [*first.json, *creator.get(link).json]
    assert [row["id"] for row in shown] == sorted(user.id for user in removed)
    assert set(shown[0]) == {"id", "username", "removed_at"}
    assert shown[-1]["removed_at"] == clock.now.isoformat()
    assert client_of(boss).get(path(movement, "removals")).json == shown


def test_the_removed_user_learns_of_it_from_their_export(client_of, creator, movement, ben, clock):
    creator.delete(path(movement, "members", ben.id))
    exported = client_of(ben).get("/identity/export").json
    assert exported["removals"] == [
        {"movement_id": movement.id, "movement": "Flossing", "removed_at": clock.now.isoformat()}
    ]
    (entry,) = [row for row in exported["audit"] if row["action"] == "member.removed"]
    assert entry["by_yourself"] is False


def test_a_removal_ends_with_the_account_and_with_the_movement(
    client_of, creator, movement, make_movement, ann, ben, boss
):
    creator.delete(path(movement, "members", ben.id))
    other = make_movement(ann, ben, creator=ann)
    creator.delete(path(other, "members", ben.id))
    assert client_of(boss).delete(path(other)).status_code == 200
    assert db.session.scalars(sa.select(MemberRemoval.movement_id)).all() == [movement.id]
    assert client_of(ben).delete("/identity", json={"password": PASSWORD}).status_code == 200
    assert db.session.scalars(sa.select(MemberRemoval)).all() == []


def test_a_deactivated_and_reactivated_account_stays_removed(client_of, creator, movement, ben):
    creator.delete(path(movement, "members", ben.id))
    deactivate(ben)
    ben.deactivated_at = None
    ben.save_to_db()
    assert client_of(ben).put(path(movement, "subscriber")).status_code == 403


def test_the_last_member_of_a_movement_that_lost_its_creator_can_be_removed(
    client_of, make_movement, boss, ann, ben
):
    movement = make_movement(ben, creator=ann)
    ann.delete_from_db()
    assert client_of(boss).delete(path(movement, "members", ben.id)).status_code == 200
    db.session.expire_all()
    assert Movement.find_by_id(movement.id) is None
