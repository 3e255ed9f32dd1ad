"""Sentences that count: `1 row`, `2 rows`."""

import ast
import re
from collections.abc import Iterator

import pytest

from gridt.text import with_noun
from tests.servers import ROOT

#: nouns that code of ours counts
NOUNS = "accounts|days|errors|jobs|leaders|members|movements|reports|requests|rows|sessions|slots"
PLURAL = re.compile(rf"^ (?:{NOUNS}|standings|swaps|tables|times|turns|updates|users)\b")
#: numbers that are never 1, by their modules
CONSTANT = {
    ("gridt/cli/moving.py", "len(here.by_table)"),
    ("gridt/errors.py", "self.NAMED"),
    ("gridt/models/movement_user_association.py", "SLOTS"),
    ("gridt/network/invariants.py", "SLOTS"),
    ("gridt/schemas/network.py", "MOST_DRAWN"),
    ("gridt/schemas/screens.py", "UPDATES_SHOWN"),
}


def plurals(source: str) -> Iterator[str]:
    """Yield the words before a plural in texts with values."""
    for text in ast.walk(ast.parse(source)):
        if isinstance(text, ast.JoinedStr):
            for part, after in zip(text.values, text.values[1:], strict=False):
                words = after.value if isinstance(after, ast.Constant) else ""
                if isinstance(part, ast.FormattedValue) and PLURAL.match(str(words)):
                    yield ast.unparse(part.value)


def test_each_count_comes_with_its_noun() -> None:
    found = {
        (str(path.relative_to(ROOT)), counted)
        for path in (ROOT / "gridt").rglob("*.py")
        for counted in plurals(path.read_text())
    }
    assert found == CONSTANT


def test_a_plural_is_found() -> None:
    assert [*plurals("f\"{done} jobs run, {with_noun(2, 'row')} of {all} rows\"")] == [
        "done",
        "all",
    ]


@pytest.mark.parametrize(
    ("number", "form", "text"),
    [(0, "", "0 rows"), (1, "", "1 row"), (2, "", "2 rows"), (2000, ",", "2,000 rows")],
)
def test_one_is_singular(number: int, form: str, text: str) -> None:
    assert with_noun(number, "row", form) == text
