"""The leader network of a movement, for its members."""

import hmac
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from flask import Response, current_app, render_template, stream_with_context
from flask.typing import ResponseReturnValue

from gridt.access import Operation, can
from gridt.errors import Invalid, MovementNotFound, NotSubscribed, PicturesNotInstalled
from gridt.formats.base import SVG, SVG_POLICY, Label, NetworkHead, NetworkMember, in_parts
from gridt.formats.graph_exports import GRAPH_FORMATS
from gridt.formats.network_svg import MOST_DRAWN, draw_network
from gridt.http.api import Blueprint
from gridt.http.auth import caller
from gridt.http.lookups import movement_or_404
from gridt.http.requests import Resource
from gridt.http.spooling import spooled
from gridt.models import FETCHED_AT_ONCE, Movement
from gridt.refusals import Code, Refusal
from gridt.runtime.clock import utcnow
from gridt.schemas.network import NetworkIn, NetworkOut

bp = Blueprint("network", description="Leader networks")

_TEXT = {"type": "string"}
_EXPORT = "The leader network."
_GRAPHML, _DOT = GRAPH_FORMATS["graphml"].media_type, GRAPH_FORMATS["dot"].media_type
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: above this many members, the page does not draw the network: it says how to export it
MOST_MOVED = 5_000


@bp.route("/movements/<movement>/network", get="exportNetwork")
class NetworkOfMovement(Resource):
    """The leader network of a movement."""

    @bp.own
    @bp.problems(MovementNotFound, NotSubscribed, PicturesNotInstalled)
    @bp.answers(200, NetworkOut, streamed=True, description=_EXPORT)
    @bp.answers(200, _TEXT, content_type=_GRAPHML, streamed=True, description=_EXPORT)
    @bp.answers(200, _TEXT, content_type=_DOT, streamed=True, description=_EXPORT)
    @bp.answers(200, _TEXT, content_type=SVG, description=_EXPORT)
    @bp.arguments(NetworkIn, location="query")
    def get(self, data: dict[str, Any], movement: str) -> ResponseReturnValue:
        """Export a movement's leader network.

        Only for its members, its creator and admins. The creator and admins see user ids, all
        others see pseudonyms. `your_leaders` names the caller's own leaders.
        """
        movement_row, user = movement_or_404(movement), caller()
        owner = can(user, Operation.MOVEMENT_OWN, movement_row)
        member = movement_row.is_subscribed(user)
        if not owner and not member:
            raise NotSubscribed("Only members of this movement can see its network.")
        known_as = _as_it_is if owner else _Pseudonyms(movement_row.id, user.id)
        you = known_as(user.id) if member else None
        leaders = [(known_as(one.id), one.username) for one in movement_row.leaders_of(user)]
        leaders.sort(key=str)  # not by their slots
        about = NetworkHead(
            movement_row.id, movement_row.name, movement_row.member_count, you, tuple(leaders)
        )
        shown = _shown(movement_row, known_as) if owner else _mixed(_shown(movement_row, known_as))
        if data["format"] == "svg":
            _ensure_drawable(about)
            return _picture(about, draw_network(about, list(shown)))
        return _stream(about, data["format"], shown)


@bp.route("/movements/<movement>/network.html", get="showNetwork")
class PageOfNetwork(Resource):
    """The page that shows a leader network.

    It shows what the reader's token allows.
    """

    @bp.open
    @bp.ignores_parameters
    @bp.answers(200, _TEXT, content_type="text/html", description="The page.")
    def get(self, movement: str) -> ResponseReturnValue:
        """Show a movement's leader network on a page.

        The page logs the reader in, fetches the network, and draws it as an interactive picture.
        """
        page = render_template("network.html", most_moved=MOST_MOVED)
        return page, {"Content-Security-Policy": _PAGE_POLICY}


class _Pseudonyms:
    """Pseudonyms of members, for one reader, movement and UTC day."""

    def __init__(self, movement_id: int, reader_id: int) -> None:
        secret = current_app.config["SECRET_KEY"].encode()
        scope = f"network {movement_id} for {reader_id} on {utcnow().date()}"
        self._key = hmac.digest(secret, scope.encode(), "sha256")

    def __call__(self, user_id: int) -> str:
        return hmac.digest(self._key, str(user_id).encode(), "sha256").hex()[:16]


def _as_it_is(user_id: int) -> int:
    return user_id


def _shown(movement: Movement, known_as: Callable[[int], Label]) -> Iterator[NetworkMember]:
    """Yield the members as the caller may see them.

    Every format of the export is made from these.
    """
    for member in movement.members():
        # sorted: by their slots, a reader would know each of their own leaders
        leaders = sorted((known_as(leader_id) for leader_id in member.leaders), key=str)
        yield NetworkMember(known_as(member.user_id), member.active, leaders)


def _mixed(shown: Iterator[NetworkMember]) -> Iterator[NetworkMember]:
    """Yield members, each batch in the order of the pseudonyms.

    A batch is as many members as the database sends at a time. The members' order in the database
    stays the same: it would connect the exports of two days.
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
        many = {"maximum": MOST_DRAWN, "members": about.member_count, "choices": [*GRAPH_FORMATS]}
        raise Invalid.member("#/format", Refusal(Code.TOO_MANY_TO_DRAW, **many), "query")


def _picture(about: NetworkHead, drawn: str) -> Response:
    answer = Response(drawn, mimetype=SVG)
    answer.headers.set("Content-Disposition", "inline", filename=_file_name(about, "svg"))
    answer.headers["Content-Security-Policy"] = SVG_POLICY
    return answer


def _file_name(about: NetworkHead, ending: str) -> str:
    return f"movement-{about.id}.{ending}"
