"""Who leads whom in a movement, for its members."""

import hmac
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from flask import Response, current_app, render_template, stream_with_context
from flask.typing import ResponseReturnValue

from gridt.access import Permission, can
from gridt.errors import Invalid, NotAllowed
from gridt.formats.base import SVG, SVG_POLICY, Label, NetworkHead, NetworkMember, in_parts
from gridt.formats.graph_exports import GRAPH_FORMATS
from gridt.formats.network_svg import MOST_DRAWN, draw_network
from gridt.http.api import Blueprint
from gridt.http.auth import caller
from gridt.http.lookups import movement_or_404
from gridt.http.requests import Resource
from gridt.http.spooling import spooled
from gridt.models import FETCHED_AT_ONCE, Movement
from gridt.runtime.clock import utcnow
from gridt.schemas.network import NetworkIn, NetworkOut

bp = Blueprint("network", description="Who leads whom")

_TEXT = {"type": "string"}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: above this many members the page tells how to get the network instead of drawing it
MOST_MOVED = 5_000


@bp.route("/movements/<movement>/network")
class NetworkOfMovement(Resource):
    """Who leads whom in a movement."""

    @bp.problems(403, 404, 501)
    @bp.answers(200, NetworkOut, streamed=True)
    @bp.answers(200, _TEXT, content_type=GRAPH_FORMATS["graphml"].media_type, streamed=True)
    @bp.answers(200, _TEXT, content_type=GRAPH_FORMATS["dot"].media_type, streamed=True)
    @bp.answers(200, _TEXT, content_type=SVG)
    @bp.arguments(NetworkIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Export who leads whom, for members; only its creator and admins see who is who."""
        found, user = movement_or_404(movement), caller()
        owner, member = can(user, Permission.MOVEMENT_OWN, found), found.is_subscribed(user)
        if not owner and not member:
            raise NotAllowed("Only members of this movement see its network")
        known_as = _as_it_is if owner else _Pseudonyms(found.id, user.id)
        you = known_as(user.id) if member else None
        about = NetworkHead(found.id, found.name, found.member_count, you)
        shown = _shown(found, known_as) if owner else _mixed(_shown(found, known_as))
        if data["format"] == "svg":
            _ensure_drawable(about)
            return _picture(about, draw_network(about, list(shown)))
        return _stream(about, data["format"], shown)


@bp.route("/movements/<movement>/network.html")
class PageOfNetwork(Resource):
    """The page that shows the network of a movement, as far as the reader's token lets it."""

    @bp.token(None)
    @bp.answers(200, _TEXT, content_type="text/html")
    def get(self, movement: str) -> ResponseReturnValue:
        """Show the network as a picture to move in; the page asks for a token, and fetches."""
        page = render_template("network.html", most_moved=MOST_MOVED)
        return page, {"Content-Security-Policy": _PAGE_POLICY}


class _Pseudonyms:
    """Names of members for one reader of one movement, on one day of UTC."""

    def __init__(self, movement_id: int, reader_id: int) -> None:
        secret = current_app.config["SECRET_KEY"].encode()
        scope = f"network {movement_id} for {reader_id} on {utcnow().date()}"
        self._key = hmac.digest(secret, scope.encode(), "sha256")

    def __call__(self, user_id: int) -> str:
        return hmac.digest(self._key, str(user_id).encode(), "sha256").hex()[:16]


def _as_it_is(user_id: int) -> int:
    return user_id


def _shown(movement: Movement, known_as: Callable[[int], Label]) -> Iterator[NetworkMember]:
    """Yield the members as the caller may see them; whatever is exported is made of these."""
    for member in movement.members():
        leaders = [known_as(leader_id) for leader_id in member.leaders]
        yield NetworkMember(known_as(member.user_id), member.active, leaders)


def _mixed(shown: Iterator[NetworkMember]) -> Iterator[NetworkMember]:
    """Yield members in the order of their pseudonyms, as many at a time as the database sends.

    Their order in the database stays the same: it would connect the exports of two days.
    """
    while batch := list(islice(shown, FETCHED_AT_ONCE)):
        yield from sorted(batch, key=lambda member: str(member.id))


def _stream(about: NetworkHead, name: str, shown: Iterator[NetworkMember]) -> Response:
    text = GRAPH_FORMATS[name]
    parts = stream_with_context(spooled(in_parts(text.write(about, shown))))
    answer = Response(parts, mimetype=text.media_type)
    if name != "json":  # which is for programs; the others end up in files
        answer.headers.set("Content-Disposition", "attachment", filename=_file_name(about, name))
    return answer


def _ensure_drawable(about: NetworkHead) -> None:
    if about.member_count > MOST_DRAWN:
        others = ", ".join(GRAPH_FORMATS)
        detail = (
            f"A picture shows at most {MOST_DRAWN} members, and this movement has"
            f" {about.member_count}; the other formats ({others}) know no limit."
        )
        raise Invalid([{"pointer": "#/format", "detail": detail, "in": "query"}])


def _picture(about: NetworkHead, drawn: str) -> Response:
    answer = Response(drawn, mimetype=SVG)
    answer.headers.set("Content-Disposition", "inline", filename=_file_name(about, "svg"))
    answer.headers["Content-Security-Policy"] = SVG_POLICY
    return answer


def _file_name(about: NetworkHead, ending: str) -> str:
    return f"movement-{about.id}.{ending}"
