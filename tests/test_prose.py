"""Plain English: no text of ours has to be decoded."""

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.servers import ROOT

#: where a text begins, as `file:line`, and the text itself, with its line ends
Passage = tuple[Path, int, str]

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").glob("**/*.md")),
    *sorted((ROOT / "docs").glob("**/*.rst")),
]
#: files that are prose in their comments only
COMMENTED = [ROOT / name for name in (".env.example", "compose.yaml", "Dockerfile")]

#: folders and modules whose docstrings, comments and other texts are plain English, such as
#: "gridt/turns" or "gunicorn.conf.py"; error texts, CLI help and the texts of the OpenAPI document
#: are docstrings and strings there
PACKAGES = ["gridt", "bench", "migrations", "scripts", "tests", "gunicorn.conf.py", "wsgi.py"]

#: how many findings a file has that is not plain English yet: the number may only fall
EXCEPTIONS: dict[str, int] = {
    # old names
    "tests/test_names.py": 3,
}

WORDS = re.compile(r"\b(?:told|anew|so\s+many|one's|oneself)\b", re.IGNORECASE)

#: what may stand between the end of a sentence and the first word of the next
DRESS = r"[\s\"'!(\[*_>]*"
OPENING = re.compile(rf"(?:\A|(?<=[.!?])[\"')\]*_]*\s){DRESS}(Who|Whom|Whose|What)\b")
SENTENCE_END = re.compile(r"[.!?](?=[\"')\]*_]*(?:\s|\Z))|\Z")

FENCE = re.compile(r"^ *(```|~~~)")
#: what begins a passage of its own: a heading, an item of a list, a row of a table
MARK = re.compile(r"^ *(?:#+ |[-*] |\d+\. |\|)")
CODE = re.compile(r"`+[^`]+`+|\]\([^)]*\)|\"[^\"]*\"")


def findings(text: str) -> Iterator[tuple[int, str]]:
    """Yield each fault's place in a text, and its words.

    The place is how far into the text the fault is.
    """
    for found in WORDS.finditer(text):
        yield found.start(), found[0]
    for found in OPENING.finditer(text):
        end = SENTENCE_END.search(text, found.end(1))
        if end is None or end[0] != "?":
            yield found.start(1), " ".join(text[found.start(1) :].split()[:4])


def without_code(text: str) -> str:
    """Return a text without code, addresses and quotations.

    Only inline code is left out. The text keeps its number of lines.
    """
    return CODE.sub(lambda found: "x" + "\n" * found[0].count("\n"), text)


def passages(path: Path) -> Iterator[Passage]:
    """Yield a page's headings, items, cells and paragraphs, without code.

    Blocks of code are left out.
    """
    start, lines, fenced = 0, list[str](), False
    for number, line in enumerate([*newest(path).splitlines(), ""], 1):
        fence = FENCE.match(line)
        if fence or fenced or not line.strip() or MARK.match(line):
            if lines:
                yield path, start, without_code("\n".join(lines))
            lines = []
        fenced ^= bool(fence)
        if fence or fenced or not line.strip() or (not lines and line.startswith("    ")):
            continue
        if line.startswith("|"):
            yield from ((path, number, cell.strip()) for cell in without_code(line).split("|"))
            continue
        start = start if lines else number
        lines.append(MARK.sub("", line))


def newest(path: Path) -> str:
    """Return a page.

    The changelog ends with its newest section.
    """
    text = path.read_text()
    return "\n## ".join(text.split("\n## ")[:2]) if path.name == "CHANGELOG.md" else text


def comments_of_lines(path: Path) -> Iterator[Passage]:
    """Yield each comment of a file of settings, whole.

    Examples are indented after the sign.
    """
    start, lines = 0, list[str]()
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        found = re.match(r"^ *# (\S.*)", line)
        if found:
            start = start if lines else number
            lines.append(found[1])
        elif lines:
            yield path, start, without_code("\n".join(lines))
            lines = []


def comments(path: Path) -> Iterator[Passage]:
    """Yield each comment of a module.

    Lines of one column under each other are one.
    """
    start, last, lines = (0, 0), (0, 0), list[str]()
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type != tokenize.COMMENT:
            continue
        if lines and token.start != (last[0] + 1, last[1]):
            yield path, start[0], without_code("\n".join(lines))
            lines = []
        start = start if lines else token.start
        last = token.start
        lines.append(token.string.lstrip("#: "))
    if lines:
        yield path, start[0], without_code("\n".join(lines))


def strings(path: Path) -> Iterator[Passage]:
    """Yield a module's docstrings and other strings.

    The other strings have more than one word.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield path, node.lineno, without_code(node.value)


def modules() -> Iterator[Path]:
    """Yield the modules of the packages in plain English."""
    for name in PACKAGES:
        path = ROOT / name
        yield from sorted(path.rglob("*.py")) if path.is_dir() else [path]


def everything() -> Iterator[tuple[Path, Callable[[Path], Iterator[Passage]]]]:
    yield from ((path, passages) for path in PAGES)
    yield from ((path, comments_of_lines) for path in COMMENTED)
    for path in modules():
        yield path, comments
        if path != Path(__file__):  # its strings are examples
            yield path, strings


@cache
def faults() -> list[str]:
    """Return each fault as file, line and words.

    They are worked out once for all tests.
    """
    return [
        f"{path.relative_to(ROOT)}:{line + text.count(chr(10), 0, place)}: {words}"
        for path, parts in everything()
        for path, line, text in parts(path)
        for place, words in findings(text)
    ]


def test_every_text_is_plain_english() -> None:
    found = faults()
    counts = Counter(fault.partition(":")[0] for fault in found)
    over = {name for name, count in counts.items() if count > EXCEPTIONS.get(name, 0)}
    listed = [fault for fault in found if fault.partition(":")[0] in over]
    assert listed == [], "\n".join(["write plain English here (CONTRIBUTING.md):", *listed])


def test_an_exception_is_needed() -> None:
    counts = Counter(fault.partition(":")[0] for fault in faults())
    assert {name: counts[name] for name in EXCEPTIONS} == EXCEPTIONS, "lower the numbers"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("They are\ntold.", ["told"]),
        ("It begins Anew, by one's own clock.", ["Anew", "one's"]),
        ("It allows so\nmany misses.", ["so\nmany"]),
        ("Who joins gets leaders.", ["Who joins gets leaders."]),
        ("It ends. What is left stays.", ["What is left stays."]),
        ("**Whose** turn it is, shows.", ["Whose** turn it is,"]),
        ("Who can read it? Members can. They see what you post.", []),
        ("A member who leaves. See `told` and so on.", []),
    ],
)
def test_a_fault_is_found(text: str, words: list[str]) -> None:
    assert [found for _, found in findings(without_code(text))] == words


def test_code_and_quotations_are_left_out(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# What it is\n\nType\nWho is it:\n\n    told\n\n```sh\ntold\n```\n\n- one `told`\n  anew\n"
        '\n| What | "told" |\n|---|---|\n'
    )
    found = [(line, text) for _, line, text in passages(page) for _ in findings(text)]
    assert found == [(1, "What it is"), (12, "one x\n  anew"), (15, "What")]


def test_comments_and_strings_of_a_module_are_read(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        '"""Who it is."""\n\nA = "told"  # so\nB = 1\n# many of\n# one\'s own\nC = f"told {B}"\n'
    )
    assert [text for _, _, text in comments(module)] == ["so", "many of\none's own"]
    assert [text for _, _, text in strings(module)] == ["Who it is.", "told "]


#: folders whose docstrings have at most ten words in their first lines
SHORT = ["gridt", "bench", "migrations", "scripts", "tests"]


@pytest.mark.parametrize("folder", SHORT)
def test_the_first_line_of_a_docstring_is_short(folder: str) -> None:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    lines = [
        (f"{path.name}: {text}", len(text.split()))
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, kinds) and (text := (ast.get_docstring(node) or "").partition("\n")[0])
    ]
    assert lines
    assert [line for line, words in lines if words > 10] == []
