"""The rules for the app's own code (CONTRIBUTING.md)."""

import re
from pathlib import Path

import pytest

from gridt.web.files import CLIENT

MODULES = [path for path in sorted(CLIENT.rglob("*.js")) if path.name != "library.js"]
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda it: str(it.relative_to(CLIENT)))


@each_module
def test_a_module_is_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    # a catalogue has a line for each sentence, and nothing else
    assert len(lines) <= 150 or path.parent.name == "words"
    assert lines[0].startswith("// ")


@each_module
def test_a_module_writes_no_markup_and_no_styles(path: Path) -> None:
    text = path.read_text()
    for forbidden in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "style="):
        assert forbidden not in text
    assert "localStorage" not in text
    # types see the arguments of functions, and not the members of such an element
    assert not re.search(r"<\$\{", text)


@each_module
def test_parts_and_screens_wait_for_nothing(path: Path) -> None:
    if path.parent.name in {"parts"}:
        assert "async " not in path.read_text()


def test_no_module_is_forgotten() -> None:
    texts = {path: path.read_text() for path in MODULES}
    everything = "\n".join(texts.values())
    for path in MODULES:
        if path.name not in {"main.js", "worker.js", "start.js"}:
            assert f"/{path.name}" in everything, path.name


def test_pictures_and_styles_name_no_other_host() -> None:
    for path in CLIENT.rglob("*"):
        if path.suffix in {".js", ".css", ".svg", ".webmanifest"} and path.name != "library.js":
            for found in re.findall(r"https?://[^\s\"']+", path.read_text()):
                assert found == "http://www.w3.org/2000/svg", path.name
