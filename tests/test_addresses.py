"""One account for one e-mail address, however it is written."""

import pytest
from sqlalchemy import select

from gridt.addresses import fold_address, fold_domain
from gridt.models import Job, LoginThrottle, User
from gridt.models.login_throttle import FREE_ATTEMPTS
from gridt.runtime.extensions import db
from tests.conftest import PASSWORD
from tests.mailbox import token_of

UNICODE, ENCODED = "me@bücher.example", "me@xn--bcher-kva.example"
#: other ways to write the same address
SAME = [
    *(UNICODE, ENCODED, "ME@BÜCHER.example", "me@XN--BCHER-KVA.Example", "me@bu\u0308cher.example"),
    *(f" {UNICODE}", f"{ENCODED} ", f"\t{UNICODE}\u00a0"),
]
NEW = "another long one"


@pytest.mark.parametrize("written", [*SAME, "me@bücher\uff0eexample"])
def test_one_address_has_one_form(written: str) -> None:
    assert fold_address(written) == UNICODE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("me@faß.example", "me@fass.example"),
        ("me@βόλος.example", "me@βόλοσ.example"),
        ("me@example.org", "me@example.com"),
        ("me@bücher.example", "me@bucher.example"),
        ("me.you@example.org", "meyou@example.org"),
    ],
)
def test_two_addresses_have_two_forms(one: str, other: str) -> None:
    assert fold_address(one) != fold_address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("me@☃.example", "me@xn--n3h.example"),
        ("me@☃.Example", "ME@XN--N3H.example"),
        ("me@i❤.example", "me@xn--i-7iq.example"),
        ("me@😀.bücher.example", "me@xn--e28h.xn--bcher-kva.example"),
    ],
)
def test_a_domain_of_symbols_has_one_form_too(one: str, other: str) -> None:
    assert fold_address(one) == fold_address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("me@faß.example", "me@xn--fa-hia.example"), ("STRAẞE@example.org", "strasse@example.org")],
)
def test_the_sharp_s_is_a_letter_of_domains_only(one: str, other: str) -> None:
    assert fold_address(one) == fold_address(other)


@pytest.mark.parametrize(
    "domain",
    [
        *("xn--", "xn---", "xn--\u00fc", "-ü-", "ü..example", "ü_b.example", "ü" * 300, "\ud800"),
        *("xn--n3h", "xn--.xn--n3h", "xn--xn--n3h-", "xn--" + "b" * 50, "xn--a-", "xn--\uff0e-9a"),
        *("xn--" + "z" * 300, "❤.example", "\u200dü.example", "[192.0.2.1]", "ü" * 70 + ".org"),
    ],
)
def test_a_text_that_is_no_domain_is_folded_all_the_same(domain: str) -> None:
    once = fold_domain(domain)
    assert once == fold_domain(domain.upper()) == fold_domain(once)


@pytest.fixture
def me(make_user) -> User:
    return make_user("robin", email=UNICODE)


def post(client, path, **body):
    answer = client.post(path, json=body)
    return answer.status_code, answer.json


def registering(client, email, username="other"):
    return post(client, "/register", username=username, email=email, password=PASSWORD)


@pytest.mark.parametrize("written", SAME)
def test_one_address_has_one_account(client, me, written) -> None:
    status, problem = registering(client, written)
    assert (status, problem["type"]) == (409, "/problems/email-taken")
    assert post(client, "/auth", username=written, password=PASSWORD)[0] == 200


def test_the_sharp_s_blocks_no_other_domain(client, mails) -> None:
    for number, email in enumerate(("me@faß.example", "me@fass.example")):
        assert registering(client, email, f"robin {number}")[0] == 201
        assert post(client, "/auth", username=email, password=PASSWORD)[0] == 200
    assert [str(mail["To"]) for mail in mails()] == ["me@xn--fa-hia.example", "me@fass.example"]


def test_an_address_is_kept_as_it_was_written_without_blanks(client, client_of, mails) -> None:
    assert registering(client, " Me@Bücher.example\u2003")[0] == 201
    user = User.find_by_email(ENCODED)
    assert client_of(user).get("/identity").json["email"] == "Me@Bücher.example"
    token = token_of(mails()[0])
    assert post(client, "/user/confirm_email/confirm", token=token)[0] == 200


def test_a_password_is_reset_by_either_form(client, me, mails) -> None:
    assert post(client, "/user/reset_password/request", email=f" {ENCODED} ")[0] == 200
    token = token_of(mails()[0])
    assert post(client, "/user/reset_password/confirm", token=token, password=NEW)[0] == 200
    assert post(client, "/auth", username=ENCODED, password=NEW)[0] == 200


@pytest.mark.parametrize("password", [ENCODED, f" {UNICODE.upper()}"])
def test_an_own_address_is_no_password_in_either_form(client, client_of, me, password) -> None:
    body = {"old_password": PASSWORD, "new_password": password}
    status, problem = post(client_of(me), "/user/change_password", **body)
    assert (status, problem["errors"][0]["code"]) == (422, "own-name")


def test_an_address_changes_to_what_no_other_account_has(client, client_of, me, ann, mails) -> None:
    """An address changes unless another account has it.

    The mail to the taken address goes to its owner, in the owner's form.
    """
    body = {"password": PASSWORD, "new_email": f"{ENCODED} "}
    assert post(client_of(ann), "/user/change_email/request", **body)[0] == 200
    (mail,) = mails()
    assert "already has an account" in mail["Subject"]
    body["new_email"] = " anna@faß.example"
    assert post(client_of(ann), "/user/change_email/request", **body)[0] == 200
    token = token_of(mails()[1])
    assert post(client, "/user/change_email/confirm", token=token)[0] == 200
    assert db.session.get(User, ann.id, populate_existing=True).email == "anna@faß.example"
    assert post(client, "/auth", username="anna@xn--fa-hia.example", password=PASSWORD)[0] == 200


def test_an_address_that_is_taken_meanwhile_is_not_given_twice(
    client, client_of, ann, make_user, mails
) -> None:
    body = {"password": PASSWORD, "new_email": ENCODED}
    assert post(client_of(ann), "/user/change_email/request", **body)[0] == 200
    token = token_of(mails()[0])
    make_user("robin", email=UNICODE)
    status, problem = post(client, "/user/change_email/confirm", token=token)
    assert (status, problem["type"]) == (409, "/problems/email-taken")


def test_an_own_address_may_be_the_username_in_either_form(client, client_of, me) -> None:
    ours = client_of(me)
    assert ours.patch("/identity", json={"username": ENCODED}).status_code == 200
    wrong = ours.patch("/identity", json={"username": "me@fass.example"})
    assert (wrong.status_code, wrong.json["errors"][0]["code"]) == (422, "foreign-email-address")


def test_a_job_with_the_other_form_of_an_address_goes_with_the_account(client, me, mails) -> None:
    assert post(client, "/user/reset_password/request", email=ENCODED)[0] == 200
    (job,) = db.session.scalars(select(Job))
    job.state, job.run_after = "dead", None
    db.session.commit()
    me.delete_from_db()
    assert db.session.scalars(select(Job)).all() == []


@pytest.mark.parametrize("known", [True, False])
def test_wrong_passwords_count_for_the_address_in_all_its_forms(client, make_user, known) -> None:
    if known:
        make_user("robin", email=UNICODE)
    forms = [SAME[number % len(SAME)] for number in range(FREE_ATTEMPTS + 1)]
    answers = [post(client, "/auth", username=one, password="wrong one")[0] for one in forms]
    assert answers == [401] * FREE_ATTEMPTS + [429]


def test_mails_count_for_the_address_in_all_its_forms(client, me) -> None:
    for written in SAME[:5]:
        assert post(client, "/user/reset_password/request", email=written)[0] == 200
    assert [row.failures for row in db.session.query(LoginThrottle)] == [5]


@pytest.mark.parametrize(
    "text", ["bücher", "BÜCH", UNICODE, ENCODED, "xn--bcher-kva.example", "@bücher.example", "e@b"]
)
def test_admins_find_an_address_by_a_part_of_it(client_of, me, make_user, text) -> None:
    admin = client_of(make_user("boss", role="admin", email="boss@example.com"))
    found = admin.get("/admin/users", query_string={"search": text}).json
    assert [user["id"] for user in found] == [me.id]


def test_admins_find_the_sharp_s(client_of, make_user) -> None:
    admin = client_of(make_user("boss", role="admin"))
    robin = make_user("robin", email="me@faß.example")
    for text in ("faß", "FAß.example", "me@xn--fa-hia.example"):
        found = admin.get("/admin/users", query_string={"search": text}).json
        assert [user["id"] for user in found] == [robin.id]


def test_commands_take_an_address_in_either_form(run, me) -> None:
    result = run("confirm-email", f" {ENCODED} ")
    assert (result.exit_code, result.output) == (0, f"{UNICODE} is confirmed.\n")
    options = ["--username= ben ", "--password=correct horse battery"]
    taken = run("create-user", *options, f"--email={ENCODED} ")
    assert (taken.exit_code, "taken" in taken.output) == (1, True)
    assert run("create-user", *options, "--email= ben@faß.example ").exit_code == 0
    ben = User.find_by_email("ben@xn--fa-hia.example")
    assert (ben.username, ben.email) == ("ben", "ben@faß.example")


@pytest.mark.parametrize("email", ["me@☃.example", "me@ü_b.example", "me@" + "ü" * 70 + ".org"])
def test_a_new_address_has_a_domain_to_which_mails_can_be_sent(
    client, client_of, ann, make_user, email
) -> None:
    boss = client_of(make_user("boss", role="admin"))
    answers = {
        "email": [
            registering(client, email),
            post(boss, "/admin/invitations", label="a friend", email=email),
        ],
        "new_email": [
            post(client_of(ann), "/user/change_email/request", password=PASSWORD, new_email=email)
        ],
    }
    for member, problems in answers.items():
        for status, problem in problems:
            (error,) = problem["errors"]
            assert (status, error["pointer"], error["code"]) == (422, f"#/{member}", "not-a-domain")


def test_an_old_address_of_symbols_keeps_working(client, make_user) -> None:
    make_user("robin", email="me@☃.example")
    for written in ("me@☃.example", "ME@xn--n3h.example"):
        assert post(client, "/auth", username=written, password=PASSWORD)[0] == 200
        assert post(client, "/user/reset_password/request", email=written)[0] == 200
    status, problem = registering(client, "me@xn--n3h.example")
    assert (status, problem["type"]) == (409, "/problems/email-taken")
