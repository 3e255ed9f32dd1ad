"""docs/limits.md: its numbers are those of the code."""

import re
from datetime import timedelta

from gridt.formats.network_svg import MOST_DRAWN
from gridt.formats.table import MOST_LINES, MOST_ROWS
from gridt.http.security_headers import _LONGEST_ADDRESS
from gridt.models import login_throttle as throttle
from gridt.network.blocking import MOST_BLOCKED
from gridt.runtime.config import Settings
from gridt.standing.history import MOST_TURNS
from gridt.standing.pauses import LONGEST
from gridt.standing.schedule_changes import MOST_CLOCKS
from tests.servers import ROOT

TEXT = (ROOT / "docs" / "limits.md").read_text()
#: the numbers without a variable, by words of their rows
NUMBERS = {
    "users whom": MOST_BLOCKED,
    "user's clock": MOST_CLOCKS,
    "imported file": MOST_LINES,
    "an import takes": MOST_ROWS,
    "turns of a history": MOST_TURNS,
    "picture of a network": MOST_DRAWN,
    "end of a pause": LONGEST.days,
    "path and its query": _LONGEST_ADDRESS,
}


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_each_default_is_that_of_its_setting() -> None:
    quotas = re.findall(r"\| ([\d,]+) \| `GRIDT_(QUOTA_\w+)` \|", TEXT)
    assert len(quotas) == 7
    assert {name: number(default) for default, name in quotas} == {
        name: value for name, value in vars(Settings).items() if name.startswith("QUOTA_")
    }
    rates = re.findall(r"\| `GRIDT_(LIMIT_\w+)` \| ([\d,]+) an? (\w+) \|", TEXT)
    assert {name: f"{number(rate)}/{unit}" for name, rate, unit in rates} == {
        name: value
        for name, value in vars(Settings).items()
        if name.startswith("LIMIT_") and isinstance(value, str)
    }


def test_each_number_is_that_of_the_code() -> None:
    for words, most in NUMBERS.items():
        (found,) = re.findall(rf"^\| [^|]*{words}[^|]*\| ([\d,]+) \|", TEXT, re.MULTILINE)
        assert number(found) == most, words


def test_wrong_passwords_wait_as_the_page_says() -> None:
    for words in (
        f"After {throttle.FREE_ATTEMPTS} of one account",
        f"or {throttle.FREE_ATTEMPTS_PER_ACCOUNT} from all addresses",
        f"up to {throttle.LONGEST_DELAY // timedelta(minutes=1)} minutes",
        f"the last {throttle.ACQUAINTANCE.days} days",
        f"after {throttle.FREE_MAILS} requests",
    ):
        assert words in TEXT, words
