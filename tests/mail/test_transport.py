"""Delivery of mails: to real servers, and into a folder."""

import os
import socket
import ssl
from pathlib import Path
from urllib.parse import quote

import pytest
import trustme
from flask import Flask

from gridt.mail.message import NotDelivered, Refused, compose
from gridt.mail.transport import deliver
from tests.databases import same_on_both
from tests.mailbox import PASSWORD, USER, kept, mail_server, secured, token_of

pytestmark = same_on_both

ROBIN = "robin@example.org"
TOKEN = "a.token"
LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"


@pytest.fixture
def send(app: Flask, database: None, monkeypatch: pytest.MonkeyPatch):
    """Send a mail by the server at an address."""

    def send(url: str | None, email: str = ROBIN, token: str = TOKEN) -> None:
        monkeypatch.setitem(app.config, "SMTP_URL", url)
        deliver(compose("reset_password", email, token))

    return send


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which the server's certificate is trusted."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def test_a_mail_reaches_its_server(send):
    with mail_server() as box:
        send(f"smtp://127.0.0.1:{box.port}")

    (envelope,), (message,) = box.envelopes, box.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("gridt@localhost", [ROBIN])
    assert message["To"] == ROBIN
    assert token_of(message) == TOKEN


def test_a_login_goes_over_starttls(send, server_context, trusting):
    with mail_server(**secured(server_context)) as box:
        send(f"smtp+starttls://{LOGIN}@127.0.0.1:{box.port}")
    assert box.circumstances == [(True, True)]


def test_a_server_may_speak_tls_from_the_start(send, server_context, trusting):
    with mail_server(ssl_context=server_context) as box:
        send(f"smtps://127.0.0.1:{box.port}")
    assert len(box.messages) == 1


def test_a_server_that_nobody_vouches_for_gets_nothing(send, server_context):
    with mail_server(**secured(server_context)) as box:
        with pytest.raises(NotDelivered):
            send(f"smtp+starttls://{LOGIN}@127.0.0.1:{box.port}")
    assert box.envelopes == []


def test_a_server_without_tls_gets_nothing_that_was_to_go_over_tls(send):
    with mail_server() as box:
        with pytest.raises(NotDelivered):
            send(f"smtp+starttls://127.0.0.1:{box.port}")
    assert box.envelopes == []


def test_a_wrong_password_may_be_put_right(send, server_context, trusting):
    with mail_server(**secured(server_context)) as box:
        with pytest.raises(NotDelivered) as caught:
            send(f"smtp+starttls://gridt:wrong@127.0.0.1:{box.port}")
    assert not isinstance(caught.value, Refused)
    assert box.envelopes == []


def test_no_server_at_all_may_come_back(send):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(NotDelivered) as caught:
            send(f"smtp://127.0.0.1:{nobody.getsockname()[1]}")
    assert not isinstance(caught.value, Refused)


@pytest.mark.parametrize(
    ("command", "answer", "final"),
    [
        ("RCPT", f"450 4.2.1 {ROBIN} is busy", False),
        ("RCPT", f"550 5.1.1 {ROBIN} is unknown", True),
        ("DATA", f"451 4.3.0 not now, {ROBIN}", False),
        ("DATA", f"554 5.6.0 not that, {ROBIN}", True),
        ("MAIL", "451 4.3.0 not now", False),
        ("MAIL", "550 5.7.1 not from you", False),  # the operator can correct that
    ],
)
def test_a_refusal_is_final_or_not_and_names_no_address(send, command, answer, final):
    with mail_server() as box:
        box.answers[command] = answer
        with pytest.raises(NotDelivered) as caught:
            send(f"smtp://127.0.0.1:{box.port}")

    assert isinstance(caught.value, Refused) is final
    assert answer[:3] in str(caught.value)
    assert "robin" not in str(caught.value)
    assert box.envelopes == []


def test_an_accepted_mail_is_sent_despite_a_later_error(send):
    with mail_server() as box:
        box.answers["QUIT"] = "421 4.3.0 too much to do"
        send(f"smtp://127.0.0.1:{box.port}")
    assert len(box.messages) == 1


@pytest.mark.parametrize(
    ("email", "recipient"),
    [
        ("a@münchen.example", "a@xn--mnchen-3ya.example"),
        ("a@fußball.example", "a@xn--fuball-cta.example"),  # and not at fussball.example
        ("a@MÜNCHEN.example", "a@xn--mnchen-3ya.example"),
        ("a+b'c@example.org", "a+b'c@example.org"),
        ('"a\\"b"@example.org', '"a\\"b"@example.org'),
        ('"<x>,y"@example.org', '"<x>,y"@example.org'),
        ("a@[127.0.0.1]", "a@[127.0.0.1]"),
    ],
)
def test_odd_addresses_are_reached(send, email, recipient):
    with mail_server() as box:
        send(f"smtp://127.0.0.1:{box.port}", email)
    (envelope,), (message,) = box.envelopes, box.messages
    assert envelope.rcpt_tos == [recipient]
    (address,) = message["To"].addresses
    assert address.addr_spec == recipient


def test_an_address_in_another_script_is_reached(send):
    with mail_server() as box:
        send(f"smtp://127.0.0.1:{box.port}", "用户@例子.example")
    (envelope,) = box.envelopes
    assert envelope.rcpt_tos == ["用户@xn--fsqu00a.example"]
    assert "SMTPUTF8" in envelope.mail_options


def test_an_address_that_a_server_cannot_spell_is_given_up(send):
    with mail_server(enable_SMTPUTF8=False) as box:
        with pytest.raises(Refused):
            send(f"smtp://127.0.0.1:{box.port}", "用户@example.org")
    assert box.envelopes == []


@pytest.mark.parametrize(
    "email",
    [
        f"a@{'ü' * 80}.example",
        "a@b\r\nBcc: c@example.org",
        "=?utf-8?q?x=0D=0ABcc=3Ac=40example.org=0D=0A?=@example.org",
        '"=?utf-8?q?x=0A=0Aa_text?="@example.org',
    ],
)
def test_an_address_that_cannot_be_is_given_up(send, email):
    with mail_server() as box, pytest.raises(Refused):
        send(f"smtp://127.0.0.1:{box.port}", email)
    assert box.envelopes == []


# -- the folder -----------------------------------------------------------------------------


@pytest.fixture
def folder(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "mail"
    monkeypatch.setitem(app.config, "MAIL_FOLDER", str(path))
    return path


def test_without_a_server_mails_are_written_to_a_private_folder(send, folder):
    send(None, "first@example.org")
    send(None, "second@example.org")

    assert [one["To"] for one in kept(folder)] == ["first@example.org", "second@example.org"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600, 0o600]


def test_a_long_token_stands_in_one_line_of_the_file(send, folder):
    send(None, token="t" * 500)
    (path,) = folder.iterdir()
    assert b"\n" + b"t" * 500 + b"\n" in path.read_bytes()


def test_a_mail_that_cannot_be_written_leaves_no_part(send, folder, monkeypatch):
    folder.mkdir(parents=True)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="No space"):
        send(None)
    assert list(folder.iterdir()) == []
