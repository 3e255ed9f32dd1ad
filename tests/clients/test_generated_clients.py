"""Generated clients: public generators' code does the README's session."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.clients.tools import finish, run, write_document
from tests.databases import same_on_both

pytestmark = same_on_both

HERE = Path(__file__).parent

#: how the compiler checks a session in TypeScript, and what it writes
COMPILED = (
    *("--strict", "--target", "es2022", "--module", "esnext"),
    *("--moduleResolution", "bundler"),
)

SESSION = """\
Stretching: pieter: Touched my toes!
409: There is no other member to follow in this movement.
"""


#: the generator knows JSON, forms and plain text; it leaves out calls or answers of these types
TYPES_IT_DOES_NOT_KNOW = [
    ("POST /movements/{movement}/updates/import within imports", "text/csv"),
    (
        "POST /movements/{movement}/updates/import within imports",
        "text/tab-separated-values",
    ),
    ("POST /movements/{movement}/updates/import within imports", "application/vnd.ms-excel"),
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


def test_generated_pydantic_models_read_the_first_session(tmp_path: Path, url: str) -> None:
    made = write_document(tmp_path)
    options = ("--output-model-type", "pydantic_v2.BaseModel", "--formatters", "builtin")
    run(
        *("datamodel-codegen", "--input", made, "--input-file-type", "openapi"),
        *(*options, "--output", tmp_path / "gridt_models.py"),
        cwd=tmp_path,
    )
    session = HERE / "pydantic_session.py"
    assert run("python", session, url, cwd=tmp_path, PYTHONPATH=str(tmp_path)) == SESSION


def test_generated_typescript_compiles_and_does_the_first_session(
    install: Callable[[str], Path], url: str
) -> None:
    folder = install("typescript")
    made = write_document(folder).name
    options = ("--default-non-nullable", "false")
    run("npx", "openapi-typescript", made, *options, "--output", "gridt.d.ts", cwd=folder)
    run("npx", "tsc", *COMPILED, "first-session.ts", cwd=folder)
    assert run("node", "first-session.js", url, cwd=folder) == SESSION


def test_generated_functions_do_the_first_session(install: Callable[[str], Path], url: str) -> None:
    folder = install("typescript")
    write_document(folder)
    run("npx", "openapi-ts", "--no-log-file", cwd=folder)  # as openapi-ts.config.ts says
    run("npx", "tsc", *COMPILED, "functions-session.ts", cwd=folder)
    assert run("node", "functions-session.js", url, cwd=folder) == SESSION
