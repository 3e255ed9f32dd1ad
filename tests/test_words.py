"""The catalogues of words.

Each language has the same keys and holes.
"""

import json
import re
from itertools import product
from string import Formatter

import pytest

from gridt import words
from gridt.mail.message import LETTERS
from gridt.schemas.users import language_field
from gridt.words import LANGUAGES
from tests.databases import same_on_both
from tests.servers import ROOT

FOLDER = ROOT / "gridt" / "words"
CATALOGUES = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
ENGLISH = CATALOGUES["en"]
TRANSLATED = [name for name in LANGUAGES if name != "en"]
#: English words that are no words of Dutch or German
ENGLISH_WORDS = re.compile(
    r"\b(the|you|your|this|that|if|not|another|password|please|address|to|it|for|and|token)\b",
    re.IGNORECASE,
)

pytestmark = same_on_both


def holes(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def test_each_language_has_a_catalogue() -> None:
    assert set(CATALOGUES) == set(LANGUAGES) == set(language_field().validate.choices)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_keys_are_the_same_in_the_same_order(language: str) -> None:
    assert list(CATALOGUES[language]) == sorted(ENGLISH)


@pytest.mark.parametrize(("language", "key"), list(product(TRANSLATED, ENGLISH)))
def test_a_translation_has_the_holes_and_paragraphs_of_the_original(
    language: str, key: str
) -> None:
    translation, original = CATALOGUES[language][key], ENGLISH[key]
    assert holes(translation) == holes(original)
    assert translation.count("\n\n") == original.count("\n\n")
    assert translation.strip() == translation


@pytest.mark.parametrize(("language", "key"), list(product(TRANSLATED, ENGLISH)))
def test_no_english_is_left_in_a_translation(language: str, key: str) -> None:
    translation = re.sub(r"\{\w+\}", "", CATALOGUES[language][key])
    assert not ENGLISH_WORDS.findall(translation)
    sentences = re.split(r"(?<=[.:?!])\s+", ENGLISH[key])
    assert not [one for one in sentences if "{" not in one and one in translation]


def test_english_is_found_by_the_test_above() -> None:
    texts = [text for key, text in ENGLISH.items() if key.startswith("mail.")]
    assert len(texts) > 2 * len(LETTERS)
    assert all(ENGLISH_WORDS.search(text) for text in texts if len(text) > 30)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_letter_is_in_each_language_and_nothing_else_is(language: str) -> None:
    expected = {f"mail.{letter}.{part}" for letter in LETTERS for part in ("subject", "text")}
    expected |= {"mail.how.link", "mail.how.token", "count.hours.one", "count.hours.other"}
    assert set(CATALOGUES[language]) == expected


@pytest.mark.parametrize(
    ("language", "n", "expected"),
    [
        *(("en", 1, "1 hour"), ("en", 0, "0 hours"), ("en", 2, "2 hours")),
        *(("nl", 1, "1 uur"), ("nl", 2, "2 uur"), ("nl", 1000, "1000 uur")),
        *(("de", 1, "1 Stunde"), ("de", 0, "0 Stunden"), ("de", 2, "2 Stunden")),
    ],
)
def test_a_count_has_the_plural_of_its_language(language: str, n: int, expected: str) -> None:
    assert words.counted(language, "count.hours", n) == expected


def test_a_language_of_a_newer_version_gets_english() -> None:
    assert words.text("fr", "mail.reset_password.subject") == "Choose a new password"
