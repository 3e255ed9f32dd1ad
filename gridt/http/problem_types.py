"""The types of problems, which clients can distinguish."""

from gridt import errors
from gridt.errors import GridtError

#: the type of a problem that says no more than its HTTP status (RFC 9457)
BLANK = "about:blank"


def type_of(error: type[GridtError]) -> str:
    """Return the type of an error, as answers have it."""
    return f"/problems/{error.slug}"


def _by_slug() -> dict[str, type[GridtError]]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    found: dict[str, type[GridtError]] = {}
    for kind in kinds:
        if issubclass(kind, GridtError) and kind is not GridtError:
            found.setdefault(kind.slug, kind)
    return dict(sorted(found.items()))


#: the first error of each slug, which is the broadest one
ERRORS = _by_slug()
#: every type of problem that an answer can have
TYPES = [BLANK, *(type_of(error) for error in ERRORS.values())]
