"""Who one is."""

from typing import Any

from flask.typing import ResponseReturnValue

from gridt.api import Blueprint, Resource
from gridt.auth import caller
from gridt.errors import UsernameTaken
from gridt.models import User
from gridt.schemas.base import Message
from gridt.schemas.users import BioIn, Identity, IdentityChanged, IdentityPatch, identity_of

bp = Blueprint("users", description="Who one is")


@bp.route("/identity")
class OwnIdentity(Resource):
    """Who is calling."""

    @bp.answers(200, Identity)
    def get(self) -> ResponseReturnValue:
        """Show who is calling."""
        return identity_of(caller())

    @bp.problems(409)
    @bp.answers(200, IdentityChanged)
    @bp.arguments(IdentityPatch)
    def patch(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change what is given."""
        user = caller()
        if "username" in data:
            holder = User.find_by_name(data["username"])
            if holder not in (None, user):
                raise UsernameTaken
        for name, value in data.items():
            setattr(user, name, value)
        answer = identity_of(user) | {"message": "Your account is changed."}
        user.save_to_db()
        return answer


@bp.route("/bio")
class Bio(Resource):
    """What one tells about oneself."""

    @bp.answers(200, Message)
    @bp.arguments(BioIn)
    def put(self, data: dict[str, Any]) -> ResponseReturnValue:
        """Change what one tells about oneself."""
        user = caller()
        user.bio = data["bio"]
        user.save_to_db()
        return {"message": "Your bio is changed."}
