"""Files of other habit trackers, in their own forms.

The forms are those in which each program writes them.

The files in tests/data are ours; their forms are published here:

- Loop Habit Tracker: `uhabits-core/assets/test/csv_export` and `HabitsCSVExporter.kt` in
  https://github.com/iSoron/uhabits (earlier versions wrote the words of `Checkmarks.csv` as
  numbers, and none of `Notes`; those of 2022 and 2023 `Entry(…)`, and no header for one habit)
- HabitBull: `uhabits-core/assets/test/habitbull2.csv` and `habitbull3.csv`, at the same place
- Habitica: `website/server/controllers/top-level/dataexport.js` (both files), and for the values
  `website/common/script/ops/scoreTask.js`, in https://github.com/HabitRPG/habitica
- beaverhabits: `beaverhabits/storage/dict.py` in https://github.com/daya0576/beaverhabits
"""

import json
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gridt.errors import Invalid
from gridt.formats.importing import FileRead, Target, read_file
from gridt.refusals import Code, Refusal
from tests.servers import ROOT

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DATA = ROOT / "tests" / "data"


def read(body: bytes | str, **options: Any) -> FileRead:
    target = Target(7, "Flossing", "5e", **options)
    return read_file(body.encode() if isinstance(body, str) else body, target)


def read_data(name: str, **options: Any) -> FileRead:
    return read((DATA / name).read_bytes(), **options)


def days(found: FileRead) -> list[str]:
    assert found.wrong == []
    return [
        (row.at.date() if isinstance(row.at, datetime) else row.at).isoformat()
        for row in found.rows
    ]


#: the file, its program, the days that were done, and how many rows say that it was not
FILES = [
    ("loop-habit-Checkmarks.csv", "Loop Habit Tracker", "03-03 03-01 02-26", 3),
    ("loop-all-Checkmarks.csv", "Loop Habit Tracker", "03-03 03-01 02-26", 3),
    ("loop-all-words-Checkmarks.csv", "Loop Habit Tracker", "03-03 03-01", 2),
    ("beaverhabits.json", "beaverhabits", "03-03 03-01", 1),
    ("habitica-tasks-history.csv", "Habitica", "02-26 02-27 03-02", 1),
    ("habitica-user-data.json", "Habitica", "02-26 02-27 03-02", 1),
    ("habitbull.csv", "HabitBull", "02-26 03-01 03-03", 2),
    ("habitbull-iso.csv", "HabitBull", "03-02 03-03", 0),
    ("gridt-of-before.csv", "gridt", "03-01 03-01 03-02", 0),
]


@pytest.mark.parametrize(("name", "program", "done", "not_done"), FILES)
def test_the_files_of_each_program_are_read(
    name: str, program: str, done: str, not_done: int
) -> None:
    found = read_data(name, zone=AMSTERDAM)
    assert found.program == program
    assert days(found) == [f"2026-{day}" for day in done.split()]
    assert len(found.not_done) == not_done


def test_notes_become_messages() -> None:
    loop = read_data("loop-habit-Checkmarks.csv")
    assert [row.message for row in loop.rows] == [None, "After work, late", '"At last"']
    assert [row.row for row in loop.rows] == [2, 4, 7]
    beaver = read_data("beaverhabits.json")
    assert [(row.row, row.message) for row in beaver.rows] == [(1, None), (3, "At last")]
    bull = read_data("habitbull.csv", ignored=frozenset({"commenttext"}))
    assert {row.message for row in bull.rows} == {None}


@pytest.mark.parametrize(
    ("name", "habit", "done"),
    [
        ("loop-all-Checkmarks.csv", "meditate", "03-02 02-28 02-27"),
        ("beaverhabits.json", "READING", "03-01"),
        # the value of a habit with a plus only is halved each day; a minus was pressed on 3 March
        ("habitica-tasks-history.csv", "Reading", "02-26 02-27 03-02"),
        ("habitica-user-data.json", "reading", "02-26 03-02"),
    ],
)
def test_a_habit_of_another_name_is_chosen(name: str, habit: str, done: str) -> None:
    found = read_data(name, chosen=habit, zone=UTC)
    assert days(found) == [f"2026-{day}" for day in done.split()]


def test_a_file_of_several_habits_is_not_taken_whole() -> None:
    for name in ("beaverhabits.json", "habitbull.csv", "loop-all-Checkmarks.csv"):
        with pytest.raises(Invalid, match=r"of several movements or habits: .*, "):
            read_data(name, chosen="this")


def test_a_file_without_the_movement_names_the_habits_that_it_has() -> None:
    with pytest.raises(Invalid, match=r"rows of these: Flossing, Reading\."):
        read_file((DATA / "beaverhabits.json").read_bytes(), Target(8, "Flossing daily", "5e"))


@pytest.mark.parametrize(
    ("value", "is_done"),
    [
        *((value, True) for value in ("YES_MANUAL", "YES_AUTO", "2", "1")),
        *((value, False) for value in ("NO", "SKIP", "UNKNOWN", "-1", "0", "3", "")),
    ],
)
def test_what_loop_means_by_a_value(value: str, is_done: bool) -> None:
    found = read(f"Date,Value,Notes\n2026-03-01,{value},\n")
    assert (len(found.rows), len(found.not_done)) == ((1, 0) if is_done else (0, 1))


@pytest.mark.parametrize("value", ["8", "12.5", "yes", "true", "YES_MANUAL "[:-1].lower()])
def test_an_amount_or_another_word_is_refused_by_row_and_column(value: str) -> None:
    rows = f"2026-03-01,YES_MANUAL,\n2026-03-02,{value},\n"
    assert [(row, column) for row, column, _ in read(f"Date,Value,Notes\n{rows}").wrong] == [
        (3, "Value")
    ]


def test_earlier_forms_of_loop_are_read() -> None:
    assert days(read("Date,Value\n2026-03-01,2\n2026-03-02,0\n")) == ["2026-03-01"]
    # a spreadsheet leaves the empty column out
    assert days(read("Date,Reading,Flossing\n2026-03-01,0,2\n")) == ["2026-03-01"]


@pytest.mark.parametrize("value", ["YES_AUTO", "1"])
def test_a_goal_leaves_out_days_that_loop_took_for_done(value: str) -> None:
    body = f"Date,Value,Notes\n2026-03-02,{value},\n2026-03-01,2,\n"
    assert days(read(body, has_goal=True)) == ["2026-03-01"]


def test_a_habit_of_loop_without_a_header_is_read() -> None:
    found = read("2026-03-03,2\n2026-03-01,2\n2026-02-28,0\n")
    assert days(found) == ["2026-03-03", "2026-03-01"]
    assert [row.row for row in found.rows] == [1, 2]
    assert days(read("2026-03-03,2\n")) == ["2026-03-03"]
    amounts = read("2026-03-03,2000\n2026-03-01,10000\n")
    assert [(row, column) for row, column, _ in amounts.wrong] == [(1, "Value"), (2, "Value")]


def loop_entry(day: str, value: int) -> str:
    return f"Entry(timestamp={day}, value={value}),"


def test_entries_of_loop_are_read() -> None:
    body = "Date,Sleep, 8 hours,Reading,Flossing,\r\n"
    for day, values in {"2026-03-02": (8000, 0, 2), "2026-03-01": (-1, 2, 3)}.items():
        body += f"{day}," + "".join(loop_entry(day, value) for value in values) + "\r\n"
    assert days(read(body)) == ["2026-03-02"]
    assert days(read(body, chosen="Reading")) == ["2026-03-01"]
    amounts = read(body, chosen="Sleep, 8 hours").wrong
    assert [(row, column) for row, column, _ in amounts] == [(2, "Sleep, 8 hours")]


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ("Up, early, each day,Flossing", "Up, early, each day"),
        ('"Up, early",Flossing', "Up, early"),  # a spreadsheet saved it
        ('"Deep" work,Flossing', '"Deep" work'),
        ("Deep 'work',Flossing", "Deep 'work'"),
        (" Reading,Flossing", "Reading"),
    ],
)
def test_loop_puts_no_quotes_around_names(names: str, first: str) -> None:
    body = f"Date,{names},\n2026-03-02,NO,YES_MANUAL,\n2026-03-01,YES_MANUAL,NO,\n"
    assert days(read(body)) == ["2026-03-02"]
    assert days(read(body, chosen=first)) == ["2026-03-01"]


def test_names_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(Invalid, match=r"Row 1 is not valid CSV: a name with a comma"):
        read("Date,A,B,Flossing,\n2026-03-01,2,0,\n")


@pytest.mark.parametrize("message", ['"one, two"', "OK", ""])
def test_an_own_table_with_an_empty_column_is_none_of_loop(message: str) -> None:
    (row,) = read(f"Date,Message,\n2026-03-01,{message},\n").rows
    assert row.message == (message.strip('"') or None)


DAYS = ("2026-02-26 20:00:00", "2026-02-27 20:00:00")


@pytest.mark.parametrize(
    ("before", "value", "is_done"),
    [
        ("0", "1", True),
        ("0", "-1.026657310999762", False),
        ("3", "2.051206", False),  # a minus takes back what a plus has added
        ("3", "1.078463543073045", False),  # two on one day
        ("3", "2.4622911", True),  # a plus, after the value was halved
        ("1.950633", "1.950633", True),  # the same, each day
        ("-1.026657310999762", "0", True),  # a plus
        ("-3.2", "-2.114542", True),
        ("-3.2", "-1.058861", True),  # two on one day
        ("-3.2", "-1.848509", False),  # a minus, after the value was halved twice
        ("1e300", "-1e300", False),
        ("-1e300", "-2", False),
    ],
)
def test_presses_of_a_habit_of_habitica(before: str, value: str, is_done: bool) -> None:
    header = "Task Name,Task ID,Task Type,Date,Value\n"
    rows = f"Flossing,1,habit,{DAYS[0]},{before}\nFlossing,1,habit,{DAYS[1]},{value}\n"
    found = read(header + rows, zone=UTC)
    assert ("2026-02-27" in days(found)) == is_done


def test_amounts_of_habitbull_are_refused() -> None:
    found = read_data("habitbull.csv", chosen="Push-ups")
    assert [(row, column) for row, column, _ in found.wrong] == [(7, "Value")]


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("4/3/2025 4/13/2025", ["2025-04-03", "2025-04-13"]),
        ("3/4/2025 13/4/2025", ["2025-04-03", "2025-04-13"]),
    ],
)
def test_the_file_itself_shows_which_number_is_the_month(dates: str, expected: list[str]) -> None:
    header = "HabitName,HabitDescription,HabitCategory,CalendarDate,Value,CommentText\n"
    body = header + "".join(f"Flossing,,,{day},1,\n" for day in dates.split())
    assert days(read(body)) == expected


@pytest.mark.parametrize("dates", ["4/3/2025 5/3/2025", "4/13/2025 13/4/2025", "13/13/2025"])
def test_dates_that_can_be_read_in_two_ways_are_refused(dates: str) -> None:
    header = "HabitName,HabitDescription,HabitCategory,CalendarDate,Value,CommentText\n"
    body = header + "".join(f"Flossing,,,{day},1,\n" for day in dates.split())
    assert {column for _, column, _ in read(body).wrong} == {"CalendarDate"}


def test_times_without_an_offset_need_a_time_zone() -> None:
    refused = read_data("habitica-tasks-history.csv")
    assert [(row, column) for row, column, _ in refused.wrong] == [
        (row, "Date") for row in (2, 3, 4, 5)
    ]
    assert {refusal.code for _, _, refusal in refused.wrong} == {Code.LOCAL_TIME}
    first = read_data("habitica-tasks-history.csv", zone=AMSTERDAM).rows[0]
    assert first.at == datetime(2026, 2, 26, 20, 26, 5, tzinfo=UTC)


# -- our own tables -------------------------------------------------------------------------

EXPORT = "movement,date,local_time,utc_time,turn,message,movement_id"


@pytest.mark.parametrize(
    ("row", "is_mine"),
    [
        ("Flossing,2026-03-01T08:00Z,,,,,5e-7", True),
        ("Flossing of before,2026-03-01T08:00Z,,,,,5e-7", True),  # it was renamed
        ("Flossing,2026-03-01T08:00Z,,,,,5e-8", False),  # another took the name
        ("Flossing,2026-03-01T08:00Z,,,,,6f-8", True),  # of another service
        ("Reading,2026-03-01T08:00Z,,,,,6f-7", False),
        ("Flossing,2026-03-01T08:00Z,,,,,", True),
        (",2026-03-01T08:00Z,,,,,", True),
    ],
)
def test_a_row_of_an_export_is_known_by_its_movement(row: str, is_mine: bool) -> None:
    found = read(f"{EXPORT}\n{row}\n,2026-03-02T08:00Z,,,,,\n")
    assert len(found.rows) == 1 + is_mine
    assert found.others == ([] if is_mine else [2])


def test_an_earlier_export_of_a_renamed_movement_is_taken_on_request() -> None:
    body = (DATA / "gridt-of-before.csv").read_bytes()
    target = Target(7, "Flossing daily", "5e", chosen="this")
    assert len(read_file(body, target).rows) == 3


# -- columns that the format does not have --------------------------------------------------


@pytest.mark.parametrize(
    ("body", "column"),
    [
        ("date,done\n2026-03-01,\n2026-03-02,no\n2026-03-03,yes\n", "done"),
        ("date,message,amount\n2026-03-01,,\n2026-03-02,,0\n", "amount"),
        ("Date,a/b,message\n2026-03-01,,\n2026-03-02,1,\n", "a/b"),
    ],
)
def test_an_unknown_column_is_refused_by_name(body: str, column: str) -> None:
    found = read(body)
    assert [(row, name) for row, name, _ in found.wrong] == [(3, column)]
    assert found.wrong[0][2] == Refusal(Code.UNKNOWN_COLUMN, program="gridt", name=column)
    assert read(body, ignored=frozenset({column.casefold()})).wrong == []


def test_an_unknown_column_that_is_empty_is_none() -> None:
    assert len(read("date,mood,\n2026-03-01, ,\n").rows) == 1


def test_an_unknown_member_of_a_record_is_refused_by_name() -> None:
    record = {"day": "2026-03-01", "done": True}
    habit = {"name": "Flossing", "records": [record, record | {"day": "2026-03-02", "times": 3}]}
    found = read(json.dumps({"habits": [habit]}))
    assert [(row, name) for row, name, _ in found.wrong] == [(2, "times")]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "{}",
        '{"habits": {}}',
        '{"habits": [1]}',
        '{"habits": [{"name": "Flossing"}]}',
        '{"habits": [{"name": 7, "records": []}]}',
        '{"habits": [{"name": "Flossing", "records": [1]}]}',
        '{"habits": [{"name": "Flossing", "records": []}]}',
        '{"habits": []}',
        '{"tasks": {}}',
        '{"tasks": {"habits": [7]}}',
        '{"tasks": {"dailys": [{"text": "Flossing", "history": [7]}]}}',
        '{"tasks": {"todos": [{"text": "Flossing", "history": []}]}}',
    ],
)
def test_json_of_another_form_is_refused_as_a_whole(body: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(body)
    assert [error["pointer"] for error in refused.value.errors] == ["#"]


@pytest.mark.parametrize(
    ("record", "column"),
    [
        ({"date": 1772137565000, "value": "1"}, "value"),
        ({"date": None, "value": 1}, "date"),
        ({"date": -1, "value": 1, "completed": True}, "date"),
    ],
)
def test_a_wrong_record_of_an_account_of_habitica_is_named(
    record: dict[str, Any], column: str
) -> None:
    task = {"text": "Flossing", "history": [record]}
    found = read(json.dumps({"tasks": {"dailys": [task]}}))
    assert [(row, name) for row, name, _ in found.wrong] == [(1, column)]


@pytest.mark.parametrize(
    ("kind", "record", "is_done"),
    [
        ("dailys", {"value": 5, "completed": False}, False),
        ("dailys", {"value": -5, "completed": True}, True),
        ("habits", {"value": 5, "scoredUp": 0, "scoredDown": 1}, False),
        ("habits", {"value": -5, "scoredUp": 1, "scoredDown": 3}, True),
    ],
)
def test_a_record_of_an_account_of_habitica_says_whether_it_was_done(
    kind: str, record: dict[str, Any], is_done: bool
) -> None:
    task = {"text": "Flossing", "history": [record | {"date": 1772137565000}]}
    found = read(json.dumps({"tasks": {kind: [task]}}))
    assert (len(found.rows), len(found.not_done)) == (is_done, not is_done)


def test_only_the_rows_of_the_movement_count_towards_the_limit() -> None:
    def table(own: int, other: int) -> str:
        rows = ["Reading,2026-03-01"] * other + ["Flossing,2026-03-01T08:00Z"] * own
        return "movement,date\n" + "\n".join(rows)

    found = read(table(10_000, 10_000))
    assert (len(found.rows), len(found.others)) == (10_000, 10_000)
    for body, code in (
        (table(10_001, 0), Code.TOO_MANY_ROWS_OF_MOVEMENT),
        (table(1, 50_000), Code.TOO_MANY_ROWS),
    ):
        with pytest.raises(Invalid) as refused:
            read(body)
        assert [error["code"] for error in refused.value.errors] == [code]


BULL = "HabitName,HabitDescription,HabitCategory,CalendarDate,Value,CommentText\n"
TASKS = "Task Name,Task ID,Task Type,Date,Value\n"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", Code.FILE_NOT_JSON),
        ("{}", Code.NO_HABITS),
        ('{"habits": [1]}', Code.NOT_A_HABIT),
        ("day\n2026-03-01\n", Code.NO_DATE_COLUMN),
        ("date\n", Code.NO_ROWS),
        (f"{EXPORT}\n,2026-03-01T08:00Z,,,,,5e-8\n", Code.NO_ROWS_OF_MOVEMENT),
        ("movement,date\nReading,2026-03-01\n", Code.OTHER_MOVEMENTS),
    ],
)
def test_a_file_is_refused_by_code(body: str, code: Code) -> None:
    with pytest.raises(Invalid) as refused:
        read(body)
    assert [error["code"] for error in refused.value.errors] == [code]


def test_files_of_several_habits_are_refused_by_code() -> None:
    with pytest.raises(Invalid) as refused:
        read_data("beaverhabits.json", chosen="this")
    (error,) = refused.value.errors
    assert error["code"] == Code.SEVERAL_MOVEMENTS
    assert error["values"] == {"names": ["Flossing", "Reading"]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("date,\n2026-03-01,x\n", Code.UNNAMED_COLUMN),
        ("date\n2026-03-01T08:00\n", Code.LOCAL_TIME),
        ("Date,Value\n2026-03-01,8\n", Code.NOT_A_CHECKMARK),
        (f"{BULL}Flossing,,,2026-03-01,8,\n", Code.NOT_DONE_OR_UNDONE),
        (f"{BULL}Flossing,,,4/3/2026,1,\n", Code.AMBIGUOUS_DATE),
        (f"{TASKS}Flossing,1,habit,2026-03-01T08:00Z,much\n", Code.NOT_A_NUMBER),
    ],
)
def test_a_row_is_refused_by_code(body: str, code: Code) -> None:
    assert [refusal.code for _, _, refusal in read(body).wrong] == [code]


@pytest.mark.parametrize(
    ("record", "column"),
    [
        ({"done": True}, "day"),
        ({"day": 20260301, "done": True}, "day"),
        ({"day": "01/03/2026", "done": True}, "day"),
        ({"day": "2026-03-01", "done": "yes"}, "done"),
        ({"day": "2026-03-01", "done": True, "text": 7}, "text"),
        ({"day": "2026-03-01", "done": True, "text": "x" * 281}, "text"),
        ({"day": "2026-03-01", "done": True, "text": "x\0"}, "text"),
    ],
)
def test_a_wrong_record_is_named_by_its_number(record: dict[str, Any], column: str) -> None:
    habit = {"name": "Flossing", "records": [{"day": "2026-02-01", "done": True}, record]}
    found = read(json.dumps({"habits": [habit]}))
    assert [(row, name) for row, name, _ in found.wrong] == [(2, column)]


# -- delimiters -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "date\tmessage\n2026-01-31\tone; two, three\n",
        "sep=;\ndate;message\n2026-01-31;one; two, three\n".replace(
            "one; two, three", '"one; two, three"'
        ),
        '"sep=,"\r\ndate,message\r\n2026-01-31,"one; two, three"\r\n',
        "\ufeffsep=\t\r\ndate\tmessage\r\n2026-01-31\tone; two, three\r\n",
    ],
)
def test_tables_of_all_delimiters_are_read(body: str) -> None:
    (row,) = read(body).rows
    assert (row.row, row.at, row.message) == (2, date(2026, 1, 31), "one; two, three")


@pytest.mark.parametrize("day", ["31.01.2026", "01/31/2026", "31/01/2026", "1/31/2026"])
def test_dates_of_one_country_are_refused(day: str) -> None:
    assert [(row, column) for row, column, _ in read(f"date\n{day}\n").wrong] == [(2, "date")]
