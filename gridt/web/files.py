"""The files of the app, with one version for all.

The version stands in the path of each file. So relative imports of modules keep to one version, and
browsers may keep each file for a year.
"""

import gzip
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

CLIENT = Path(__file__).parent / "client"

#: the media type of each kind of file; other files, such as types for tests, are not served
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
#: files at addresses without a version, which browsers must always find
UNVERSIONED = ("worker.js", "start.js", "app.webmanifest")
#: the module that everything starts from, and modules that it imports
_FIRST = "main.js"
#: an import at the start of a line, or the end of one that has several lines
_IMPORT = re.compile(r"""^(?:import|export|\}) ?[^"();]*"(\.[^"]+)";$""", re.MULTILINE)
#: a picture gets larger by gzip
_COMPRESSED = {".js", ".css", ".svg", ".webmanifest"}


@dataclass(frozen=True)
class File:
    """A file as it is sent."""

    content: bytes
    compressed: bytes | None
    media_type: str


class Files:
    """All files of the app.

    :param folder: the folder that they are read from, once
    """

    def __init__(self, folder: Path = CLIENT) -> None:
        contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in TYPES
        }
        self.version = _version(contents)
        self.names = [name for name in contents if name not in UNVERSIONED]
        self.eager = _eager(contents)
        addresses = [f"/app/~{self.version}/{name}" for name in self.names]
        listed = ", ".join(f'"{address}"' for address in addresses).encode()
        self._files = {
            name: _file(name, _filled(name, content, self.version, listed))
            for name, content in contents.items()
        }

    def find(self, name: str) -> File | None:
        """Return a file by its path below the folder."""
        return self._files.get(name)


def _version(contents: dict[str, bytes]) -> str:
    digest = sha256()
    for name, content in contents.items():
        # each has its length before it, so that no two trees make the same text
        for part in (name.encode(), content):
            digest.update(f"{len(part)}:".encode() + part)
    return digest.hexdigest()[:12]


def _eager(contents: dict[str, bytes]) -> list[str]:
    """Return the modules that `main.js` needs at its start.

    It is the first of them.
    """
    found, waiting = [], [_FIRST]
    while waiting:
        name = waiting.pop(0)
        if name in found or name not in contents:
            continue
        found.append(name)
        folder = Path(name).parent
        waiting += [_joined(folder, path) for path in _IMPORT.findall(contents[name].decode())]
    return found


def _joined(folder: Path, path: str) -> str:
    parts = [*folder.parts]
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _filled(name: str, content: bytes, version: str, listed: bytes) -> bytes:
    """Return a file with its placeholders filled.

    Files without a version in their address may have places for the version and all addresses.
    """
    if name not in UNVERSIONED:
        return content
    return content.replace(b"@VERSION@", version.encode()).replace(b'"@FILES@"', listed)


def _file(name: str, content: bytes) -> File:
    kind = Path(name).suffix
    compressed = gzip.compress(content, 9, mtime=0) if kind in _COMPRESSED else None
    return File(content, compressed, TYPES[kind])
