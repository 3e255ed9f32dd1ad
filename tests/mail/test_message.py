"""The contents of mails, and contents that no mail has."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from flask import Flask
from lxml import html

from gridt import words
from gridt.mail.message import LETTERS, compose
from gridt.words import LANGUAGES
from tests.conftest import Clock
from tests.databases import same_on_both
from tests.mailbox import html_of, parsed, text_of, token_of

pytestmark = same_on_both

WITH_TOKEN = ["confirm_email", "reset_password", "change_email"]
ROBIN = "robin@example.org"
TOKEN = "an.unlikely_token-"


@pytest.fixture(autouse=True)
def context(app: Flask, database: None) -> None:
    """An app, in which mails are written without a request."""


@pytest.fixture
def client_app(app: Flask, monkeypatch: pytest.MonkeyPatch):
    return lambda url: monkeypatch.setitem(app.config, "CLIENT_URL", url)


def sent(letter: str, email: str = ROBIN, language: str = "en"):
    """Return a mail as it arrives."""
    token = TOKEN if letter in WITH_TOKEN else None
    return parsed(compose(letter, email, token, language).as_bytes())


@pytest.mark.parametrize("letter", LETTERS)
def test_a_mail_is_complete(clock: Clock, letter: str) -> None:
    message = sent(letter)

    assert message["Subject"] == f"gridt: {words.text('en', f'mail.{letter}.subject')}"
    assert (message["From"], message["To"]) == ("gridt <gridt@localhost>", ROBIN)
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]) == clock.now.astimezone(UTC)
    assert message["Message-ID"].endswith("@localhost>")
    assert message["Message-ID"] != sent(letter)["Message-ID"]
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("url", [None, "https://app.example/x&y"])
@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_html_say_the_same(
    client_app, letter: str, url: str | None, language: str
) -> None:
    client_app(url)
    message = sent(letter, language=language)
    assert message["Content-Language"] == language
    assert message["Subject"] == f"gridt: {words.text(language, f'mail.{letter}.subject')}"
    assert f'<html lang="{language}">' in html_of(message)
    page = html.fromstring(html_of(message))
    paragraphs = [one.text_content() for one in page.iter("p")]
    assert paragraphs == text_of(message).rstrip("\r\n").replace("\r\n", "\n").split("\n\n")
    assert all(paragraphs)


@pytest.mark.parametrize("letter", WITH_TOKEN)
def test_a_link_leads_to_the_client_app_with_the_token_where_no_server_sees_it(
    client_app, letter: str
) -> None:
    client_app("https://app.example/gridt/")
    link = f"https://app.example/gridt/{letter.replace('_', '-')}#token={TOKEN}"
    message = sent(letter)
    assert f"\n{link}\n" in text_of(message).replace("\r\n", "\n")
    assert f'<a href="{link}">' in html_of(message)
    assert token_of(message) == TOKEN


def test_without_a_client_app_there_is_the_token_alone() -> None:
    message = sent("reset_password")
    assert token_of(message) == TOKEN
    assert "http" not in text_of(message)
    assert "href" not in html_of(message)


def test_the_address_of_the_app_cannot_break_out_of_the_html(client_app) -> None:
    client_app('https://app.example/"><script>')
    assert "<script>" not in html_of(sent("reset_password"))


def test_a_date_does_not_depend_on_the_language_of_the_machine(clock: Clock) -> None:
    clock.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert compose("password_changed", ROBIN)["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
