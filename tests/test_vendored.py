"""The vendored files equal the output of scripts/vendor.sh."""

import json
from hashlib import sha256

import pytest

from tests.databases import same_on_both
from tests.servers import ROOT

pytestmark = same_on_both

STATIC = ROOT / "gridt" / "static"
FOLDER = STATIC / "vendor"
NOTE = json.loads((FOLDER / "graph.json").read_text())
LOCK = json.loads((ROOT / "scripts" / "vendor" / "package-lock.json").read_text())["packages"]


def test_the_bundle_is_the_one_that_was_made():
    code = (FOLDER / NOTE["file"]).read_bytes()
    assert sha256(code).hexdigest() == NOTE["sha256"]
    assert NOTE["file"] == f"graph-{NOTE['sha256'][:12]}.js"
    assert f'"../vendor/{NOTE["file"]}"' in (STATIC / "network" / "library.js").read_text()


def test_nothing_else_is_there():
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {NOTE["file"], "graph.json", "graph.LICENSES.txt"}
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 500 * 1024


def test_no_page_needs_what_its_policy_forbids():
    code = (FOLDER / NOTE["file"]).read_text()
    assert "eval(" not in code
    assert "new Function" not in code


@pytest.mark.parametrize("name", NOTE["packages"])
def test_a_package_is_pinned_and_its_licence_stands_beside_it(name):
    noted, locked = NOTE["packages"][name], LOCK[f"node_modules/{name}"]
    assert noted["version"] == locked["version"]
    assert locked["integrity"].startswith("sha512-")
    assert "resolved" not in locked  # registries differ, the contents of packages do not
    text = (FOLDER / "graph.LICENSES.txt").read_text()
    start = text.index(f"{name} {noted['version']} ({noted['license']})")
    assert "Permission is hereby granted" in text[start : start + 600]


def test_it_is_kept_by_browsers_for_a_year(client):
    answer = client.get(f"/static/vendor/{NOTE['file']}")
    assert answer.mimetype == "text/javascript"
    assert answer.cache_control.max_age == 365 * 24 * 3600
    assert answer.cache_control.public


@pytest.mark.parametrize("name", ["network/page.js", "network/page.css", "docs.js"])
def test_our_own_files_are_asked_for_again(client, name):
    answer = client.get(f"/static/{name}")
    assert answer.cache_control.no_cache
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(f"/static/{name}", headers=known).status_code == 304


def test_a_missing_file_is_not_cached(client):
    answer = client.get("/static/vendor/graph-000000000000.js")
    assert answer.status_code == 404
    assert answer.cache_control.max_age is None


def test_the_library_of_the_app_is_the_one_that_was_made():
    web = ROOT / "gridt" / "web"
    note = json.loads((web / "library.json").read_text())
    code = (web / "client" / note["file"]).read_bytes()
    assert sha256(code).hexdigest() == note["sha256"]
    assert len(code) < 32 * 1024
    assert b"eval(" not in code
    assert b"new Function" not in code
    licences = (web / "library.LICENSES.txt").read_text()
    for name, package in note["packages"].items():
        assert package["version"] == LOCK[f"node_modules/{name}"]["version"]
        assert f"{name} {package['version']} ({package['license']})" in licences
