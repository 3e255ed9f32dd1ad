"""Compare the catalogues of the app with its code.

English is the key of each sentence: `t("…")` for a sentence, and `tn("…", "…", n)` for a number of
things, whose key is the second text. Problems have the keys `problem:…` and `status:…`, and
refusals `refusal:…`.

    python -m scripts.words          list the faults of each catalogue
    python -m scripts.words --keys   list the keys, to begin a catalogue with
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from gridt.http.problem_pages import PROBLEM_TYPES
from gridt.refusals import Code
from gridt.web.files import CLIENT

#: the categories of numbers that each language has, as the CLDR names them (whole numbers only)
CATEGORIES = {"nl": {"one", "other"}, "de": {"one", "other"}}
#: the statuses of problems without a type that the app can meet
STATUSES = ("400", "404", "413", "500")

_TEXT = r'"((?:[^"\\\n]|\\.)*)"'
_ONE = re.compile(rf"\bt\(\s*{_TEXT}\s*[,)]")
_COUNT = re.compile(rf"\btn\(\s*{_TEXT},\s*{_TEXT}\s*,")
_ANY = re.compile(r"\btn?\(")
_DEFINED = re.compile(r"function tn?\(")
_HOLE = re.compile(r"\{(\w+)\}")

#: a sentence, or the sentences of each category of numbers
Words = str | dict[str, str]


def keys_of(folder: Path = CLIENT) -> dict[str, Words]:
    """Return the English words of each key in the code."""
    keys: dict[str, Words] = {}
    for _, text in _modules(folder):
        for written in _ONE.findall(text):
            english = json.loads(f'"{written}"')
            keys.setdefault(english, english)
        for one, other in _COUNT.findall(text):
            singular, plural = json.loads(f'["{one}", "{other}"]')
            keys[plural] = {"one": singular, "other": plural}
    return keys


def unread_in(folder: Path = CLIENT) -> list[str]:
    """Return the modules with a key that is no text.

    The other functions do not find such a key.
    """
    return [
        name
        for name, text in _modules(folder)
        if len(_ANY.findall(text)) - len(_DEFINED.findall(text))
        != len(_ONE.findall(text)) + len(_COUNT.findall(text))
    ]


def catalogue(language: str, folder: Path = CLIENT) -> dict[str, Words]:
    """Return the words of a language.

    Its module is an object of JSON, with comments.
    """
    text = (folder / "words" / f"{language}.js").read_text(encoding="utf-8")
    code = re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE).strip()
    content = code.removeprefix("export default").removesuffix(";")
    pairs = json.loads(re.sub(r",(\s*\})", r"\1", content), object_pairs_hook=_without_repetition)
    words: dict[str, Words] = pairs
    return words


def service_keys() -> dict[str, Words]:
    """Return the keys of problems and refusals.

    Each has a text with the holes that its sentence may have.
    """
    problems = {f"problem:{slug}": "{wrong}" for slug in PROBLEM_TYPES}
    statuses = {f"status:{status}": "" for status in STATUSES}
    return {**problems, **statuses, **{f"refusal:{code.value}": code.sentence for code in Code}}


def faults(keys: dict[str, Words], words: dict[str, Words], categories: set[str]) -> list[str]:
    """Return what is wrong with the words of a language."""
    known = keys | service_keys()
    found = [f"missing: {key}" for key in known.keys() - words.keys()]
    found += [f"unused: {key}" for key in words.keys() - known.keys()]
    for key in known.keys() & words.keys():
        found += [
            f"{fault}: {key}" for fault in _faults_of(key, known[key], words[key], categories)
        ]
    return sorted(found)


def _faults_of(key: str, english: Words, said: Words, categories: set[str]) -> Iterator[str]:
    if isinstance(english, dict) != isinstance(said, dict):
        yield "plural or not"
    elif isinstance(english, dict) and isinstance(said, dict):
        if said.keys() != categories:
            yield "plural categories"
        for category, form in said.items():
            # a sentence about one thing may name the number, or not
            free = {"n"} if category == "one" else set()
            model = english["one" if category == "one" else "other"]
            if holes_of(form) - free != holes_of(model) - free:
                yield "holes"
    elif ":" in key and key.split(":")[0] in {"problem", "refusal", "status"}:
        if not holes_of(str(said)) <= holes_of(str(english)):
            yield "holes"
    elif holes_of(str(said)) != holes_of(str(english)):
        yield "holes"


def holes_of(sentence: str) -> set[str]:
    """Return the names of the holes in a sentence."""
    return set(_HOLE.findall(sentence))


def _modules(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.js")):
        if path.name != "library.js" and path.parent.name != "words":
            yield path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")


def _without_repetition(pairs: list[tuple[str, Words]]) -> dict[str, Words]:
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"keys that are there twice: {sorted(twice)}")
    return dict(pairs)


def main() -> int:
    """Print the faults of all catalogues."""
    keys = keys_of()
    if "--keys" in sys.argv:
        print(json.dumps(keys | service_keys(), ensure_ascii=False, indent=2))
        return 0
    found = [f"a key that is no text, in {name}" for name in unread_in()]
    for language, categories in CATEGORIES.items():
        found += [f"{language}: {it}" for it in faults(keys, catalogue(language), categories)]
    print("\n".join(found) or f"{len(keys)} keys: no faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
