"""Activity as a table: in spreadsheets, and read again."""

import csv
import re
import subprocess
import sys
from datetime import date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridt.errors import Invalid
from gridt.formats.activity_csv import activity_table, as_typed, harmless
from gridt.formats.importing import Target, read_file
from gridt.formats.table import MOST_ROWS
from gridt.models import Revision
from gridt.standing.activity import CompletedTurn
from tests.nasty import NASTY
from tests.servers import ROOT

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
AT = datetime(2026, 3, 1, 8, 30, 15, 123456, tzinfo=AMSTERDAM)

FORMULAS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0"),
    *(
        "\uff1d1+1",
        "\uff0b1",
        "\uff0d1",
        "\uff20SUM(A1)",
        " =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff=1",
    ),
    *("'=1", "''=1", '"=1+1"', "\x01=1", "=", "-", "\t", "\r\n"),
    *("x;=1+1", "x;-1", 'x;"=1+1"', "x\n=1", "x\r=1", "x\t=1", "x; =1", "a;b;=1", ";=1"),
]
HARMLESS = ["", "done", "1-1", "a=b", "it's", "'tis", "x;y", "ann@example.org", "a; b", "'"]


def written(*texts: str) -> str:
    day, revision = date(2026, 2, 28), Revision(0, AT)
    done = [CompletedTurn(1, 7, "Flossing", AT, day, text, revision) for text in texts]
    return "".join(activity_table(done, "5e"))


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def read(text: str | bytes, movement: str = "Flossing"):
    body = text.encode() if isinstance(text, str) else text
    found = read_file(body, Target(7, movement, "5e", ignored=frozenset({"mood"})))
    return found.rows, found.wrong, len(found.others)


def test_a_row_has_the_time_by_both_clocks_and_the_turn():
    text = written("done, twice")
    assert text.startswith("\ufeffmovement,date,local_time,utc_time,turn,message,movement_id\r\n")
    assert rows_of(text)[1:] == [
        [
            "Flossing",
            "2026-03-01T08:30:15.123456+01:00",
            "2026-03-01 08:30:15",
            "2026-03-01 07:30:15",
            "2026-02-28",
            "done, twice",
            "5e-7",
        ]
    ]


def test_a_table_of_nothing_has_no_rows():
    assert len(rows_of("".join(activity_table([], "5e")))) == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula_after_any_end_of_a_cell(text, delimiter):
    """No part of a cell becomes a formula, however split.

    Spreadsheets know quotes only where a cell begins, and each country its own delimiter.
    """
    first_visible = re.compile(r"[\s\"\ufeff\u200b\x00-\x1f]*(.?)", re.DOTALL)
    cells = csv.reader(StringIO(written(text), newline=""), delimiter=delimiter)
    for cell in (cell for row in cells for cell in row):
        assert first_visible.match(cell)[1] not in {*"=+-@\uff1d\uff0b\uff0d\uff20"}, cell


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_cell_is_unchanged(text):
    assert harmless(text) == text
    assert as_typed(text) == text


@pytest.mark.parametrize("text", [*FORMULAS, *HARMLESS, *NASTY])
def test_a_cell_made_harmless_is_read_unchanged(text):
    assert as_typed(harmless(text)) == text


@given(st.text(alphabet=st.sampled_from("=+-@'\";, \t\r\nx\uff1d\u200b"), max_size=12))
def test_any_cell_made_harmless_is_read_unchanged(text):
    assert as_typed(harmless(text)) == text
    assert as_typed(harmless(harmless(text))) == harmless(text)


@given(st.lists(st.text(max_size=20).filter(lambda text: "\0" not in text), max_size=5))
def test_a_written_table_can_be_read(texts):
    try:
        text = written(*texts)
        body = text.encode()
    except UnicodeEncodeError:  # a surrogate, which no database stores
        return
    if texts:
        rows, wrong, others = read(body)
        assert [(row.at, row.message or "") for row in rows] == [(AT, one) for one in texts]
        assert (wrong, others) == ([], 0)


@pytest.mark.parametrize(
    "text",
    [
        "date,message\n2026-01-31,done\n",
        "date;message\r\n2026-01-31;done\r\n",
        "date;mood;message\r2026-01-31;,,,;done\r",
        "\ufeffdate,message\r\n2026-01-31,done",
        'Date , MESSAGE\r\n"2026-01-31","done"\r\n',
        "mood,message,date,movement\ngood,done,2026-01-31,\n",
        "date,message\n\n 2026-01-31 ,done\n,\n;\n"[:-2],
    ],
)
def test_tables_of_other_programs_are_read(text):
    rows, wrong, others = read(text)
    assert [(row.at, row.message) for row in rows] == [(date(2026, 1, 31), "done")]
    assert (wrong, others) == ([], 0)


def test_a_date_is_enough():
    (row,), _, _ = read("date\n2026-01-31\n")
    assert (row.row, row.at, row.message) == (2, date(2026, 1, 31), None)


@pytest.mark.parametrize(
    "text", ["2026-01-31T20:15:00+01:00", "2026-01-31 19:15Z", "2026-01-31t19:15:00.0z"]
)
def test_a_time_is_read_with_its_offset(text):
    (row,), _, _ = read(f"date\n{text}\n")
    assert row.at == datetime(2026, 1, 31, 20, 15, tzinfo=AMSTERDAM)


BAD_DATES = [
    *("", "yesterday", "31-01-2026", "01/31/2026", "2026-1-31", "2026-02-30", "2026-13-01"),
    *("20260131", "2026-W05-6", "2026-01-31T20:15:00", "2026-01-31T25:00Z", "2026-01-31T20Z"),
    *("2026-01-31T20:15+25:00", "0000-01-01", "0001-01-01", "1969-12-31", "9999-99-99"),
    *(
        "\u0662\u0660\u0662\u0666-01-31",
        "46053",
        "'2026-01-31",
        "2026-01-31,",
        "=TODAY()",
        "2026-01-31T20:15+24:00",
    ),
    *("0001-01-01T00:00:00+14:00", "1970-01-01"),
]


@pytest.mark.parametrize("text", BAD_DATES)
def test_a_bad_date_is_named_by_its_row(text):
    rows, wrong, _ = read(f'date,message\n2026-01-30,x\n"{text}",x\n')
    assert len(rows) == 1
    assert [(row, column) for row, column, _ in wrong] == [(3, "date")]


def test_rows_are_counted_as_spreadsheets_do():
    """Rows have the numbers that spreadsheets give them.

    A cell of several lines is in one row, and an empty row counts.
    """
    rows, wrong, _ = read('date,message\n2026-01-30,"a\nb"\n\nnever,x\n2026-01-31,y\n')
    assert [row.row for row in rows] == [2, 5]
    assert [row for row, _, _ in wrong] == [4]


def test_a_long_message_is_named_and_as_long_as_it_was_typed():
    body = (
        f"date,message\n2026-01-30,{'x' * 281}\n2026-01-29,{'x' * 280}\n2026-01-28,'={'x' * 279}\n"
    )
    _, wrong, _ = read(body)
    assert [(row, column) for row, column, _ in wrong] == [(2, "message")]


def test_a_row_with_too_many_cells_is_named():
    _, wrong, _ = read("date,message\n2026-01-30,well, done\n")
    assert [(row, column) for row, column, _ in wrong] == [(2, "")]


#: read by a process of its own, because a search cannot be stopped
BUSY = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))  # seconds of a processor, however busy that is

from gridt.formats.importing import Target, read_file

nasty = "\\t'"
long, many = nasty * 65_000, f'2026-03-01,Flossing,"{nasty * 280}"\\n' * 1_800
rows = f'2026-03-01,"{long}",\\n2026-03-01,Flossing,"{long}"\\n{many}'
read_file(f"date,movement,message\\n{rows}".encode(), Target(7, "Flossing", "5e"))
"""


def test_no_cell_keeps_the_service_busy():
    """Neither a long cell nor many cells take long.

    The long one once took a minute, longer than the time-out of a worker; the many a third.
    """
    subprocess.run([sys.executable, "-c", BUSY], cwd=ROOT, check=True)


def test_rows_of_other_movements_are_left_out_and_counted():
    text = "movement,date\nFLOSSING,2026-01-30\nReading,2026-01-30\nReading,never\n"
    rows, wrong, others = read(text)
    assert ([row.row for row in rows], wrong, others) == ([2], [], 2)


NO_TABLES = {
    "nothing": b"",
    "a mark": b"\xef\xbb\xbf",
    "blank": b" \r\n",
    "names only": b"date,message\r\n",
    "no rows": b"date,message\n,\n \n",
    "no names": b"2026-01-31,done\n",
    "other names": b"when,what\n2026-01-31,done\n",
    "a name twice": b"date,date\n2026-01-31,2026-01-30\n",
    "two messages": b"date,message,Message \n2026-01-31,done,\n",
    "two movements": b"date,movement,movement\n2026-01-31,Flossing,Reading\n",
    "NUL": b"date\n2026-01-31\0\n",
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "a workbook": b"PK\x03\x04\x14\0\x06\0",
    "UTF-16": "date\n2026-01-31\n".encode("utf-16"),
    "Latin 1": "date,message\n2026-01-31,één\n".encode("latin-1"),
    "a surrogate": b"date,message\n2026-01-31,\xed\xa0\x80\n",
    "an open quote": b'date,message\n2026-01-31,"done\n2026-01-30,done\n',
    "a quote that closes early": b'date,message\n2026-01-31,"do"ne\n',
    "an endless cell": b"date,message\n2026-01-31," + b"x" * 200_000,
    "only other movements": b"movement,date\nReading,2026-01-31\n",
    "too many": b"date\n" + b"2026-01-31\n" * (MOST_ROWS + 1),
}


@pytest.mark.parametrize("body", NO_TABLES.values(), ids=NO_TABLES)
def test_a_file_that_is_no_table_is_refused(body):
    with pytest.raises(Invalid) as refused:
        read(body)
    assert [error["pointer"] for error in refused.value.errors] == ["#"]


@pytest.mark.parametrize("name", ["date", "message", "movement"])
def test_a_column_that_is_there_twice_is_named(name):
    with pytest.raises(Invalid, match=f'Two columns are named "{name}"'):
        read(f"date,{name},{name}\n".encode() if name != "date" else b"date,Date\n")


def test_the_most_rows_are_read():
    rows, _, _ = read(b"date\n" + b"2026-01-31\n" * MOST_ROWS)
    assert len(rows) == MOST_ROWS
