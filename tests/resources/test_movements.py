"""Movements: finding, starting, changing and ending them."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from gridt.models import Movement, MovementUserAssociation, Subscription, Update, User
from gridt.runtime.extensions import db

FLOSSING = {
    "name": "Flossing",
    "short_description": "Floss your teeth",
    "description": "",
    "interval": "daily",
}
SHOWN_TO_ALL = {
    "id",
    "name",
    "short_description",
    "description",
    "interval",
    "created_at",
    "creator_id",
    "member_count",
    "free_misses",
    "free_turns",
    "counts_every_update",
    "who_sees_members",
    "goal",
    "subscribed",
}
SHOWN_TO_MEMBERS = SHOWN_TO_ALL | {
    "subscribed_at",
    "last_update",
    "last_signal_sent",
    "standing",
    "leaders",
}


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def names(client_of, ann):
    """List the movements' names at an address, in order."""
    client = client_of(ann)

    def shown(query: str = "") -> list[str]:
        answer = client.get(f"/movements{query}")
        assert answer.status_code == 200
        return [movement["name"] for movement in answer.json]

    return shown


# -- one movement ---------------------------------------------------------------------------


def test_an_outsider_sees_a_movement(client_of, make_movement, make_user, ann):
    ben = make_user()
    movement = make_movement(ben, creator=ben, name="Flossing")

    answer = client_of(ann).get(f"/movements/{movement.id}")

    assert answer.status_code == 200
    assert answer.json == {
        "id": movement.id,
        "name": "Flossing",
        "short_description": "something worth doing",
        "description": "",
        "interval": "daily",
        "created_at": movement.created_at.isoformat(),
        "creator_id": ben.id,
        "member_count": 1,
        "free_misses": 0,
        "free_turns": 30,
        "counts_every_update": False,
        "who_sees_members": "creator-and-admins",
        "goal": None,
        "subscribed": False,
    }
    assert answer.json["created_at"].endswith("+00:00")


def test_a_subscriber_sees_their_leaders_and_last_update(
    client_of, make_movement, make_user, ann, clock
):
    ben = make_user("ben", bio="flosses")
    movement = make_movement(ann, ben)
    for user, message in ((ann, "first"), (ann, "mine"), (ben, "his")):
        movement.post_update(user, message)
        clock.pass_(minutes=1)
    movement.save_to_db()

    seen = client_of(ann).get(f"/movements/{movement.id}").json

    assert set(seen) == SHOWN_TO_MEMBERS
    assert seen["subscribed"] is True
    assert seen["subscribed_at"].endswith("+00:00")
    assert seen["last_update"]["message"] == "mine"
    assert seen["last_signal_sent"] == seen["last_update"]
    (leader,) = seen["leaders"]
    assert (leader["id"], leader["username"], leader["bio"]) == (ben.id, "ben", "flosses")
    assert leader["avatar"] == ben.avatar
    assert leader["last_update"]["message"] == "his"
    assert leader["last_signal"] == leader["last_update"]
    assert (leader["done"], leader["streak"], leader["paused_until"]) == (True, 1, None)
    assert set(leader) == {
        *("id", "username", "bio", "avatar", "last_update", "last_signal"),
        *("done", "streak", "amount", "still", "paused_until"),
    }


def test_without_updates_they_are_null(client_of, make_movement, make_user, ann):
    movement = make_movement(ann, make_user())
    seen = client_of(ann).get(f"/movements/{movement.id}").json
    assert seen["last_update"] is seen["last_signal_sent"] is None
    assert seen["leaders"][0]["last_update"] is seen["leaders"][0]["last_signal"] is None


@pytest.mark.parametrize(
    "name", ["Read & write", "Übung macht 1000 % Spaß", "1-2-3 dance?#", "+1+1"]
)
def test_a_movement_is_found_by_id_and_by_name_in_any_case(client_of, make_movement, ann, name):
    movement = make_movement(name=name)
    client = client_of(ann)
    for key in (str(movement.id), name, name.upper(), name.casefold()):
        answer = client.get(f"/movements/{quote(key)}")
        assert (answer.status_code, answer.json["name"]) == (200, name)


def test_an_unknown_movement_is_not_found(client_of, make_movement, ann):
    movement = make_movement(name="Flossing")
    for key in (str(movement.id + 1), "Floss", "Floss ing", f"{movement.id} "):
        assert client_of(ann).get(f"/movements/{quote(key)}").status_code == 404


# -- the list -------------------------------------------------------------------------------


def test_the_list_shows_the_same_as_a_single_movement(client_of, make_movement, make_user, ann):
    make_movement(ann, make_user())
    make_movement(make_user())
    client = client_of(ann)

    listed = client.get("/movements").json

    assert [set(one) for one in listed] == [SHOWN_TO_MEMBERS, SHOWN_TO_ALL]
    assert listed == [client.get(f"/movements/{one['id']}").json for one in listed]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("floss", ["Daily flossing"]),
        ("FLOSSING", ["Daily flossing"]),
        ("%", ["50% less"]),
        ("0% L", ["50% less"]),
        ("_", ["snake_case"]),
        ("e_C", ["snake_case"]),
        ("\\", ["back\\slash"]),
        ("übung", ["ÜBUNG straße"]),
        ("u\N{COMBINING DIAERESIS}bung", ["ÜBUNG straße"]),
        ("STRASSE", ["ÜBUNG straße"]),
        ("ЧИТАТЬ", ["читать"]),
        ("in the short one", ["Daily flossing"]),
        ("in the LONG one", ["50% less"]),
        ("nowhere", []),
        ("", ["50% less", "Daily flossing", "back\\slash", "snake_case", "ÜBUNG straße", "читать"]),
    ],
)
def test_search_takes_any_text_literally_and_in_any_case(names, make_movement, search, found):
    for name in ("Daily flossing", "50% less", "snake_case", "back\\slash", "ÜBUNG straße"):
        movement = make_movement(name=name)
        if name == "Daily flossing":
            movement.short_description = "In the SHORT one"
        if name == "50% less":
            movement.description = "in the long one"
        movement.save_to_db()
    make_movement(name="читать")

    assert sorted(names(f"?search={quote(search)}")) == sorted(found)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Apples", "beans", "Carrots"]),
        ("?sort=name", ["Apples", "beans", "Carrots"]),
        ("?sort=newest", ["Apples", "Carrots", "beans"]),
        ("?sort=members", ["beans", "Carrots", "Apples"]),  # of equals the older one first
        ("?subscribed=true", ["Apples", "beans"]),
        ("?subscribed=false", ["Carrots"]),
        ("?subscribed=true&sort=newest&search=e", ["Apples", "beans"]),
        ("?subscribed=true&search=bean", ["beans"]),
    ],
)
def test_the_list_is_sorted_and_filtered(names, make_movement, make_user, ann, query, shown):
    make_movement(ann, make_user(), name="beans")
    make_movement(make_user(), name="Carrots")
    make_movement(ann, name="Apples")

    assert names(query) == shown


@pytest.mark.parametrize(
    "query",
    ["sort=oldest", "sort=", "subscribed=perhaps", "search=" + "x" * 101, "search=a%00b"],
)
def test_the_list_refuses_unknown_arguments(client_of, ann, query):
    answer = client_of(ann).get(f"/movements?{query}")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == f"#/{query.partition('=')[0]}"


# -- starting one ---------------------------------------------------------------------------


def test_the_creator_of_a_movement_is_its_first_member(client_of, ann):
    client = client_of(ann)

    answer = client.post("/movements", json=FLOSSING)

    assert answer.status_code == 201
    assert isinstance(answer.json["message"], str)
    assert set(answer.json) == (SHOWN_TO_MEMBERS | {"message"}) - {"last_signal_sent"}
    assert answer.json["creator_id"] == ann.id
    assert (answer.json["subscribed"], answer.json["member_count"]) == (True, 1)
    assert {name: answer.json[name] for name in FLOSSING} == FLOSSING
    again = client.get(answer.headers["Location"]).json
    assert again.pop("last_signal_sent") is None  # only where the published client reads it
    assert again | {"message": answer.json["message"]} == answer.json
    assert Movement.find_by_name("Flossing").users == [ann]


def test_a_description_may_be_left_out(client_of, ann):
    given = {name: FLOSSING[name] for name in ("name", "short_description", "interval")}
    answer = client_of(ann).post("/movements", json=given)
    assert (answer.status_code, answer.json["description"]) == (201, "")


@pytest.mark.parametrize("name", ["Straße 7", "STRASSE 7", "strasse \N{FULLWIDTH DIGIT SEVEN}"])
def test_a_name_is_unique_in_every_way_to_write_it(client_of, make_movement, ann, name):
    make_movement(name="Straße 7")
    answer = client_of(ann).post("/movements", json=FLOSSING | {"name": name})
    assert answer.status_code == 409
    assert count(Movement) == 1


@pytest.mark.parametrize(
    "name",
    [
        "1234",
        "١٢٣٤",
        "\N{SUPERSCRIPT TWO}" * 4,
        "subscriptions",
        "SubScriptions",
        "\N{FULLWIDTH LATIN SMALL LETTER S}ubscriptions",
        "    ",
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(client_of, make_movement, ann, name):
    movement = make_movement(ann, creator=ann, name="Flossing")
    client = client_of(ann)
    for answer in (
        client.post("/movements", json=FLOSSING | {"name": name}),
        client.patch(f"/movements/{movement.id}", json={"name": name}),
    ):
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json["errors"]] == ["#/name"]
    assert db.session.scalars(select(Movement.name)).all() == ["Flossing"]


@pytest.mark.parametrize(
    ("given", "shown", "interval"),
    [
        ("hourly", "hourly", timedelta(hours=1)),
        ("twice daily", "twice daily", timedelta(hours=12)),
        ("daily", "daily", timedelta(days=1)),
        ("weekly", "weekly", timedelta(days=7)),
        ("PT60M", "hourly", timedelta(hours=1)),
        ("PT12H", "twice daily", timedelta(hours=12)),
        ("P1D", "daily", timedelta(days=1)),
        ("PT86400S", "daily", timedelta(days=1)),
        ("P1W", "weekly", timedelta(days=7)),
        ("P2D", "P2D", timedelta(days=2)),
        ("PT1M", "PT1M", timedelta(minutes=1)),
        ("PT61S", "PT1M1S", timedelta(seconds=61)),
        ("PT90M", "PT1H30M", timedelta(minutes=90)),
        ("P1DT12H", "P1DT12H", timedelta(hours=36)),
        ("P52W", "P364D", timedelta(days=364)),
        ("P365D", "P365D", timedelta(days=365)),
    ],
)
def test_an_interval_goes_in_and_comes_out(client_of, ann, given, shown, interval):
    client = client_of(ann)

    answer = client.post("/movements", json=FLOSSING | {"interval": given})

    assert (answer.status_code, answer.json["interval"]) == (201, shown)
    assert client.get("/movements/flossing").json["interval"] == shown
    assert Movement.find_by_name("flossing").interval == interval
    assert client.patch("/movements/flossing", json={"interval": shown}).json["interval"] == shown


@pytest.mark.parametrize(("misses", "turns"), [(30, 1), (30, 30), (1, 1)])
def test_not_every_turn_may_be_missed(client_of, ann, misses, turns):
    client = client_of(ann)
    body = {"name": "Flossing", "short_description": "Floss every day", "interval": "daily"}
    allowance = {"free_misses": misses, "free_turns": turns}
    refused = client.post("/movements", json=body | allowance)
    assert refused.status_code == 422
    (wrong,) = refused.json["errors"]
    assert (wrong["pointer"], wrong["code"]) == ("#/free_misses", "streak-cannot-end")
    path = f"/movements/{client.post('/movements', json=body).json['id']}"
    assert client.patch(path, json=allowance).status_code == 422
    assert client.patch(path, json={"free_misses": 6, "free_turns": 7}).status_code == 200
    assert client.patch(path, json={"free_turns": 6}).status_code == 422
    assert client.get(path).json["free_turns"] == 7


# -- names ----------------------------------------------------------------------------------

#: names that no new movement may have, each with the code of its refusal
BAD_NAMES = {
    "zero width": ("Stretching\u200b", "invisible"),
    "an override": ("\u202eStretching", "invisible"),
    "a mark of direction": ("Stretching\u200f", "invisible"),
    "fillers": ("\u3164" * 4, "invisible"),
    "a newline": ("Stretch\ning", "invisible"),
    "a non-joiner of Latin letters": ("Stretch\u200cing", "invisible"),
    "a Cyrillic letter": ("Str\u0435tching", "mixed-alphabets"),
    "a Cyrillic word": ("Stretching \u0430", "mixed-alphabets"),
    "a rare blank at the end": ("Stretching\u00a0", "odd-blanks"),
    "two rare blanks": ("Stretch\u2003\u2003ing", "odd-blanks"),
    "one letter": ("x", "too-short"),
    "one letter and a blank": ("x ", "too-short"),
    "too long": ("x" * 51, "too-long"),
    "blank": ("   ", "blank"),
    "digits and a blank": ("12 ", "digits-only"),
    "a route and a blank": ("subscriptions ", "reserved"),
    "dots that clients take out of a path": ("..", "reserved"),
}
GOOD_NAMES = [
    *("Gym", "Go", "x" * 50, "Run, walk & swim!", "5 km (or 3)", "Съешь булок", "走る", "Été: 2½"),
    *(
        "👩‍👩‍👧‍👦 time",
        "🧘🏽‍♀️",
        "1️⃣ page",
        "🏳️‍🌈 choir",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ),
]


@pytest.mark.parametrize(("name", "code"), BAD_NAMES.values(), ids=BAD_NAMES)
def test_a_name_is_held_to_the_rule_for_names(client_of, make_movement, ann, name, code):
    movement, client = make_movement(creator=ann, name="Flossing"), client_of(ann)
    for answer in (
        client.post("/movements", json=FLOSSING | {"name": name}),
        client.patch(f"/movements/{movement.id}", json={"name": name}),
    ):
        assert answer.status_code == 422
        (wrong,) = answer.json["errors"]
        assert (wrong["pointer"], wrong["code"]) == ("#/name", code)
        assert answer.json["message"].startswith("The name must ")
    db.session.expire_all()
    assert movement.name == "Flossing"


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_good_name_is_kept_as_it_was_typed(client_of, ann, name):
    client = client_of(ann)
    started = client.post("/movements", json=FLOSSING | {"name": name})
    assert (started.status_code, started.json["name"]) == (201, name)
    assert client.get(f"/movements/{quote(name)}").json["name"] == name
    again = client.post("/movements", json=FLOSSING | {"name": name.replace("\u200c", "")})
    assert again.json["type"] == "/problems/movement-name-taken"


def test_blanks_that_a_keyboard_adds_make_no_other_movement(client_of, ann):
    """Blanks that a keyboard adds make no other movement.

    The published client looks for the name as it was typed.
    """
    client = client_of(ann)
    started = client.post("/movements", json=FLOSSING | {"name": "Long  walks "})
    assert started.json["name"] == "Long  walks "
    for name in ("Long  walks ", "long walks", " LONG walks"):
        assert client.get(f"/movements/{quote(name)}").json["id"] == started.json["id"]
        assert client.put(f"/movements/{quote(name)}/subscriber").status_code == 200
        taken = client.post("/movements", json=FLOSSING | {"name": name})
        assert taken.json["type"] == "/problems/movement-name-taken"


@pytest.mark.parametrize("old", ["Stretching\u200b", "Str\u0435tching", "\u3164" * 4, "Long  "])
@pytest.mark.parametrize("role", ["creator", "admin"])
def test_an_old_name_stays_valid(client_of, make_movement, make_user, ann, old, role):
    movement = make_movement(creator=ann if role == "creator" else None, name=old)
    movement.short_description = "two\nlines"
    movement.save_to_db()
    ann.role = "admin" if role == "admin" else "user"
    ann.save_to_db()
    client, path = client_of(ann), f"/movements/{movement.id}"
    same = {"name": old, "short_description": "two\nlines", "description": "changed"}
    answer = client.patch(path, json=same)
    assert (answer.status_code, answer.json["name"]) == (200, old)
    assert client.get(f"/movements/{quote(old)}").json["description"] == "changed"
    assert client.patch(path, json={"name": f"{old}\u200b"}).status_code == 422
    assert client.patch(path, json={"name": "Stretching"}).status_code == 200


@pytest.mark.parametrize("text", ["", "x", "x" * 100])
def test_a_short_description_may_be_empty(client_of, ann, text):
    body = FLOSSING | {"short_description": text}
    assert client_of(ann).post("/movements", json=body).json["short_description"] == text


@pytest.mark.parametrize("text", ["a\nb", "a\n", "a\r\nb", "\u2028", "a\x85b", "a\vb", "a\x1eb"])
def test_a_short_description_is_one_line(client_of, make_movement, ann, text):
    movement, client = make_movement(creator=ann), client_of(ann)
    body = FLOSSING | {"short_description": text}
    for answer in (
        client.post("/movements", json=body),
        client.patch(f"/movements/{movement.id}", json={"short_description": text}),
    ):
        assert answer.status_code == 422
        (wrong,) = answer.json["errors"]
        assert (wrong["pointer"], wrong["code"]) == ("#/short_description", "several-lines")
        assert answer.json["message"] == "The short description must be a single line."


# -- changing one ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Brushing"},
        {"name": "FLOSSING"},  # its own name, in another case
        {"short_description": "Floss them well"},
        {"description": ""},
        {"description": "x" * 1000},
        {"interval": "P2D"},
        {"free_misses": 2.0, "free_turns": 9.0},  # equal to 2 and 9 in JSON
        {
            "name": "Brushing",
            "short_description": "x" * 100,
            "description": "y",
            "interval": "PT1H",
        },
        {},
    ],
)
@pytest.mark.parametrize("role", ["creator", "admin"])
def test_creator_and_admin_change_a_movement(
    client_of, make_movement, make_user, ann, change, role
):
    movement = make_movement(make_user(), creator=ann if role == "creator" else None)
    ann.role = "admin" if role == "admin" else "user"
    ann.save_to_db()
    client = client_of(ann)
    before = client.get(f"/movements/{movement.id}").json

    answer = client.patch(f"/movements/{movement.id}", json=change)

    assert answer.status_code == 200
    shown = {"interval": "hourly"} if change.get("interval") == "PT1H" else {}
    after = before | change | shown
    assert answer.json == after | {"message": answer.json["message"]}
    assert client.get(f"/movements/{movement.id}").json == after


def test_a_changed_text_is_found(client_of, make_movement, names, ann):
    movement = make_movement(creator=ann, name="Flossing")
    client_of(ann).patch(f"/movements/{movement.id}", json={"name": "Brushing"})
    assert names("?search=brush") == ["Brushing"]
    assert names("?search=floss") == []


def test_others_change_and_delete_nothing(client_of, make_movement, make_user, ann):
    movement = make_movement(ann, creator=make_user(), name="Flossing")
    client = client_of(ann)
    assert client.patch("/movements/flossing", json={"name": "Mine now"}).status_code == 403
    assert client.delete("/movements/flossing").status_code == 403
    db.session.expire_all()
    assert (movement.name, movement.users) == ("Flossing", [ann])


def test_a_movement_without_creator_belongs_to_admins(client_of, make_movement, ann):
    make_movement(name="Flossing")
    assert client_of(ann).patch("/movements/flossing", json={}).status_code == 403


def test_patch_refuses_a_name_that_is_taken(client_of, make_movement, ann):
    make_movement(name="Brushing")
    movement = make_movement(creator=ann, name="Flossing")
    change = {"description": "changed", "name": "BRUSHING"}

    answer = client_of(ann).patch("/movements/flossing", json=change)

    assert answer.status_code == 409
    db.session.expire_all()
    assert (movement.name, movement.description) == ("Flossing", "")


@pytest.mark.parametrize("member", ["creator_id", "member_count", "id", "subscribed", "message"])
def test_patch_refuses_fixed_members(client_of, make_movement, ann, member):
    make_movement(creator=ann, name="Flossing")
    answer = client_of(ann).patch("/movements/flossing", json={member: 7})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [f"#/{member}"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_movement_cannot_be_changed(client_of, ann, method):
    assert client_of(ann).open("/movements/7", method=method).status_code == 404


# -- ending one -----------------------------------------------------------------------------


@pytest.mark.parametrize("subscribed", [True, False])
def test_the_creator_deletes_a_movement_while_alone(client_of, make_movement, ann, subscribed):
    movement = make_movement(*[ann][:subscribed], creator=ann, name="Flossing")
    if subscribed:
        movement.post_update(ann, "done").save_to_db()
    client = client_of(ann)

    answer = client.delete("/movements/flossing")

    assert (answer.status_code, set(answer.json)) == (200, {"message"})
    for model in (Movement, Subscription, MovementUserAssociation, Update):
        assert count(model) == 0
    assert client.get("/movements/flossing").status_code == 404
    assert client.delete("/movements/flossing").status_code == 404


@pytest.mark.parametrize("subscribed", [True, False])
def test_the_creator_does_not_delete_a_movement_with_other_members(
    client_of, make_movement, make_user, ann, subscribed
):
    movement = make_movement(make_user(), *[ann][:subscribed], creator=ann)

    assert client_of(ann).delete(f"/movements/{movement.id}").status_code == 409

    assert count(Subscription) == 1 + subscribed


def test_an_admin_deletes_any_movement(client_of, make_movement, make_user, ann):
    ben = make_user()
    movement = make_movement(ben, make_user(), creator=ben)
    other = make_movement(ben, name="Reading")
    movement.post_update(ben).save_to_db()
    ann.role = "admin"
    ann.save_to_db()

    answer = client_of(ann).delete(f"/movements/{movement.id}")

    assert (answer.status_code, set(answer.json)) == (200, {"message"})
    assert db.session.scalars(select(Movement.id)).all() == [other.id]
    assert (count(Subscription), count(Update), count(User)) == (1, 0, 3)
