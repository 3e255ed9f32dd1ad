"""Pages name only existing files, commands, calls and settings."""

import re
from collections.abc import Iterator
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from flask_migrate.cli import db as db_commands
from werkzeug.exceptions import HTTPException

from gridt import create_app
from gridt.cli import commands
from gridt.http.openapi import document
from gridt.runtime.config import Settings
from tests.cases import each
from tests.conftest import settings_for
from tests.servers import ROOT

PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
}

each_page = each("page", PAGES)

APP = create_app(settings_for("sqlite://", METRICS_TOKEN="m" * 32))
ROUTES = APP.url_map.bind("gridt.example")
DOCUMENT = document(APP)
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
MAKE = (ROOT / "Makefile").read_text()

#: variables that compose reads, but no process of gridt
OF_COMPOSE = {"GRIDT_DB_PASSWORD", "GRIDT_PORT"}


def code(page: str) -> str:
    """Return all code on a page."""
    fenced = re.findall(r"^```\w*\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    .+$", PAGES[page], re.MULTILINE)
    return "\n".join([*fenced, *indented, *re.findall(r"`([^`\n]+)`", PAGES[page])])


def slug(heading: str) -> str:
    """Return a heading's anchor, as forges and the site do."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@each_page
def test_every_link_leads_somewhere(page: str) -> None:
    linked = re.findall(r"\]\(([^)]+)\)|<img src=\"([^\"]+)\"", PAGES[page])
    for target in filter(lambda one: "://" not in one, map("".join, linked)):
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.is_file(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
            assert anchor in map(slug, headings), target


def test_every_page_is_in_the_index() -> None:
    listed = re.findall(r"^- \[.+?\]\((.+?)\)", PAGES["docs/index.md"], re.MULTILINE)
    found = {(ROOT / "docs" / one).resolve() for one in listed if one.endswith(".md")}
    assert found == {ROOT / page for page in PAGES} - {ROOT / "docs" / "index.md"}
    assert len(listed) == len(set(listed))


@each_page
def test_every_file_named_exists(page: str) -> None:
    ours = r"(?:bench|docs|gridt|migrations|scripts|tests)/[\w./-]*\w"
    for named in re.findall(rf"\b({ours})(?=[`:; ]|$)", PAGES[page], re.MULTILINE):
        assert (ROOT / named).exists(), named


@each_page
def test_every_make_target_named_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKE, re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", code(page))) <= targets


def test_the_readme_names_the_two_commands() -> None:
    assert {"run", "test"} <= set(re.findall(r"^    make (\w+)$", PAGES["README.md"], re.MULTILINE))


@each_page
def test_every_module_run_exists(page: str) -> None:
    for module in re.findall(r"python -m ([\w.]+)", code(page)):
        assert find_spec(module), module


@each_page
def test_every_command_named_exists_with_its_options(page: str) -> None:
    for group, typed in re.findall(r"flask (gridt|db)\b([^\n`|>#;&]*)", code(page)):
        command: click.Command = commands if group == "gridt" else db_commands
        words = iter(typed.replace("[", "").replace("]", "").split())
        for word in words:
            if isinstance(command, click.Group) and not word.startswith("-"):
                assert word in command.commands, typed
                command = command.commands[word]
            elif word.startswith("-"):
                assert word in {name for one in command.params for name in one.opts}, typed


def calls(page: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the calls that a page names.

    A call is a method, or none, a path, and the names of arguments.
    """
    named = r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w{}/.<>-]*)(\?[^`\"\s]*)?"
    typed = r"()\$url(/[\w$%/.-]*)(\?[^`\"\s]*)?"
    for method, path, query in re.findall(named, PAGES[page]) + re.findall(typed, code(page)):
        filled = re.sub(r"[{<]\w+[}>]|\$\w+", "1", path)
        yield method, filled, re.findall(r"[?&](\w+)=", query)


@each_page
def test_every_call_named_exists(page: str) -> None:
    for method, path, arguments in calls(page):
        known = {method} & METHODS or METHODS.intersection(ROUTES.allowed_methods(path))
        try:
            rules = [ROUTES.match(path, one, return_rule=True)[0].rule for one in known]
        except HTTPException as error:
            pytest.fail(f"{method} {path}: {error.name}")
        assert rules, path
        documented = DOCUMENT["paths"].get(rules[0].replace("<", "{").replace(">", "}"), {})
        taken = {
            parameter["name"]
            for one in known
            for parameter in documented.get(one.lower(), {}).get("parameters", [])
        }
        assert set(arguments) <= taken, path


def test_calls_are_found_in_pages() -> None:
    found = [call for page in PAGES for call in calls(page)]
    assert len(found) > 100
    assert sum(bool(arguments) for _, _, arguments in found) > 5


@each_page
def test_every_setting_named_exists(page: str) -> None:
    read = set(re.findall(r"GRIDT_\w+", (ROOT / "gridt" / "runtime" / "config.py").read_text()))
    assert len(read) >= len(fields(Settings))
    for name in re.findall(r"GRIDT_\w+\*?", PAGES[page]):
        if name.endswith("*"):
            assert [one for one in read if one.startswith(name[:-1])], name
        else:
            assert name.removesuffix("_FILE") in read | OF_COMPOSE, name


def test_the_index_knows_the_pages_of_the_python_api() -> None:
    index = (ROOT / "docs" / "python" / "index.rst").read_text()
    pages = {path.stem for path in Path(ROOT / "docs" / "python").glob("*.rst")} - {"index"}
    assert set(re.findall(r"^   (\w+)$", index, re.MULTILINE)) >= pages
