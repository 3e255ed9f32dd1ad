"""Public linters find nothing in the OpenAPI document.

They apply the rules that they recommend.
"""

from collections.abc import Callable
from pathlib import Path

from tests.clients.tools import finish, run, write_document
from tests.databases import same_on_both

pytestmark = same_on_both

#: what keeps Redocly CLI from asking for other things than packages
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def test_redocly_and_spectral_find_nothing(install: Callable[[str], Path]) -> None:
    folder = install("lint")
    made = write_document(folder).name
    lint = ("npx", "redocly", "lint", made, "--extends", "recommended", "--format", "json")
    found = run(*lint, cwd=folder, **QUIET)
    assert '"errors": 0' in found, found
    assert '"warnings": 0' in found, found
    (folder / ".spectral.yaml").write_text("extends: ['spectral:oas']\n")
    done = finish("npx", "spectral", "lint", made, "--fail-severity", "hint", cwd=folder)
    assert "No results" in done.stdout
