"""Changes of addresses and passwords, with their mails."""

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from gridt import words
from gridt.accounts import deactivate
from gridt.jobs import enqueue, run_until_idle
from gridt.mail import Purpose
from gridt.mail.message import LETTERS
from gridt.mail.tokens import issue, state_of
from gridt.models import Job, Login, User
from gridt.runtime.extensions import db
from gridt.words import LANGUAGES
from tests.conftest import PASSWORD
from tests.databases import writers_overlap
from tests.mailbox import html_of, kept, mail_server, text_of, token_of
from tests.test_overlap import beside, stopped, wait_until_somebody_waits

NEW = "another long one"


def post(client, path: str, **body: Any) -> int:
    answer = client.post(path, json=body)
    if answer.status_code == 200:
        assert isinstance(answer.json["message"], str)
    return answer.status_code


def logs_in(client, user: User, password: str) -> bool:
    body = {"username": user.username, "password": password}
    return client.post("/auth", json=body).status_code == 200


def subjects(messages) -> list[tuple[str, str]]:
    """Return the receiver and the subject of each mail."""
    letters = {
        f"gridt: {words.text(language, f'mail.{letter}.subject')}": letter
        for letter in LETTERS
        for language in LANGUAGES
    }
    return [(str(one["To"]), letters[str(one["Subject"])]) for one in messages]


def jobs() -> list[dict[str, Any]]:
    return [
        {"name": job.name, "arguments": job.arguments}
        for job in db.session.scalars(select(Job).order_by(Job.id))
    ]


# -- languages ------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "word"), [("en", "password"), ("nl", "wachtwoord")])
def test_mails_are_in_the_language_of_their_receiver(client, client_of, mails, language, word):
    account = {"username": "Kim", "email": "kim@example.org", "password": PASSWORD}
    assert post(client, "/register", **account, language=language) == 201
    assert post(client, "/user/reset_password/request", email="kim@example.org") == 200
    kim = User.find_by_name("Kim")
    body = {"old_password": PASSWORD, "new_password": "a new one!"}
    assert post(client_of(kim), "/user/change_password", **body) == 200
    body = {"password": "a new one!", "new_email": "kim@example.com"}
    assert post(client_of(kim), "/user/change_email/request", **body) == 200
    (moved,) = [token_of(one) for one in mails() if one["To"] == "kim@example.com"]
    assert post(client, "/user/change_email/confirm", token=moved) == 200
    sent = mails()
    assert sorted(letter for _, letter in subjects(sent)) == [
        "change_email",
        "confirm_email",
        "email_changed",
        "password_changed",
        "reset_password",
    ]
    assert {one["Content-Language"] for one in sent} == {language}
    assert [word in text_of(one) for one in sent].count(True) >= 3


def test_the_holder_of_an_address_reads_their_own_language(client_of, make_user, mails) -> None:
    holder, asking = make_user(language="de"), make_user(language="nl")
    body = {"password": PASSWORD, "new_email": holder.email}
    assert post(client_of(asking), "/user/change_email/request", **body) == 200
    (sent,) = mails()
    assert (sent["To"], sent["Content-Language"]) == (holder.email, "de")
    assert "Du oder jemand anderes" in text_of(sent)


def test_a_notice_of_the_version_before_is_in_english(ann, mails) -> None:
    enqueue("send-notice", {"letter": "password_changed", "email": ann.email})
    db.session.commit()
    (sent,) = mails()
    assert sent["Content-Language"] == "en"


# -- resetting the password -----------------------------------------------------------------


def test_a_new_password_is_set_by_mail(client, client_of, ann, mails) -> None:
    elsewhere = client_of(ann)

    assert post(client, "/user/reset_password/request", email="ANN@example.org") == 200
    (mail,) = mails()
    token = token_of(mail)
    assert subjects([mail]) == [(ann.email, "reset_password")]
    assert elsewhere.get("/identity").status_code == 200

    assert post(client, "/user/reset_password/confirm", token=token, password=NEW) == 200

    assert elsewhere.get("/identity").status_code == 401
    assert not logs_in(client, ann, PASSWORD)
    assert logs_in(client, ann, NEW)
    assert db.session.get(User, ann.id, populate_existing=True).email_confirmed_at is not None
    assert subjects(mails()[1:]) == [(ann.email, "password_changed")]
    assert post(client, "/user/reset_password/confirm", token=token, password=PASSWORD) == 401
    assert logs_in(client, ann, NEW)


def test_a_token_that_is_used_says_so(client, ann) -> None:
    answer = client.post("/user/confirm_email/confirm", json={"token": "nonsense"})
    assert answer.status_code == 401
    assert answer.json["type"] == "/problems/invalid-mail-token"


def test_a_changed_password_spends_the_token(client, client_of, ann, mails) -> None:
    post(client, "/user/reset_password/request", email=ann.email)
    token = token_of(mails()[0])
    change = {"old_password": PASSWORD, "new_password": NEW}
    assert post(client_of(ann), "/user/change_password", **change) == 200
    assert post(client, "/user/reset_password/confirm", token=token, password=PASSWORD) == 401
    assert subjects(mails()[1:]) == [(ann.email, "password_changed")]


@pytest.mark.parametrize("password", ["short", "x" * 129, "password1", "ann@example.org"])
def test_a_bad_new_password_does_not_spend_the_token(client, ann, password) -> None:
    token = issue(Purpose.RESET_PASSWORD, ann)
    assert post(client, "/user/reset_password/confirm", token=token, password=password) == 422
    assert post(client, "/user/reset_password/confirm", token=token, password=NEW) == 200


def test_a_bad_token_costs_no_hash(client, ann, monkeypatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("gridt.resources.recovery.passwords.hash", hashed.append)
    token = issue(Purpose.RESET_PASSWORD, ann)
    ann.change_email("other@example.org")
    ann.save_to_db()
    for bad in (token, "nonsense"):
        assert post(client, "/user/reset_password/confirm", token=bad, password=NEW) == 401
    assert hashed == []


def test_who_is_unknown_is_told_the_same_by_the_same_statements(
    client, ann, statements, mails
) -> None:
    seen = []
    for email in (ann.email, "nobody@example.org", "nobody@münchen.example"):
        statements.clear()
        answer = client.post("/user/reset_password/request", json={"email": email})
        body = answer.data.replace(answer.headers["X-Request-ID"].encode(), b"")
        headers = {name: value for name, value in answer.headers if name != "X-Request-ID"}
        seen.append((answer.status_code, body, headers, list(statements)))
    assert seen[0] == seen[1] == seen[2]
    assert not any("users" in statement for statement in seen[0][3])
    assert subjects(mails()) == [(ann.email, "reset_password")]


def test_a_deactivated_user_gets_a_mail_without_a_token(
    client, make_user, statements, mails
) -> None:
    out, other = make_user("out"), make_user("other")
    deactivate(out)
    out.save_to_db()
    seen = []
    for user in (out, other):
        statements.clear()
        assert post(client, "/user/reset_password/request", email=user.email) == 200
        seen.append(list(statements))
    assert seen[0] == seen[1]
    notice, helped = mails()
    assert subjects([notice, helped]) == [
        (out.email, "account_deactivated"),
        (other.email, "reset_password"),
    ]
    assert "oken" not in text_of(notice) + html_of(notice)


def test_a_user_deactivated_meanwhile_is_not_asked_to_confirm_an_address(client, mails) -> None:
    given = {"username": "new", "email": "new@example.org", "password": NEW}
    assert client.post("/register", json=given).status_code == 201
    new = User.find_by_name("new")
    deactivate(new)
    new.save_to_db()
    assert mails() == []


def test_a_mail_goes_to_the_address_of_the_account_not_to_the_one_typed(
    client, make_user, mails
) -> None:
    """A mail goes to the address of the account.

    It does not go to the typed one. They are one address for us, but perhaps not for a mail server.
    """
    make_user(email="ann@bücher.example").save_to_db()
    post(client, "/user/reset_password/request", email="ANN@xn--bcher-kva.example")
    assert subjects(mails()) == [("ann@xn--bcher-kva.example", "reset_password")]


def test_no_mail_goes_to_an_address_of_another_domain(client, make_user, mails) -> None:
    """No mail goes to an address of another domain.

    `ß` and `ss` were one letter in domains until 2008, and are two now.
    """
    make_user(email="ann@fussball.example").save_to_db()
    post(client, "/user/reset_password/request", email="ann@fußball.example")
    assert mails() == []


def test_a_hundred_requests_send_one_mail(client, ann, mails, clock) -> None:
    for _ in range(50):
        for email in (ann.email, ann.email.upper()):
            assert post(client, "/user/reset_password/request", email=email) == 200
    assert len(mails()) == 1
    clock.pass_(minutes=1)
    post(client, "/user/reset_password/request", email=ann.email)
    assert len(mails()) == 2


def test_a_flood_of_requests_sends_mails_ever_more_slowly(
    client, client_of, ann, make_user, mails, clock
) -> None:
    """A flood of requests sends mails ever more slowly.

    The number of callers' addresses does not matter, and every caller gets the same answer.
    """
    ben, sent = make_user("ben"), []
    for _ in range(3):
        stranger = client_of(ben)  # a token is good for an hour
        for _ in range(30):
            asked = {"password": PASSWORD, "new_email": ann.email}
            assert post(stranger, "/user/change_email/request", **asked) == 200
            run_until_idle()  # at once, because two waiting requests send one mail
            clock.pass_(minutes=1)
            assert post(client, "/user/reset_password/request", email=ann.email.upper()) == 200
            run_until_idle()
            clock.pass_(minutes=1)
        sent.append(len(mails()) - sum(sent))
    # of 60 requests in each hour
    assert all(2 <= number <= 25 for number in sent), sent


def test_an_occasional_request_never_waits(client, ann, mails, clock) -> None:
    for number in range(1, 21):
        post(client, "/user/reset_password/request", email=ann.email)
        assert len(mails()) == number
        clock.pass_(hours=1)


def test_no_token_is_in_the_database(client, client_of, ann) -> None:
    post(client, "/user/reset_password/request", email=ann.email)
    post(client_of(ann), "/user/change_email/request", password=PASSWORD, new_email="n@example.org")
    post(client_of(ann), "/user/confirm_email/request")
    assert jobs() == [
        {"name": "send-password-reset", "arguments": {"email": ann.email}},
        {
            "name": "send-email-change",
            "arguments": {
                "user_id": ann.id,
                "new_email": "n@example.org",
                "state": state_of(Purpose.CHANGE_EMAIL, ann),
            },
        },
        {"name": "send-email-confirmation", "arguments": {"user_id": ann.id}},
    ]


def test_a_request_is_one_commit_and_sends_nothing_itself(client, ann, commits, mails) -> None:
    commits.clear()
    post(client, "/user/reset_password/request", email=ann.email)
    assert len(commits) == 1
    assert len(jobs()) == 1


# -- confirming the address -----------------------------------------------------------------


def test_registering_asks_to_confirm_the_address(client, mails) -> None:
    account = {"username": "Robin", "email": "Robin@Example.org", "password": PASSWORD}
    assert client.post("/register", json=account).status_code == 201
    (mail,) = mails()
    assert subjects([mail]) == [("Robin@Example.org", "confirm_email")]
    user = User.find_by_name("robin")
    assert user.email_confirmed_at is None

    assert post(client, "/user/confirm_email/confirm", token=token_of(mail)) == 200

    db.session.refresh(user)
    first = user.email_confirmed_at
    assert first is not None
    again = client.post("/user/confirm_email/confirm", json={"token": token_of(mail)})
    assert (again.status_code, again.json["message"]) == (
        200,
        "Your e-mail address is already confirmed.",
    )
    db.session.refresh(user)
    assert user.email_confirmed_at == first
    user.change_email("elsewhere@example.org")
    user.save_to_db()
    assert post(client, "/user/confirm_email/confirm", token=token_of(mail)) == 401


def test_a_mail_to_confirm_the_address_can_be_asked_for_again(client_of, ann, mails) -> None:
    client = client_of(ann)
    assert client.get("/identity").json["email_confirmed"] is False
    assert post(client, "/user/confirm_email/request") == 200
    assert post(client, "/user/confirm_email/confirm", token=token_of(mails()[0])) == 200
    assert client.get("/identity").json["email_confirmed"] is True
    assert post(client, "/user/confirm_email/request") == 200
    assert len(mails()) == 1


@pytest.mark.parametrize(
    "username",
    [
        "<script>alert(1)</script>",
        "Bcc: everybody@example.org",
        "visit http://evil.example",
        "{{ config }}",
        "😀 Ångström",
    ],
)
def test_no_mail_carries_a_strangers_words(client, mails, username) -> None:
    """No mail carries a name that a stranger chose.

    A person who opens an account chooses its name, and may give another person's address.
    """
    account = {"username": username, "email": "victim@example.org", "password": PASSWORD}
    assert client.post("/register", json=account).status_code == 201
    post(client, "/user/reset_password/request", email="victim@example.org")
    for mail in mails():
        assert mail["Bcc"] is None
        assert username not in text_of(mail)
        assert username not in html_of(mail)
        assert not re.search("evil|alert|everybody", mail.as_string() + text_of(mail))
    assert len(mails()) == 2


# -- changing the address -------------------------------------------------------------------


def ask(client, new_email: str, password: str = PASSWORD) -> int:
    return post(client, "/user/change_email/request", password=password, new_email=new_email)


def test_a_change_of_address_sends_a_notice_to_the_old_one(client, client_of, ann, mails) -> None:
    own = client_of(ann)
    old = ann.email
    post(client, "/user/reset_password/request", email=old)
    (reset,) = mails()

    assert ask(own, "New@example.org") == 200
    assert own.get("/identity").json["email"] == old
    change = mails()[1]
    assert subjects([change]) == [("New@example.org", "change_email")]

    assert post(client, "/user/change_email/confirm", token=token_of(change)) == 200

    identity = own.get("/identity").json
    assert (identity["email"], identity["email_confirmed"]) == ("New@example.org", True)
    assert subjects(mails()[2:]) == [(old, "email_changed")]
    assert post(client, "/user/change_email/confirm", token=token_of(change)) == 401
    spent = {"token": token_of(reset), "password": NEW}
    assert post(client, "/user/reset_password/confirm", **spent) == 401


def test_moving_takes_the_password(client_of, ann, mails) -> None:
    assert ask(client_of(ann), "new@example.org", "not the password") == 401
    assert mails() == []


def test_a_taken_address_gets_the_same_answer_and_its_owner_a_notice(
    client_of, ann, make_user, statements, mails
) -> None:
    ben, client = make_user("ben"), client_of(ann)
    seen = []
    for email in (ben.email, "free@example.org"):
        statements.clear()
        body = {"password": PASSWORD, "new_email": email}
        answer = client.post("/user/change_email/request", json=body)
        seen.append((answer.status_code, answer.json["message"], list(statements)))
    assert seen[0] == seen[1]
    assert subjects(mails()) == [
        (ben.email, "email_in_use"),
        ("free@example.org", "change_email"),
    ]
    assert "token" not in text_of(mails()[0])


def test_an_address_that_was_taken_meanwhile_is_a_conflict(client, ann, make_user) -> None:
    token = issue(Purpose.CHANGE_EMAIL, ann, "wanted@example.org")
    make_user("wanted")
    answer = client.post("/user/change_email/confirm", json={"token": token})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/email-taken")
    assert User.find_by_id(ann.id).email == "ann@example.org"


def test_an_address_may_be_written_otherwise(client, client_of, ann, mails) -> None:
    assert ask(client_of(ann), "Ann@Example.org") == 200
    assert post(client, "/user/change_email/confirm", token=token_of(mails()[0])) == 200
    assert client_of(ann).get("/identity").json["email"] == "Ann@Example.org"


def test_of_two_new_addresses_the_first_confirmed_is_the_one(client, client_of, ann, mails) -> None:
    for email in ("first@example.org", "second@example.org"):
        ask(client_of(ann), email)
    first, second = mails()
    assert post(client, "/user/change_email/confirm", token=token_of(second)) == 200
    assert post(client, "/user/change_email/confirm", token=token_of(first)) == 401


# -- mail servers that fail -----------------------------------------------------------------


def test_a_mail_waits_for_its_server_and_is_then_sent_once(
    client, app, ann, mails, monkeypatch, clock
) -> None:
    with mail_server() as box:
        monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{box.port}")
        box.answers["RCPT"] = "451 4.3.0 later"
        assert post(client, "/user/reset_password/request", email=ann.email) == 200
        mails()
        assert box.messages == []
        assert len(jobs()) == 1
        del box.answers["RCPT"]
        clock.pass_(minutes=1)
        mails()
        token = token_of(box.messages[0])
        mails()
    assert len(box.messages) == 1
    assert jobs() == []
    assert post(client, "/user/reset_password/confirm", token=token, password=NEW) == 200


def test_a_mail_to_an_unknown_address_is_given_up_and_logged_without_it(
    client, app, ann, mails, monkeypatch, caplog
) -> None:
    with mail_server() as box:
        monkeypatch.setitem(app.config, "SMTP_URL", f"smtp://127.0.0.1:{box.port}")
        box.answers["RCPT"] = f"550 5.1.1 {ann.email}: no such user"
        post(client, "/user/reset_password/request", email=ann.email)
        mails()
    assert jobs() == []
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "550" in record.getMessage()
    assert not [one for one in caplog.records if "gridt" in one.name and "ann@" in one.getMessage()]


def test_a_slow_mail_server_keeps_no_request_waiting(own_app, monkeypatch) -> None:
    account = {"username": "ann", "email": "ann@example.org", "password": PASSWORD}
    with mail_server() as box, ThreadPoolExecutor(1) as pool:
        box.gate = Event()
        monkeypatch.setitem(own_app.config, "SMTP_URL", f"smtp://127.0.0.1:{box.port}")
        client = own_app.test_client()
        assert client.post("/register", json=account).status_code == 201

        def work() -> int:
            with own_app.app_context():
                return run_until_idle()

        working = pool.submit(work)
        try:
            box.come.get(timeout=60)  # the mail has arrived, and the server delays its answer
            with own_app.app_context():
                held = sum(engine.pool.checkedout() for engine in db.engines.values())
            other = account | {"username": "ben", "email": "ben@example.org"}
            statuses = client.post("/register", json=other).status_code, held
        finally:
            box.gate.set()
        assert statuses == (201, 0)
        assert working.result(timeout=60) == 2
    assert [one["To"] for one in box.messages] == ["ann@example.org", "ben@example.org"]


# -- two at once ----------------------------------------------------------------------------


@pytest.fixture
def race(own_app: Flask, tmp_path, monkeypatch: pytest.MonkeyPatch):
    """Make calls at the same moment, on a real database.

    Return their statuses, sorted.
    """
    monkeypatch.setitem(own_app.config, "MAIL_FOLDER", str(tmp_path / "mail"))

    def run(calls: list[tuple[str, dict[str, Any]]]) -> list[int]:
        barrier = Barrier(len(calls))

        def call(path: str, body: dict[str, Any]) -> int:
            client = own_app.test_client()
            barrier.wait(timeout=60)
            return client.post(path, json=body).status_code

        with ThreadPoolExecutor(len(calls)) as pool:
            return sorted(pool.map(lambda one: call(*one), calls))

    return run


def own_users(app: Flask, make_token: Callable[[list[User]], list[str]]) -> list[str]:
    with app.app_context():
        users = [User(name, f"{name}@example.org", PASSWORD) for name in ("ann", "ben")]
        db.session.add_all(users)
        db.session.commit()
        for user in users:
            Login(user.id).save_to_db()
        return make_token(users)


def test_of_two_with_one_token_one_sets_the_password(own_app, race, tmp_path) -> None:
    (token,) = own_users(own_app, lambda users: [issue(Purpose.RESET_PASSWORD, users[0])])
    path = "/user/reset_password/confirm"
    words = [f"password number {number}" for number in range(4)]

    statuses = race([(path, {"token": token, "password": word}) for word in words])

    assert statuses == [200, 401, 401, 401]
    with own_app.app_context():
        user = User.find_by_name("ann")
        assert sum(user.verify_password(word) for word in words) == 1
        assert not user.verify_password(PASSWORD)
        db.session.rollback()  # else no other transaction could write
        run_until_idle()
    assert subjects(kept(tmp_path / "mail")) == [("ann@example.org", "password_changed")]


@writers_overlap
@pytest.mark.parametrize(
    ("path", "purpose", "more", "second_gets"),
    [
        ("/user/reset_password/confirm", Purpose.RESET_PASSWORD, {"password": NEW}, 401),
        ("/user/change_email/confirm", Purpose.CHANGE_EMAIL, {}, 401),
        ("/user/confirm_email/confirm", Purpose.CONFIRM_EMAIL, {}, 200),  # and confirms nothing new
    ],
)
def test_a_second_use_waits_for_the_first(own_app, path, purpose, more, second_gets) -> None:
    (token,) = own_users(own_app, lambda users: [issue(purpose, users[0], "new@example.org")])
    body = {"token": token} | more

    def call() -> int:
        return own_app.test_client().post(path, json=body).status_code

    with own_app.app_context(), stopped(own_app, "UPDATE users", call) as first:
        with beside(own_app, call) as second:
            wait_until_somebody_waits()
            first.go_on()
        assert (first.result(), second.result()) == (200, second_gets)


def test_only_one_of_two_users_gets_a_new_address(own_app, race, tmp_path) -> None:
    wanted = "wanted@example.org"
    tokens = own_users(
        own_app, lambda users: [issue(Purpose.CHANGE_EMAIL, user, wanted) for user in users]
    )

    path = "/user/change_email/confirm"
    assert race([(path, {"token": token}) for token in tokens]) == [200, 409]

    with own_app.app_context():
        found = sorted(db.session.scalars(select(User.email)))
        assert found in ([f"{name}@example.org", wanted] for name in ("ann", "ben"))
        db.session.rollback()
        run_until_idle()
    assert len(kept(tmp_path / "mail")) == 1
