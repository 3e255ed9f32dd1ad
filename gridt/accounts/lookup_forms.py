"""Names and addresses that their own text does not find.

A folded column that differs from its text was stored by another version of gridt, or another row
has the right form. Users then cannot log in by that text, and paths lead elsewhere.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import func, null, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from gridt.addresses import fold_address
from gridt.models import Collection, Movement, User
from gridt.names import fold_username, movement_key
from gridt.runtime.extensions import db

#: rows per statement
_BATCH = 5000

#: the third is the column of the text, and the last returns its right form
_Form = tuple[str, type[User] | type[Movement], str, str, Callable[[str, int | None], str]]
_FORMS: list[_Form] = [
    ("e-mail address", User, "email", "email_folded", lambda text, _: fold_address(text)),
    ("username", User, "username", "username_folded", lambda text, _: fold_username(text)),
    ("movement name", Movement, "name", "name_folded", movement_key),
]


@dataclass(frozen=True)
class LostForm:
    """A name or address that leads elsewhere, or nowhere.

    :param kind: its kind: an e-mail address, a username or a movement's name
    :param id: the user or movement
    :param text: the name or address, as it is shown
    :param holder_id: the user or movement that it leads to, or None
    :param form: the right form
    """

    kind: str
    id: int
    text: str
    holder_id: int | None
    form: str


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
        for id, text, stored, organisation_id in _rows(model, getattr(model, name), folded):
            form = fold(text, organisation_id)
            if form != stored:
                holder = db.session.scalar(select(model.id).where(folded == form))
                yield LostForm(kind, id, text, holder, form)


def repair(lost: LostForm) -> bool:
    """Store the right form of a name or address.

    Return whether that form is free.

    Flushes and does not commit.
    """
    model, name, folded_name, _ = next(form[1:] for form in _FORMS if form[0] == lost.kind)
    unchanged = (model.id == lost.id, getattr(model, name) == lost.text)
    statement = update(model).where(*unchanged).values({folded_name: lost.form})
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
) -> Iterator[tuple[int, str, str, int | None]]:
    """Yield ids, texts and folded texts.

    The name of a hidden movement is unique in its organisation: the last value is the id of that.
    """
    texts = text.label("text"), folded.label("stored")
    query = (
        select(model.id, *texts, null().label("organisation_id")).order_by(model.id).limit(_BATCH)
    )
    if issubclass(model, Movement):
        query = query.with_only_columns(model.id, *texts, Collection.organisation_id)
        query = query.outerjoin(Collection, Collection.id == Movement.audience_id)
        query = query.where(model.is_open())  # a closed movement has given its name up
    after = 0
    while rows := db.session.execute(query.where(model.id > after)).all():
        for row in rows:
            yield row.id, row.text, row.stored, row.organisation_id
            after = row.id
