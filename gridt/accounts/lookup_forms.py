"""Names and addresses that their own text does not find.

A folded column that differs from its text was stored by another version of gridt, or another row
has the right form. Users then cannot log in by that text, and paths lead elsewhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from gridt.addresses import fold_address
from gridt.models import Movement, User
from gridt.names import fold_movement_name, fold_username
from gridt.runtime.extensions import db

#: rows per statement
_BATCH = 5000

_Form = tuple[str, type[User] | type[Movement], str, str, Callable[[str], str]]
_FORMS: list[_Form] = [
    ("e-mail address", User, "email", "email_folded", fold_address),
    ("username", User, "username", "username_folded", fold_username),
    ("movement name", Movement, "name", "name_folded", fold_movement_name),
]


@dataclass(frozen=True)
class LostForm:
    """A name or address that leads elsewhere, or nowhere.

    :param kind: its kind: an e-mail address, a username or a movement's name
    :param id: the user or movement
    :param text: the name or address, as it is shown
    :param holder_id: the user or movement that it leads to, or None
    """

    kind: str
    id: int
    text: str
    holder_id: int | None


def count_checked() -> tuple[int, int]:
    """Return how many accounts and movements there are."""
    users, movements = (
        db.session.scalar(select(func.count()).select_from(model)) or 0
        for model in (User, Movement)
    )
    return users, movements


def lost_forms() -> Iterator[LostForm]:
    """Yield each name or address that leads elsewhere."""
    for kind, model, name, folded_name, fold in _FORMS:
        folded: InstrumentedAttribute[str] = getattr(model, folded_name)
        for id, text, stored in _rows(model, getattr(model, name), folded):
            form = fold(text)
            if form != stored:
                holder = db.session.scalar(select(model.id).where(folded == form))
                yield LostForm(kind, id, text, holder)


def repair(lost: LostForm) -> bool:
    """Store the right form of a name or address.

    Return whether that form is free.

    Flushes and does not commit.
    """
    model, name, folded_name, fold = next(form[1:] for form in _FORMS if form[0] == lost.kind)
    unchanged = (model.id == lost.id, getattr(model, name) == lost.text)
    statement = update(model).where(*unchanged).values({folded_name: fold(lost.text)})
    try:
        with db.session.begin_nested():
            db.session.execute(statement)
    except IntegrityError:
        return False
    return True


def _rows(
    model: type[User] | type[Movement],
    text: InstrumentedAttribute[str],
    folded: InstrumentedAttribute[str],
) -> Iterator[tuple[int, str, str]]:
    query = select(model.id, text, folded).order_by(model.id).limit(_BATCH)
    if issubclass(model, Movement):
        query = query.where(model.is_open())  # a closed movement has given its name up
    after = 0
    while rows := db.session.execute(query.where(model.id > after)).all():
        for id, content, stored in rows:
            yield id, content, stored
            after = id
