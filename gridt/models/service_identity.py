"""The identity of this service, for ids elsewhere."""

import secrets
from typing import Any

from sqlalchemy import SmallInteger, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from gridt.models.base import Model, execute
from gridt.runtime.database import writing
from gridt.runtime.extensions import db


class ServiceIdentity(Model):
    """A random name of this service, chosen once.

    A copy of the database has the same name, so that events in calendars keep their ids. No
    migration chooses it, because a migrated database without rows is the target of a copy.
    """

    __tablename__ = "service_identity"

    #: always 1: the table has at most one row
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(16))


def known_service_id() -> str | None:
    """Return the name of this service, or None yet."""
    name: str | None = execute(_NAME).scalar_one_or_none()
    return name


def service_id() -> str:
    """Return the name of this service.

    The first call stores it, in a transaction of its own.

    Only for requests that read: it ends their transaction.
    """
    name = known_service_id()
    if name is None:
        with writing(db):
            chosen = {"number": 1, "name": secrets.token_hex(8)}
            execute(_CHOOSE[db.engine.dialect.name], chosen)
            name = str(execute(_NAME).scalar_one())
            db.session.commit()
    return name


_dialects: dict[str, Any] = {"postgresql": postgresql, "sqlite": sqlite}
_CHOOSE = {
    name: dialect.insert(ServiceIdentity).on_conflict_do_nothing()
    for name, dialect in _dialects.items()
}
_NAME = select(ServiceIdentity.name).where(ServiceIdentity.number == 1)
#: the name as a column of another statement
SERVICE_NAME = _NAME.scalar_subquery()
