"""The words of the app in its languages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gridt.http.problem_pages import PROBLEM_TYPES
from gridt.refusals import Code
from gridt.web.files import CLIENT
from scripts.words import (
    CATEGORIES,
    Words,
    catalogue,
    faults,
    holes_of,
    keys_of,
    service_keys,
    unread_in,
)
from tests.databases import same_on_both

pytestmark = same_on_both

each_language = pytest.mark.parametrize("language", CATEGORIES)


@each_language
def test_each_language_has_each_sentence(language: str) -> None:
    assert faults(keys_of(), catalogue(language), CATEGORIES[language]) == []


@each_language
def test_each_problem_and_refusal_has_a_sentence(language: str) -> None:
    words = catalogue(language)
    wanted = [f"problem:{slug}" for slug in PROBLEM_TYPES] + [f"refusal:{code}" for code in Code]
    assert [key for key in wanted if not words.get(key)] == []
    # each value that the service names is there, but for reasons that only programs need
    for code in Code:
        said = words[f"refusal:{code}"]
        assert isinstance(said, str)
        assert holes_of(said) == holes_of(code.sentence), code


def test_each_key_in_the_code_is_a_text() -> None:
    assert unread_in() == []


def test_the_app_offers_the_languages_that_are_compared() -> None:
    files = {path.stem for path in (CLIENT / "words").glob("*.js")}
    assert files == CATEGORIES.keys()
    text = (CLIENT / "words.js").read_text()
    assert all(f'import("./words/{language}.js")' in text for language in CATEGORIES)


def _without(key: str) -> Callable[[dict[str, Words]], None]:
    return lambda words: words.__delitem__(key)


def _with(key: str, said: Words) -> Callable[[dict[str, Words]], None]:
    return lambda words: words.update({key: said})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_without("Did it"), "missing: Did it"),
        (_without("problem:already-done"), "missing: problem:already-done"),
        (_without("refusal:too-short"), "missing: refusal:too-short"),
        (_with("Did something", "Iets gedaan"), "unused: Did something"),
        (_with("problem:gone", "Weg"), "unused: problem:gone"),
        (_with("Did it: {name}", "Gedaan: {naam}"), "holes: Did it: {name}"),
        (_with("refusal:too-short", "Minstens {least} tekens."), "holes: refusal:too-short"),
        (_with("Did it", {"one": "Gedaan", "other": "Gedaan"}), "plural or not: Did it"),
        (_with("{n} members", "{n} leden"), "plural or not: {n} members"),
        (_with("{n} members", {"other": "{n} leden"}), "plural categories: {n} members"),
        (_with("{n} members", {"one": "lid", "other": "leden"}), "holes: {n} members"),
    ],
)
def test_a_fault_is_seen(change: Callable[[dict[str, Words]], None], fault: str) -> None:
    words = catalogue("nl")
    change(words)
    assert faults(keys_of(), words, CATEGORIES["nl"]) == [fault]


def test_keys_are_found_in_code(tmp_path: Path) -> None:
    code = """
    t("One line"); t("With {hole}", { hole }); t(
      "On the next line",
    ); tn("{n} day", "{n} days", n); t("A \\"quoted\\" word"); at("no key"); t("“Other” quotes");
    """
    (tmp_path / "good.js").write_text(code)
    assert keys_of(tmp_path) == {
        "One line": "One line",
        "With {hole}": "With {hole}",
        "On the next line": "On the next line",
        "{n} days": {"one": "{n} day", "other": "{n} days"},
        'A "quoted" word': 'A "quoted" word',
        "“Other” quotes": "“Other” quotes",
    }
    assert unread_in(tmp_path) == []
    (tmp_path / "bad.js").write_text("const words = t(name);")
    assert unread_in(tmp_path) == ["bad.js"]


def test_a_key_that_is_there_twice_is_seen(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "nl.js").write_text(
        '// Dutch\nexport default {\n  "A": "a",\n  "A": "b",\n};\n'
    )
    with pytest.raises(ValueError, match="twice"):
        catalogue("nl", tmp_path)


def test_the_keys_of_the_service_are_problems_and_refusals() -> None:
    kinds = {key.partition(":")[0] for key in service_keys()}
    assert kinds == {"problem", "status", "refusal"}
