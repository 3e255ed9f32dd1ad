"""Addresses folded as addresses, and names without their joiners.

Addresses with one domain in two forms become one address, and so do names that differ in joiners
only; movements' names that differ in blanks, too. Where two meet, the older row keeps the address
or the name. The newer one keeps its old form, or gets U+001F and its id behind it if the older one
needs that. `flask gridt check-accounts` lists such rows.

A process of the version before looks for the old form and stores it. For the minutes of an upgrade
it does not find what this migration changed. `flask gridt check-accounts --repair` folds the rows
that it stored meanwhile.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

import idna
import sqlalchemy as sa
from alembic import context, op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

#: rows per statement
BATCH = 5000
#: parameters per statement, which SQLite bounds
FEW = 500

#: joiners and the mark of a coloured emoji
FAINT = dict.fromkeys(map(ord, "\u200c\u200d\ufe0f"))

Fold = Callable[[str], str]


def upgrade() -> None:
    if context.is_offline_mode():  # without a database, `check-accounts --repair` does the work
        return
    refold("users", "email", "email_folded", fold_address)
    refold("users", "username", "username_folded", fold_name)
    refold("movements", "name", "name_folded", lambda name: fold_name(tidy(name)))


def downgrade() -> None:
    if context.is_offline_mode():
        return
    refold("users", "email", "email_folded", fold)
    refold("users", "username", "username_folded", fold)
    refold("movements", "name", "name_folded", fold)


def refold(table_name: str, text_name: str, folded_name: str, new_form: Fold) -> None:
    """Fold texts again, as far as no two meet."""
    columns = [sa.column("id", sa.Integer()), *map(sa.column, (text_name, folded_name))]
    table = sa.table(table_name, *columns)
    old, wanted = {}, {}
    for id, text, folded in unusual(table, text_name, folded_name):
        old[id], form = folded, new_form(text)
        if form != folded:
            wanted[id] = form
    owners: dict[str, int] = {}
    for id, form in wanted.items():  # by id, so the oldest comes first
        owners.setdefault(form, id)
    new = {}
    for id, form in holders(table, folded_name, owners):
        if id in wanted:
            continue  # it gives the form up
        if id < owners[form]:
            del owners[form]
        else:
            old[id], new[id] = form, marked(form, id)
    for id, form in wanted.items():
        if owners.get(form) == id:
            new[id] = form
        elif old[id] in owners:
            new[id] = marked(old[id], id)
    store(table, folded_name, old, new)


def unusual(table: sa.TableClause, text_name: str, folded_name: str) -> Iterator[sa.Row]:
    """Yield the rows that may change, by id.

    Few are not plain ASCII.
    """
    text, folded = table.c[text_name], table.c[folded_name]
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    octets = (
        sa.func.length(sa.cast(text, sa.LargeBinary)) if on_sqlite else sa.func.octet_length(text)
    )
    is_unusual = sa.or_(
        octets != sa.func.length(text),
        *(text.like(pattern) for pattern in (" %", "% ", "%  %")),
        sa.func.lower(text).like("%xn--%"),
        folded.like("%\x1f%"),
    )
    query = sa.select(table.c.id, text, folded).order_by(table.c.id).limit(BATCH)
    after = 0
    while rows := op.get_bind().execute(query.where(is_unusual, table.c.id > after)).all():
        yield from rows
        after = rows[-1].id


def holders(table: sa.TableClause, folded_name: str, forms: Iterable[str]) -> list[tuple[int, str]]:
    """Return the rows that have one of some forms."""
    folded = table.c[folded_name]
    found: list[tuple[int, str]] = []
    for some in parts([*forms], FEW):
        rows = op.get_bind().execute(sa.select(table.c.id, folded).where(folded.in_(some)))
        found += [(id, form) for id, form in rows]
    return found


def parts(rows: Sequence, size: int) -> Iterator[Sequence]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def marked(form: str, id: int) -> str:
    """Return a form that no text has."""
    return f"{form}\x1f{id}"


def store(
    table: sa.TableClause, folded_name: str, old: dict[int, str], new: dict[int, str]
) -> None:
    """Give rows their new forms.

    A form passes from one row to another by a third form.
    """
    needed = set(new.values())
    passing = {id: marked(old[id], id) for id in new if old[id] in needed}
    change(table, folded_name, [(id, old[id], form) for id, form in passing.items()])
    before = old | passing
    change(table, folded_name, [(id, before[id], form) for id, form in new.items()])


def change(table: sa.TableClause, folded_name: str, rows: Sequence[tuple[int, str, str]]) -> None:
    """Update rows that are as they were read.

    It leaves out those whose new form is taken meanwhile.
    """
    statement = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("which"), table.c[folded_name] == sa.bindparam("before"))
        .values({folded_name: sa.bindparam("after")})
    )
    for batch in parts(rows, BATCH):
        values = [dict(zip(("which", "before", "after"), row, strict=True)) for row in batch]
        try:
            with op.get_bind().begin_nested():
                op.get_bind().execute(statement, values)
        except sa.exc.IntegrityError:
            for value in values:
                change_one(statement, value)


def change_one(statement: sa.Update, value: dict[str, object]) -> None:
    try:
        with op.get_bind().begin_nested():
            op.get_bind().execute(statement, value)
    except sa.exc.IntegrityError:
        pass  # a process of the version before took it meanwhile: this row keeps its old form


# -- the forms of this version and of the one before, as they were when this was written -----------


def fold(text: str) -> str:
    for _ in range(2):
        text = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", text)


def tidy(name: str) -> str:
    return " ".join(filter(None, name.split(" ")))


def fold_address(text: str) -> str:
    local, _, domain = text.strip().rpartition("@")
    return f"{fold(local)}@{fold_domain(domain)}" if local else fold(text)


@lru_cache(10_000)
def fold_domain(domain: str) -> str:
    if domain.isascii() and "xn--" not in domain.lower():
        return domain.lower()
    if len(domain) <= 253:
        try:
            return idna.decode(idna.encode(domain, uts46=True))
        except ValueError:
            pass
    return fold(domain)


def fold_name(name: str) -> str:
    return fold(name.translate(FAINT))
