"""Allowed usernames: not like another one, and not invisible."""

import pytest

from gridt.models import User
from tests.conftest import PASSWORD

LOOK_ALIKES = {
    "a rare blank at the end": "ann\u00a0",
    "a rare blank before": "\u2003ann",
    "two rare blanks": "ann\u00a0\u00a0bell",
    "a tab": "ann\tbell",
    "a newline": "ann\nbell",
    "a control": "ann\x07",
    "zero width": "a\u200bnn",
    "a joiner": "ann\u200d",
    "a joiner that does not join": "\u200dann",
    "a soft hyphen": "a\u00adnn",
    "a grapheme joiner": "a\u034fnn",
    "a variant": "ann\ufe0f",
    "a rare variant": "ann\U000e0100",
    "a filler": "\u3164",
    "a blank of Braille": "ann\u2800",
    "tags": "ann\U000e0061",
    "an override": "\u202enna",
    "a mark of direction": "ann\u200f",
    "an isolate": "\u2066ann\u2069",
    "a line separator": "ann\u2028",
    "a Cyrillic letter": "\u0430nn",
    "a Greek letter": "ann\u03bf",
    "a Cherokee letter": "\u13aann",
    "an Armenian letter": "rob\u056bn",
    "a look-alike in bold": "ann\U0001d6d0",
    "a non-joiner of Latin letters": "a\u200cnn",
    "a joiner of Latin letters": "a\u200dnn",
    "a non-joiner before Persian": "\u200c\u0645\u06cc",
    "a non-joiner after Persian": "\u0645\u06cc\u200c",
    "two non-joiners": "\u0645\u06cc\u200c\u200c\u062e",
    "a non-joiner after what does not join": "\u062f\u200c\u062e",
    "a joiner without a virama": "\u0915\u200d\u0937",
    "a joiner after an emoji": "\U0001f9d8\u200d",
    "a joiner between emoji and letter": "\U0001f9d8\u200da",
    "a colour mark at the beginning": "\ufe0fann",
    "a colour mark of a plus": "ann+\ufe0f",
    "tags that are no flag": "\U0001f3f4\U000e0061\U000e007f",
    "a digit that looks like a letter": "b\u0966b",
    "a digit of another alphabet beside 0 to 9": "\u0967\u0968 7",
    "digits of two alphabets": "\u0627 \u0661 \u06f2",
    "unassigned and invisible": "ann\u2065",
}
#: usernames with the joiners that their spelling needs, and the same without
JOINED = {
    "Persian": (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645",
    ),
    "Persian with a mark": ("\u0628\u064e\u200c\u062e", "\u0628\u064e\u062e"),
    "Hindi": ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u0937"),
    "Hindi, not joined": ("\u0915\u094d\u200c\u0937", "\u0915\u094d\u0937"),
    "Malayalam": ("\u0d28\u0d4d\u200d", "\u0d28\u0d4d"),
}
#: usernames of others in other forms; all are "ann" or "ångström" for us
SAME = [
    *("ANN", "ann ", "  ann", "\uff21nn", "\U0001d41ann"),
    *("ÅNGSTRÖM", "A\u030angstro\u0308m", "\u212bngström"),
]
GOOD = [
    *("Jörn", "Анна Каренина", "Ἀθηνᾶ", "山田　太郎", "さくら Sakura", "김 yoga", "محمد ٣"),
    *("robin 🧘🏽‍♀️", "❤️", "🏳️‍🌈 Noor", "Ⅷ", "✝ Anna", "d'Artagnan-2", "@robin", "क्षत्रिय"),
    *(
        "1️⃣ #️⃣",
        "‼️ Noor",
        "\u2139\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Ann",
    ),
    *(joined for joined, _ in JOINED.values()),
]


def registering(client, username, email="new@example.org"):
    given = {"username": username, "email": email, "password": PASSWORD}
    return client.post("/register", json=given)


@pytest.mark.parametrize("username", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_a_name_that_looks_like_another_or_like_nothing_is_refused(
    client, client_of, make_user, username
):
    make_user("ann")
    renamed = client_of(make_user("ben")).patch("/identity", json={"username": username})
    for answer in (registering(client, username), renamed):
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json["errors"]] == ["#/username"]


@pytest.mark.parametrize("username", SAME)
def test_another_way_to_write_a_name_is_the_same_name(client, client_of, make_user, username):
    make_user("ann")
    make_user("ångström", email="a@example.org")
    assert registering(client, username).json["type"] == "/problems/username-taken"
    renamed = client_of(make_user("ben")).patch("/identity", json={"username": username})
    assert renamed.json["type"] == "/problems/username-taken"
    assert (
        client.post("/auth", json={"username": username, "password": PASSWORD}).status_code == 200
    )


@pytest.mark.parametrize("username", GOOD)
def test_a_name_is_kept_as_it_was_typed(client, client_of, make_user, username):
    assert registering(client, username).json["username"] == username
    assert (
        client.post("/auth", json={"username": username, "password": PASSWORD}).status_code == 200
    )
    ben = client_of(make_user("ben"))
    assert ben.patch("/identity", json={"username": f"{username}!"}).status_code == 200


#: marks that no reader sees, but that belong to emoji and to some spellings
TWINS = {
    "a colour mark": ("ann\u2192\ufe0f", "ann\u2192"),
    "a joiner of signs": ("ann\u2192\u200d\u2192", "ann\u2192\u2192"),
    "a joiner after a composed letter": ("\u0d9a\u0dd9\u0dca\u200d", "\u0d9a\u0dd9\u0dca"),
}


@pytest.mark.parametrize(("joined", "plain"), [*JOINED.values(), *TWINS.values()])
@pytest.mark.parametrize("turned", [False, True])
def test_names_that_differ_in_a_joiner_are_one(client, client_of, make_user, joined, plain, turned):
    first, second = (plain, joined) if turned else (joined, plain)
    assert registering(client, first).status_code == 201
    taken = registering(client, second, "other@example.org")
    assert taken.json["type"] == "/problems/username-taken"
    renamed = client_of(make_user("ben")).patch("/identity", json={"username": second})
    assert renamed.json["type"] == "/problems/username-taken"
    for name in (first, second):
        answer = client.post("/auth", json={"username": name, "password": PASSWORD})
        assert answer.status_code == 200
    found = client_of(make_user("boss", role="admin")).get(
        "/admin/users", query_string={"search": second}
    )
    assert [user["username"] for user in found.json] == [first]


def test_blanks_that_a_keyboard_adds_are_not_kept(client, client_of):
    """The published client sends names as they were typed."""
    assert registering(client, " Ann  Bell ").json["username"] == "Ann Bell"
    for login in ("Ann Bell", " Ann  Bell ", "new@example.org "):
        answer = client.post("/auth", json={"username": login, "password": PASSWORD})
        assert answer.status_code == 200
    ann = client_of(User.find_by_name("Ann Bell"))
    assert ann.patch("/identity", json={"username": " Ann "}).json["username"] == "Ann"


def test_a_user_with_such_a_name_keeps_it(client, client_of, make_user):
    make_user("ann")
    old = make_user("ann\u200b ", email="old@example.org")
    answer = client.post("/auth", json={"username": "ann\u200b ", "password": PASSWORD})
    assert answer.status_code == 200
    client = client_of(old)
    same = {"username": old.username, "bio": "as ever"}
    assert client.patch("/identity", json=same).json["username"] == "ann\u200b "
    assert client.patch("/identity", json={"username": "ann\u200b"}).status_code == 422
    assert client.patch("/identity", json={"username": "annie"}).status_code == 200


def test_an_address_is_the_name_of_its_owner_only(client, client_of, make_user):
    """Only its owner can have an address as username.

    Else a login by it would be taken for the owner of that address.
    """
    ben = make_user("ben")
    addresses = (
        "ann@example.org",
        "ANN@example.org",
        "ann@example\uff0eorg",
        "ann\uff20example.org",
    )
    for username in addresses:
        assert registering(client, username, "new@example.com").status_code == 422
        assert client_of(ben).patch("/identity", json={"username": username}).status_code == 422
    assert registering(client, "Ann@example.org", "ann@example.org").status_code == 201
    assert client_of(ben).patch("/identity", json={"username": ben.email}).status_code == 200
