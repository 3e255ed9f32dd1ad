"""Exports that are read first and then sent.

So a slow client keeps no transaction open.
"""

from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile

from gridt.runtime.database import let_go
from gridt.runtime.extensions import db

#: bytes of an export that stay in memory, before it becomes a file
_IN_MEMORY = 64 * 1024
#: bytes of a file that are read at a time
_CHUNK = 32 * 1024


def spooled(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield an export; on SQLite, end the transaction before.

    There, all of it is read first.

    SQLite cannot reuse its log during any read. PostgreSQL has no such log, and there the export
    begins at once.
    """
    if db.engine.dialect.name != "sqlite":
        yield from parts
        return
    with SpooledTemporaryFile(_IN_MEMORY) as file:
        for part in parts:
            file.write(part)
        db.session.rollback()
        let_go()
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk
