"""docs/security.md: complete, with a test or reason per row."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from tests.cases import each
from tests.servers import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text()

#: the requirements of levels 1 and 2 in each section of OWASP ASVS 5.0.0: how many of its numbers,
#: counted from 1 (those of level 3 come last in every section)
ASVS = {
    **{"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2},
    **{"2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1},
    **{"3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2},
    **{"4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4},
    **{"5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3},
    **{"6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4},
    **{"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2},
    **{"8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1},
    **{"9.1": 3, "9.2": 4},
    **{"10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3},
    **{"11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1},
    **{"12.1": 3, "12.2": 2, "12.3": 4},
    **{"13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5},
    **{"14.1": 2, "14.2": 4, "14.3": 3},
    **{"15.1": 3, "15.2": 3, "15.3": 7},
    **{"16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3},
    **{"17.1": 1, "17.2": 4, "17.3": 2},
}

#: words that may replace a test, each with a reason after it
INSTEAD = ("operator", "not met: ", "documented: ")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows(heading: str) -> list[list[str]]:
    """Return the table's cells under a heading.

    The head of the table is left out.
    """
    section = re.split(r"^## ", TEXT, flags=re.M)
    (found,) = [part for part in section if part.startswith(f"{heading}\n")]
    lines = [line for line in found.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


TABLES = ["OWASP ASVS 5.0.0, levels 1 and 2", "OWASP API Security Top 10 (2023)", "NIST SP 800-63B"]
ROWS = {f"{table}: {row[0]}": row for table in TABLES for row in rows(table)}


def requirements() -> set[str]:
    return {f"{section}.{n}" for section, count in ASVS.items() for n in range(1, count + 1)}


def spread(numbers: str) -> Iterator[str]:
    """Yield `1.2.6`, `1.2.7` and `1.2.8` for `1.2.6-8`, and so on."""
    for one in numbers.split(", "):
        start, _, last = one.partition("-")
        section, _, first = start.rpartition(".")
        yield from (f"{section}.{n}" for n in range(int(first), int(last or first) + 1))


@cache
def named_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_requirement_of_the_asvs_has_its_row():
    met = [row[0] for row in rows(TABLES[0])]
    left_out = [
        number
        for row in rows("Requirements of the ASVS that do not apply")
        for number in spread(row[0])
    ]
    assert len(met + left_out) == len(set(met + left_out)), "one stands there twice"
    assert set(met + left_out) == requirements()


def test_every_risk_of_the_top_ten_has_its_row():
    assert [row[0] for row in rows(TABLES[1])] == [f"API{number}" for number in range(1, 11)]


@each("row", ROWS.values(), ids=ROWS)
def test_a_row_says_how_and_names_its_tests(row):
    assert len(row) == 4, row
    assert all(row), row
    named = NODE.findall(row[3])
    rest = NODE.sub("", row[3]).replace(",", "").strip()
    assert bool(named) != bool(rest), "tests, or what stands in place of them"
    if rest:
        assert rest.startswith(INSTEAD), rest
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in named_in(path), f"{path} has no {name}"
