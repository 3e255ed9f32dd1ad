"""Clocks that disagree, and one that is set back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from gridt.errors import InvalidMailToken
from gridt.jobs import run_until_idle
from gridt.mail.tokens import MailToken, Purpose, issue
from gridt.models import Movement, User, load_row
from gridt.models.standing.replay import recompute
from tests.conftest import Clock

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ClientOf = Callable[[User], FlaskClient]


#: changes that a server whose clock is behind has not seen at its own time
CHANGES = {
    "a clock to the west": ("/identity", {"time_zone": "America/New_York"}),
    "a clock to the east": ("/identity", {"time_zone": "Pacific/Auckland"}),
    "a start of the day": ("/identity", {"day_starts_at": "11:00"}),
    "a longer interval": ("/movements/{}", {"interval": "weekly"}),
    "a shorter interval": ("/movements/{}", {"interval": "PT5H"}),
}


@pytest.fixture
def movement(clock: Clock, make_movement: Callable[..., Movement], ann: User) -> Movement:
    clock.now = NOON
    return make_movement(ann)


@pytest.mark.parametrize("seconds", [1, 5, 60, 120, 300])
def test_a_client_up_to_five_minutes_ahead_posts_now(
    client_of: ClientOf, ann: User, movement: Movement, seconds: int
) -> None:
    at = (NOON + timedelta(seconds=seconds)).isoformat()
    answer = client_of(ann).post(f"/movements/{movement.id}/updates", json={"at": at})
    assert (answer.status_code, answer.json["time_stamp"]) == (201, NOON.isoformat())


def test_a_client_further_ahead_is_refused(
    client_of: ClientOf, ann: User, movement: Movement
) -> None:
    at = (NOON + timedelta(seconds=301)).isoformat()
    answer = client_of(ann).post(f"/movements/{movement.id}/updates", json={"at": at})
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/not-in-time")


def test_rows_up_to_five_minutes_ahead_are_imported_as_now(
    client_of: ClientOf, ann: User, movement: Movement
) -> None:
    client, path = client_of(ann), f"/movements/{movement.id}/updates"
    for seconds, status in ((301, 422), (300, 200)):
        table = f"date\n{(NOON + timedelta(seconds=seconds)).isoformat()}\n"
        answer = client.post(f"{path}/import", data=table, content_type="text/csv")
        assert answer.status_code == status
    assert [update["time_stamp"] for update in client.get(path).json] == [NOON.isoformat()]


@pytest.mark.parametrize(
    "at", ["2026-03-04T18:00:00+05:30", "2026-03-04T04:30:00-08:00", "2026-03-04T12:30:00Z"]
)
def test_answers_say_the_time_in_utc(
    client_of: ClientOf, clock: Clock, ann: User, movement: Movement, at: str
) -> None:
    clock.pass_(hours=1)
    client, path = client_of(ann), f"/movements/{movement.id}/updates"
    posted = client.post(path, json={"at": at})
    assert posted.json["time_stamp"] == "2026-03-04T12:30:00+00:00"
    assert [posted.json] == [update | {"counted": None} for update in client.get(path).json]


def test_a_post_after_the_clock_was_set_back_is_scored_where_it_belongs(
    client_of: ClientOf, clock: Clock, ann: User, movement: Movement
) -> None:
    client, path = client_of(ann), f"/movements/{movement.id}/updates"
    clock.pass_(days=1)
    client.post(path)
    clock.pass_(days=-1)
    assert client.post(path).status_code == 201
    row = load_row(ann.id, movement.id)
    assert row is not None
    assert (row.streak, row.last_update_at) == (2, NOON + timedelta(days=1))
    clock.pass_(days=1)
    assert recompute(movement.id, [ann.id]) == 0


@pytest.mark.parametrize("hour", [0, 6, 10, 12, 15, 22])
@pytest.mark.parametrize("change", CHANGES)
def test_a_server_that_is_a_second_behind_posts_before_the_last_change(
    client_of: ClientOf, clock: Clock, ann: User, movement: Movement, change: str, hour: int
) -> None:
    client, path = client_of(ann), f"/movements/{movement.id}"
    movement.creator = ann
    movement.save_to_db()
    client.patch("/identity", json={"time_zone": "Europe/Berlin"})
    for _ in range(3):
        clock.pass_(days=1)
        client.post(f"{path}/updates")
    clock.now = NOON + timedelta(days=4, hours=hour - 12)
    changed, body = CHANGES[change]
    assert client.patch(changed.format(movement.id), json=body).status_code == 200
    run_until_idle()
    clock.pass_(seconds=-1)
    assert client.post(f"{path}/updates").status_code == 201
    assert recompute(movement.id, [ann.id]) == 0


def test_a_limit_ends_though_the_clock_is_set_back(
    limited: Callable[..., None], client: FlaskClient, clock: Clock
) -> None:
    limited(LIMIT_DEFAULT="3/minute")
    assert [client.get("/").status_code for _ in range(4)] == [200, 200, 200, 429]
    clock.pass_(hours=-1)
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(("minutes", "good"), [(0, True), (5, True), (6, False)])
def test_a_mail_token_of_a_server_that_is_ahead_is_good(
    clock: Clock, ann: User, minutes: int, good: bool
) -> None:
    clock.pass_(minutes=minutes)
    token = issue(Purpose.RESET_PASSWORD, ann)
    clock.pass_(minutes=-minutes)
    try:
        MailToken.read(Purpose.RESET_PASSWORD, token)
    except InvalidMailToken:
        assert not good
    else:
        assert good
