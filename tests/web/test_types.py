"""The types of the app.

Each call is compared with the OpenAPI document.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gridt.web.files import CLIENT
from tests.clients.tools import run, write_document
from tests.databases import same_on_both

pytestmark = same_on_both

CONFIG = {
    "compilerOptions": {
        "strict": True,
        "checkJs": True,
        "noEmit": True,
        "noUncheckedIndexedAccess": True,
        "target": "es2022",
        "module": "es2022",
        "moduleResolution": "bundler",
        "lib": ["es2022", "dom", "dom.iterable"],
        "types": [],
        # where the worker has modules of its version
        "paths": {"/app/~@VERSION@/*": ["./client/*"]},
    },
    "include": ["client/**/*.js", "client/**/*.d.ts"],
}
#: faults that `tsc` must see: it complains of an expected error that is none
FAULTS = """// Faults in calls, one after each comment.
import { html } from "./library.js";
import { card } from "./parts/card.js";
import { call } from "./service.js";
import { today } from "./state.js";

// @ts-expect-error a path that is not there
void call("get", "/identities");
// @ts-expect-error another method
void call("put", "/identity");
// @ts-expect-error no value for the path
void call("get", "/movements/{movement}");
// @ts-expect-error a misspelt member of the body
void call("patch", "/identity", {}, { time_zon: "UTC" });
// @ts-expect-error a misspelt member of the query
void call("get", "/movements", { serch: "x" });
// @ts-expect-error a misspelt member of an answer
void call("get", "/identity").then((it) => it.usernam);
// @ts-expect-error the same in a template
html`<p>${today.value?.identity.usernam}</p>`;
// @ts-expect-error a part with another argument
html`<p>${card(1, true)}</p>`;
"""


@pytest.fixture
def checked(install: Callable[[str], Path]) -> Path:
    folder = install("typescript")
    for file in folder.glob("*.ts"):
        file.unlink()  # the sessions of tests/clients
    shutil.copytree(CLIENT, folder / "client")
    (folder / "client" / "library.js").unlink()  # it has types beside it
    (folder / "tsconfig.json").write_text(json.dumps(CONFIG))
    types = ["client/openapi.d.ts", "--default-non-nullable=false"]
    run("npx", "openapi-typescript", write_document(folder), "-o", *types, cwd=folder)
    (folder / "client" / "faults.js").write_text(FAULTS)
    return folder


def test_the_app_calls_the_service_as_it_is_described(checked: Path) -> None:
    run("npx", "tsc", "-p", ".", cwd=checked)
