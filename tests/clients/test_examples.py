"""Every block of docs/clients.md prints the output shown."""

import re
from pathlib import Path

import pytest

from tests.clients.rough import road
from tests.clients.tools import run
from tests.databases import same_on_both
from tests.servers import ROOT

pytestmark = same_on_both

PAGE = (ROOT / "docs" / "clients.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CUT = "-- next block --"

#: the command that runs each language, its first line, and its print statement
LANGUAGES = {
    "sh": (("bash", "-euo", "pipefail"), "url={}", f"echo '{CUT}'"),
    "python": (("python",), 'url = "{}"', f'print("{CUT}")'),
    "js": (("node",), 'const url = "{}";', f'console.log("{CUT}");'),
}
ENDINGS = {"sh": "sh", "python": "py", "js": "mjs"}


def blocks(language: str) -> list[tuple[str, str]]:
    """Return a language's blocks, with their outputs on the page."""
    found = [(block[1], block[2]) for block in BLOCK.finditer(PAGE)]
    return [
        (content, found[number + 1][1])
        for number, (kind, content) in enumerate(found)
        if kind == language and found[number + 1][0] == "text"
    ]


def test_no_block_is_left_out() -> None:
    kinds = [block[1] for block in BLOCK.finditer(PAGE)]
    tried = {language: len(blocks(language)) for language in LANGUAGES}
    assert set(kinds) == {*LANGUAGES, "text"}
    assert tried == {language: kinds.count(language) for language in LANGUAGES}
    assert len(set(tried.values())) == 1  # each section in each language


def run_page(language: str, url: str, folder: Path) -> list[str]:
    """Run all blocks of a language as one program.

    Return the output of each.
    """
    command, address, cut = LANGUAGES[language]
    code = f"\n{cut}\n".join(content for content, _ in blocks(language))
    assert code.count(address.format("http://127.0.0.1:5000")) == 1
    script = folder / f"page.{ENDINGS[language]}"
    script.write_text(code.replace("http://127.0.0.1:5000", url))
    return run(*command, script, cwd=folder).split(f"{CUT}\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_block_prints_what_the_page_shows(language: str, tmp_path: Path, url: str) -> None:
    assert run_page(language, url, tmp_path) == [expected for _, expected in blocks(language)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_survive_refusals_and_lost_answers(
    language: str, tmp_path: Path, url: str
) -> None:
    """The examples survive refusals and lost answers.

    A temporary refusal or a lost answer changes neither the output nor the stored rows.
    """
    read, post = ("GET", "/identity"), ("POST", "/movements/Stretching/updates")
    # curl itself retries only calls that got an answer
    troubles = {read: [429, 503], post: [503] if language == "sh" else [503, "lost"]}
    with road(url, troubles) as way:
        printed = run_page(language, way.url, tmp_path)
    assert printed == [expected for _, expected in blocks(language)]
    assert troubles == {read: [], post: []}
    # a lost call is sent again, with the same Idempotency-Key
    assert way.arrived.count(post) == (1 if language == "sh" else 2)
    assert way.saved(post) == 1
