"""Members who come back.

They are let in again after a removal, or rejoin by themselves.
"""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from gridt.models import FormerMembership, Movement
from gridt.models.standing.replay import recompute
from gridt.runtime.extensions import db
from tests.networks import violations

#: a Wednesday, at half past eight in Amsterdam
NOW = STARTS_AT = datetime(2026, 3, 4, 7, 30, tzinfo=UTC)
ANN = {"username": "Ann", "time_zone": "Europe/Amsterdam"}


@pytest.fixture
def movement(make_movement, make_user, ann):
    return make_movement(ann, make_user("ben"), creator=make_user("eve"), name="Flossing")


@pytest.fixture
def life(client_of, movement, ann, clock):
    return Life(client_of(ann), client_of(movement.creator), movement, ann, clock)


class Life:
    """The daily life of a member and a creator."""

    def __init__(self, client, creator, movement, user, clock):
        self.client, self.creator, self.user, self.clock = client, creator, user, clock
        self.movement, self.path = movement, f"/movements/{movement.id}"

    def keep(self, days, *, but=()):
        for day in range(days):
            if day not in but:
                assert self.client.post(f"{self.path}/updates").status_code == 201
            self.clock.pass_(days=1)

    def be_removed(self, *, for_=timedelta()):
        member = f"{self.path}/members/{self.user.id}"
        assert self.creator.delete(member).status_code == 200
        self.clock.pass_(seconds=for_.total_seconds())
        assert self.creator.delete(f"{member}/removal").status_code == 200
        self.join()

    def rejoin(self, *, after=timedelta()):
        assert self.client.delete(f"{self.path}/subscriber").status_code == 200
        self.clock.pass_(seconds=after.total_seconds())
        self.join()

    def join(self):
        assert self.client.put(f"{self.path}/subscriber").status_code == 200
        assert violations() == []

    def send(self, *days):
        file = "\n".join(["date", *map(str, days)])
        answer = self.client.post(
            f"{self.path}/updates/import?skip_duplicates=true", data=file, content_type="text/csv"
        )
        assert answer.status_code == 200, answer.json

    @property
    def standing(self):
        return self.client.get(self.path).json["standing"]

    @property
    def outcomes(self):
        turns = self.client.get(f"{self.path}/history").json
        return [turn["outcome"] for turn in turns]


def is_stored_as_recomputed(life):
    return recompute(life.movement.id, [life.user.id]) == 0


# -- removed, and let in again ----------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 1, 15, 24, 100])
def test_a_removal_ends_no_streak(life, hours):
    life.keep(5)
    life.be_removed(for_=timedelta(hours=hours))
    assert (life.standing["streak"], life.standing["best_streak"]) == (5, 5)
    life.keep(2)
    assert (life.standing["streak"], life.standing["done_turns"]) == (7, 7)
    assert "missed" not in life.outcomes
    assert is_stored_as_recomputed(life)


def test_the_turn_of_a_short_removal_is_still_to_be_done(life):
    """Else a creator could give friends a day off.

    A removal a minute before midnight would do.
    """
    life.keep(5)
    life.clock.pass_(hours=14)
    life.be_removed(for_=timedelta(hours=1))
    life.clock.pass_(days=1)
    assert life.standing["streak"] == 0


def test_a_turn_that_ended_during_the_removal_is_paused(life):
    life.keep(5)
    life.clock.pass_(hours=14)  # until half past nine in the evening
    life.be_removed(for_=timedelta(days=2))
    assert life.outcomes == ["done"] * 5 + ["paused"] * 3
    life.clock.pass_(days=1)
    assert life.standing["streak"] == 5
    life.clock.pass_(days=1)
    assert life.standing["streak"] == 0
    assert is_stored_as_recomputed(life)


def test_pauses_go_on_after_a_removal(life):
    life.keep(5)
    until = (life.clock.now + timedelta(days=9)).isoformat()
    life.client.put(f"{life.path}/pause", json={"until": until, "reason": "a broken leg"})
    life.clock.pass_(days=3)
    life.be_removed(for_=timedelta(days=2))
    pause = life.client.get(f"{life.path}/pause").json
    assert (pause["paused_until"], pause["reason"]) == (until, "a broken leg")
    life.clock.pass_(days=4)
    assert life.standing["streak"] == 5
    assert is_stored_as_recomputed(life)


def test_former_clocks_and_pauses_still_score_the_time_before_a_removal(life):
    life.client.patch("/identity", json={"time_zone": "Europe/Berlin"})
    life.keep(2)
    until = (life.clock.now + timedelta(days=2)).isoformat()
    life.client.put(f"{life.path}/pause", json={"until": until})
    life.clock.pass_(days=2)
    life.keep(1)
    assert life.client.patch("/identity", json={"time_zone": "Asia/Tokyo"}).status_code == 200
    life.keep(4)
    before = life.standing
    life.be_removed()
    life.be_removed(for_=timedelta(days=3))
    assert life.standing["streak"] == before["streak"] == 7
    assert life.standing["done_turns"] == before["done_turns"]
    assert is_stored_as_recomputed(life)


def test_an_imported_past_is_kept_through_a_removal(life):
    life.send(*(f"2026-03-0{day}" for day in (1, 2, 3)))
    life.keep(2)
    before = life.standing["streak"]
    life.be_removed(for_=timedelta(days=1))
    assert life.standing["streak"] == before == 5
    assert is_stored_as_recomputed(life)


@pytest.mark.parametrize("lifted", [False, True])
def test_a_creator_cannot_delete_what_a_removed_member_did(
    life, client_of, make_user, movement, lifted
):
    life.keep(2)
    for member in movement.users:
        assert life.creator.delete(f"{life.path}/members/{member.id}").status_code == 200
        if lifted:
            life.creator.delete(f"{life.path}/members/{member.id}/removal")
    answer = life.creator.delete(life.path)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/movement-in-use")
    assert "that you removed have updates" in answer.json["message"]
    if lifted:
        life.join()
        assert life.standing["streak"] == 2
    assert client_of(make_user(role="admin")).delete(life.path).status_code == 200


def test_a_creator_deletes_a_movement_whose_removed_members_did_nothing(life, movement):
    for member in movement.users:
        assert life.creator.delete(f"{life.path}/members/{member.id}").status_code == 200
    assert life.creator.delete(life.path).status_code == 200


def test_a_member_who_leaves_after_a_removal_begins_again(life):
    life.keep(3)
    life.be_removed()
    life.rejoin()
    assert life.standing["streak"] == 0
    assert life.standing["done_turns"] == 0


# -- left and rejoined --------------------------------------------------------------------------


def test_an_import_after_rejoining_makes_no_missed_turn_done_in_time(life):
    life.keep(6, but=[3])
    assert life.standing["streak"] == 2
    life.rejoin()
    life.send("2026-03-07")
    assert (life.standing["streak"], life.standing["done_turns"]) == (2, 6)
    assert is_stored_as_recomputed(life)


def test_days_before_the_first_membership_count_in_full(life):
    life.keep(2)
    life.rejoin()
    life.send("2026-03-02", "2026-03-03")
    assert life.standing["streak"] == 4


def test_a_member_who_comes_back_within_days_does_not_arrive_again(life):
    """Else they could make up missed turns, week after week."""
    life.keep(10)
    life.rejoin()
    life.keep(3, but=[1])
    life.send("2026-03-04", "2026-03-15")
    assert (life.standing["streak"], life.standing["done_turns"]) == (1, 13)
    assert is_stored_as_recomputed(life)


def test_a_member_who_was_away_for_a_week_arrives_again(life):
    life.keep(1)
    life.rejoin(after=timedelta(days=8))
    life.keep(3, but=[1])
    life.send("2026-03-14")
    assert life.standing["streak"] == 3


def test_a_short_membership_leaves_no_row(life, movement):
    life.rejoin(after=timedelta(days=1))
    assert db.session.scalars(sa.select(FormerMembership)).all() == []
    life.keep(2)
    life.rejoin()
    assert len(db.session.scalars(sa.select(FormerMembership)).all()) == 1


def test_former_memberships_are_exported_and_end_with_the_movement(life, movement):
    life.keep(2)
    life.rejoin()
    (row,) = life.client.get("/identity/export").json["former_memberships"]
    assert row == {
        "movement_id": movement.id,
        "movement": "Flossing",
        "subscribed_at": NOW.isoformat(),
        "left_at": (NOW + timedelta(days=2)).isoformat(),
        "judged_until": "2026-03-05T23:00:00+00:00",
        "open_until": "2026-03-06T23:00:00+00:00",
        "removed": False,
        "counted_from": None,
        "imported_at": None,
        "kept_pauses": [],
    }
    Movement.find_by_id(movement.id).delete_from_db()
    assert db.session.scalars(sa.select(FormerMembership)).all() == []
