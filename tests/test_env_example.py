"""`.env.example` lists every setting, with its default."""

import os
import re
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from gridt.runtime.config import ConfigurationError, Settings
from tests.servers import ROOT

#: a variable, whether it is commented out, and the value shown
LINE = re.compile(r"^(#?)(GRIDT_\w+)=(.*)$", re.MULTILINE)
LINES = LINE.findall((ROOT / ".env.example").read_text())
SHOWN = {name: (value, bool(commented)) for commented, name, value in LINES}
DEFAULTS = {name: value for name, (value, commented) in SHOWN.items() if not commented}

#: the variable that the comment of each setting names
NAMED = {
    setting: variable
    for variable, setting in re.findall(
        r"^    #: (GRIDT_\w+).*\n    (\w+): ",
        (ROOT / "gridt" / "runtime" / "config.py").read_text(),
        re.MULTILINE,
    )
}

#: these have a default that depends on others, so their lines are examples
DEPENDING = {"SECRET_KEY", "UPGRADE_ON_START", "PROCESSES", "CLIENT_URL"}

SECRET = "a secret of more than 32 characters"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that sets nothing of gridt but a secret.

    It has no `.env`.
    """
    for name in [name for name in os.environ if name.startswith("GRIDT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GRIDT_SECRET_KEY", SECRET)
    monkeypatch.setattr("gridt.runtime.config.ROOT", tmp_path)


def test_it_lists_every_setting_and_nothing_else() -> None:
    assert set(NAMED) == {field.name for field in fields(Settings)}
    assert set(SHOWN) == set(NAMED.values())
    assert len(SHOWN) == len(LINE.findall((ROOT / ".env.example").read_text())), (
        "one is there twice"
    )


def test_each_of_its_variables_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRIDT_SECRET_KEY")
    for name in SHOWN:
        monkeypatch.setenv(f"{name}_FILE", "/nowhere/to/be/found")
    with pytest.raises(ConfigurationError) as refused:
        Settings.from_environment()
    complaints = re.findall(r"^  (GRIDT_\w+)_FILE: ", str(refused.value), re.MULTILINE)
    assert set(complaints) == set(SHOWN)


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_value_shown_is_the_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    default = Settings.from_environment()
    monkeypatch.setenv(name, DEFAULTS[name])
    assert Settings.from_environment() == default


def test_settings_without_a_default_are_commented_out() -> None:
    default = asdict(Settings.from_environment())
    without = {NAMED[name] for name, value in default.items() if value in (None, ())}
    commented = {name for name, (_, out) in SHOWN.items() if out}
    assert commented == without | {NAMED[name] for name in DEPENDING}


def test_each_example_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = {name: value for name, (value, commented) in SHOWN.items() if commented and value}
    # only a server can have a replica
    monkeypatch.setenv("GRIDT_DATABASE_URL", "postgresql://user:password@host/database")
    for name, value in examples.items():
        monkeypatch.setenv(name, value)
    before = asdict(Settings.from_environment())
    for name in examples:
        monkeypatch.delenv(name)
    after = asdict(Settings.from_environment())
    same = {NAMED[name] for name in before if before[name] == after[name]}
    assert not same & examples.keys() - {NAMED["PROCESSES"]}, "an example that changes nothing"
