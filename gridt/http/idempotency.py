"""Repeating a request safely: `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header).

The first answer to a request with a key is stored in the transaction of the request, for a day.
The same request with the same key gets that answer again, and does nothing. Only answers of
success are stored: after an error the request is tried as if for the first time.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from flask import Response, current_app, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import OperationalError

from gridt.errors import AlreadyCreated, Invalid, KeyInUse, KeyReused
from gridt.http.handler_notes import Repeatable
from gridt.http.parsing import body_of
from gridt.http.rate_limits import address
from gridt.jobs import enqueue, job
from gridt.models import ANSWER_LIFETIME, IdempotencyKey, Job
from gridt.refusals import Code, Refusal
from gridt.runtime.clock import utcnow
from gridt.runtime.extensions import db
from gridt.runtime.request_state import request_state

HEADER = "Idempotency-Key"
#: a string of RFC 9651, or the same characters without quotation marks, as most clients send it
_QUOTED, _PLAIN = r"[!#-\[\]-~]{1,255}", r"[!#-+\--:<-\[\]-~]{1,255}"
_FORM = re.compile(f'"(?P<quoted>{_QUOTED})"|(?P<plain>{_PLAIN})')
#: the same as a pattern of JSON Schema
KEY_PATTERN = f'^(?:"{_QUOTED}"|{_PLAIN})$'
#: seconds after which to ask again for the answer to a request that is under way
_RETRY_AFTER = 1
#: PostgreSQL's code for a lock that was not to be had in time
_LOCK_NOT_AVAILABLE = "55P03"
#: the job that deletes expired keys, and how many it deletes in a transaction
_JOB, _BATCH = "forget-idempotency-keys", 100
_AT_ONCE = timedelta()


def answer_once(
    notes: Repeatable, handler: Callable[..., ResponseReturnValue], path: dict[str, Any]
) -> Response:
    """Call a handler and store its answer, or return one.

    That is the answer which an earlier request stored.

    The handler's commit is deferred until the answer is stored, so that both are one transaction.

    :raises KeyReused: when the key belongs to another request
    :raises KeyInUse: when the first request with the key is under way for too long
    :raises AlreadyCreated: when the first answer showed a secret
    """
    key = _key()
    caller = request_state().caller
    owner = f"user {caller.user_id}" if caller else f"address {_hashes(address())[0][:32]}"
    operation = f"{request.method} {request.url_rule}"
    prints = _hashes(request.path, request.query_string, body_of(request))
    identity = (owner, operation, key)
    user_id = caller.user_id if caller else None
    stored = _claimed(*identity, prints[0], user_id)
    if stored is not None:
        return _again(stored, prints)
    _ensure_pruned_later()
    state = request_state()
    state.defers_commit = True
    try:
        response = current_app.make_response(handler(**path))
    finally:
        state.defers_commit = False
    answer = {
        "user_id": user_id or response.get_json()[notes.account],
        "status": response.status_code,
        "body": None if notes.found_at else response.get_data(as_text=True),
        "location": _place_of(notes) or response.headers.get("Location"),
    }
    IdempotencyKey.complete(*identity, prints[0], answer)
    db.session.commit()
    return response


def _place_of(notes: Repeatable) -> str | None:
    """Return the path of an object with a secret."""
    return notes.found_at and notes.found_at.format(**request.view_args or {})


def _key() -> str:
    match = _FORM.fullmatch(request.headers[HEADER].strip())
    if match is None:
        raise Invalid.member(f"#/{HEADER}", Refusal(Code.NOT_A_KEY), "header")
    return match["quoted"] or match["plain"]


def _hashes(*parts: str | bytes) -> list[str]:
    """Return the hashes of some texts, by each key.

    Our present key comes first.

    A body may hold a password, which a hash without a key would give away to guessing.
    """
    config = current_app.config
    hashes = []
    for secret in (config["SECRET_KEY"], *config["SECRET_KEY_FALLBACKS"]):
        key = blake2b(secret.encode(), digest_size=32).digest()
        hashing = blake2b(key=key, digest_size=32, person=b"gridt.repeating")
        for part in parts:
            text = part.encode(errors="surrogatepass") if isinstance(part, str) else part
            hashing.update(len(text).to_bytes(8) + text)
        hashes.append(hashing.hexdigest())
    return hashes


def _claimed(*identity_and_print: Any) -> Any:
    try:
        return IdempotencyKey.claim(*identity_and_print)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise KeyInUse(retry_after=_RETRY_AFTER) from None
        raise


def _again(stored: Any, prints: list[str]) -> Response:
    """Return the stored answer to the same request."""
    if stored.fingerprint not in prints:
        raise KeyReused
    if stored.status is None:
        raise KeyInUse(retry_after=_RETRY_AFTER)
    if stored.body is None:
        raise AlreadyCreated(stored.location)
    db.session.rollback()  # a lock is of no use any more
    response = current_app.response_class(
        stored.body, status=stored.status, mimetype="application/json"
    )
    if stored.location is not None:
        response.headers["Location"] = stored.location
    return response


def _ensure_pruned_later() -> None:
    """Enqueue the job that deletes expired keys, once."""
    # to enqueue a job that waits locks its row, for which other repeatable requests would wait
    if not Job.is_waiting(_JOB):
        enqueue(_JOB, {}, key=_JOB, priority=-1, delay=ANSWER_LIFETIME)


@job(_JOB)
def _forget_expired() -> None:
    next_at = IdempotencyKey.forget_expired(_BATCH)
    if next_at is not None:
        enqueue(_JOB, {}, key=_JOB, priority=-1, delay=max(next_at - utcnow(), _AT_ONCE))
