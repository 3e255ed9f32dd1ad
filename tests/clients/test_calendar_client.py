"""A client that others wrote subscribes to a calendar.

It notices the changes of the calendar.
"""

from pathlib import Path
from typing import Any

import icalendar

from tests.clients.tools import finish
from tests.databases import same_on_both
from tests.persons import Person

pytestmark = same_on_both

#: one way only: nothing is ever written to the address
CONFIGURATION = """\
[general]
status_path = "{folder}/status/"

[pair habits]
a = "remote"
b = "local"
collections = null
conflict_resolution = "a wins"

[storage remote]
type = "http"
url = "{url}"

[storage local]
type = "filesystem"
path = "{folder}/events"
fileext = ".ics"
"""


def events(folder: Path) -> dict[str, icalendar.Event]:
    """Return the client's stored events, by summary.

    The client replaces all UIDs by its own.
    """
    found: dict[str, icalendar.Event] = {}
    for path in (folder / "events").glob("*.ics"):
        (event,) = icalendar.Calendar.from_ical(path.read_bytes()).events
        found[str(event["SUMMARY"])] = event
    return found


def synchronise(folder: Path, url: str) -> None:
    config = folder / "config"
    config.write_text(CONFIGURATION.format(folder=folder, url=url))
    environment = {"VDIRSYNCER_CONFIG": str(config)}
    for command in (["discover"], ["sync"]):
        finish("vdirsyncer", *command, cwd=folder, **environment)


def test_a_client_subscribes_and_notices_changes(tmp_path: Path, url: str) -> None:
    ann = Person(url, "Ann")
    ann.register()
    ann.log_in()
    ann.start("Stretching")
    made: dict[str, Any] = ann.call("POST", "/identity/calendar")
    address = url + made["url"]
    (tmp_path / "events").mkdir()

    synchronise(tmp_path, address)
    (before,) = events(tmp_path).values()
    assert before["SUMMARY"] == "Stretching (due)"

    posted = ann.call("POST", "/movements/Stretching/updates", {"message": "done"})
    synchronise(tmp_path, address)
    found = events(tmp_path)
    assert set(found) == {"Stretching", "Stretching (due)"}
    after = found["Stretching (due)"]
    assert after.DTSTART > before.DTSTART
    assert int(after["SEQUENCE"]) == int(before["SEQUENCE"]) + 1

    ann.call("DELETE", f"/movements/Stretching/updates/{posted['id']}")
    synchronise(tmp_path, address)
    (last,) = events(tmp_path).values()
    assert (last["SUMMARY"], last.DTSTART) == (before["SUMMARY"], before.DTSTART)
    assert int(last["SEQUENCE"]) == int(after["SEQUENCE"]) + 1
