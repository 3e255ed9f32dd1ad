"""The files of the app: addresses, caching, compression, sizes."""

import gzip
import json
import re
import socket
from urllib.parse import urlsplit

import pytest

from gridt.web.files import CLIENT, Files
from tests.conftest import OwnContextClient, migrated_app
from tests.databases import same_on_both

pytestmark = same_on_both

FILES = Files()
SHELL = "/app"


def address(name: str) -> str:
    return f"/app/~{FILES.version}/{name}"


@pytest.mark.parametrize("path", ["/app", "/app/", "/app/find", "/app/m/1/leader/2"])
def test_each_address_of_the_app_has_the_shell(client: OwnContextClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert f"/app/~{FILES.version}/main.js" in answer.text
    known = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(path, headers=known).status_code == 304


def test_a_file_is_kept_for_a_year(client: OwnContextClient) -> None:
    for name in FILES.names:
        answer = client.get(address(name))
        assert answer.status_code == 200, name
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Accept-Encoding" in answer.headers["Vary"]


def test_files_are_compressed_for_those_who_read_that(client: OwnContextClient) -> None:
    plain = client.get(address("app.css"))
    assert "Content-Encoding" not in plain.headers
    packed = client.get(address("app.css"), headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data == (CLIENT / "app.css").read_bytes()
    picture = client.get(address("icon-192.png"), headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in picture.headers


@pytest.mark.parametrize(
    "path",
    [
        "/app/~000000000000/main.js",
        f"/app/~{FILES.version}/nothing.js",
        f"/app/~{FILES.version}/library.d.ts",
        f"/app/~{FILES.version}/../pages.py",
        f"/app/~{FILES.version}/%2e%2e/pages.py",
    ],
)
def test_another_version_and_other_files_are_not_there(client: OwnContextClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["Cache-Control"]


def test_the_version_is_of_names_and_contents(tmp_path) -> None:
    def version(**files: str) -> str:
        folder = tmp_path / str(len([*tmp_path.iterdir()]))
        folder.mkdir()
        for name, content in files.items():
            (folder / f"{name}.js").write_text(content)
        return Files(folder).version

    first = version(main="1", other="2")
    assert re.fullmatch("[0-9a-f]{12}", first)
    assert first == version(main="1", other="2")
    changed = [version(main="12", other=""), version(main="1", others="2"), version(main="2")]
    assert len({first, *changed}) == 4


def test_the_manifest_names_icons_that_exist(client: OwnContextClient) -> None:
    answer = client.get("/app/app.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    assert answer.headers["Cache-Control"] == "no-cache"
    manifest = json.loads(answer.data)
    assert manifest["start_url"] == manifest["scope"] == "/app"
    for icon in manifest["icons"]:
        drawn = client.get(icon["src"])
        assert (drawn.status_code, drawn.mimetype) == (200, icon["type"])


def test_the_eager_modules_are_few_and_small() -> None:
    eager = [FILES.find(name) for name in FILES.eager]
    sizes = [len(file.compressed or b"") for file in eager if file is not None]
    assert FILES.eager[0] == "main.js"
    assert "library.js" in FILES.eager
    assert len(sizes) == len(eager) <= 20
    assert sum(sizes) < 40 * 1024
    style = FILES.find("app.css")
    assert style is not None
    assert len(style.compressed or b"") < 6 * 1024
    # a first visit: the shell, the style, the eager modules, an icon
    assert sum(sizes) + len(style.compressed or b"") < 60 * 1024


def test_each_file_fits_a_socket_buffer() -> None:
    """So a reader who is slow holds no thread."""
    for name in FILES.names:
        file = FILES.find(name)
        assert file is not None
        assert len(file.compressed or file.content) < 64 * 1024, name


def test_files_have_a_limit_of_their_own(migrated_database) -> None:
    with migrated_app(migrated_database(), LIMITS=True, LIMIT_DEFAULT="2/minute") as app:
        client = app.test_client()
        answers = [client.get(path) for path in [SHELL, address("main.js"), "/app/worker.js"] * 3]
        assert {answer.status_code for answer in answers} <= {200, 404}
        assert '"files";q=1200' in answers[0].headers["RateLimit-Policy"]
        assert client.get("/health").status_code == 200


def test_a_head_has_no_body(server) -> None:
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port)) as line:
        text = f"HEAD {address('main.js')} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        line.sendall(text.encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""
