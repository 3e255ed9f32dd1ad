"""Notes that decorators attach to handlers.

They say how a handler is called, limited, answered and documented.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gridt.access import Operation
from gridt.errors import GridtError

Handler = TypeVar("Handler", bound=Callable[..., Any])

#: the callers of a handler that no operation guards: all people, also without a token; users,
#: for what is their own or is open to every user; or admins of the service
OPEN, OWN, SITE_ADMIN = "open", "own", "site admin"

#: the name of the notes among flask-smorest's notes of a handler, in its `_apidoc`
KEY = "gridt"


@dataclass(frozen=True, slots=True)
class Repeatable:
    """How an operation answers a repeated request."""

    #: where to find the created thing, if the first answer shows a secret of it
    found_at: str | None = None
    #: without a token: the member of the answer that names the account it belongs to
    account: str = ""


@dataclass(frozen=True, slots=True)
class HandlerNotes:
    """The notes of one handler."""

    #: the kind of token that the caller needs; None for none
    token: str | None = "access"  # noqa: S105 - no secret
    #: who may call it: one of the words above, or the operation whose rule decides
    access: str | Operation | None = None
    #: the named limit that counts its calls; None for the general one
    limit: str | None = None
    #: the problems that it answers with, besides the usual ones
    problems: tuple[type[GridtError], ...] = ()
    #: the content of the OpenAPI document for a file that it takes
    file: dict[str, Any] | None = None
    #: at least one of its answers is sent while it is read
    streamed: bool = False
    #: at least one of its answers has an ETag
    conditional: bool = False
    #: the query parameters that it takes; None if it ignores those that it does not know
    parameters: frozenset[str] | None = frozenset()
    #: it takes `Idempotency-Key`
    repeatable: Repeatable | None = None


_DEFAULTS = HandlerNotes()


def notes_of(handler: Callable[..., Any]) -> HandlerNotes:
    """Return the notes of a handler."""
    notes: HandlerNotes = getattr(handler, "_apidoc", {}).get(KEY, _DEFAULTS)
    return notes


def annotate(handler: Handler, **changes: Any) -> Handler:
    """Change the notes of a handler, and return it."""
    # a new dictionary, because `wraps` lets a handler and its wrapper share one
    apidoc = getattr(handler, "_apidoc", {}) | {KEY: replace(notes_of(handler), **changes)}
    handler._apidoc = apidoc  # type: ignore[attr-defined]  # where flask-smorest looks
    return handler
