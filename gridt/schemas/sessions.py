"""Sessions of the web app."""

from marshmallow import fields

from gridt.http.fields import Message
from gridt.schemas.users import Identity


class AppSession(Message):
    """A browser's session."""

    expires_at = fields.DateTime(
        required=True,
        metadata={"description": "When the session ends, unless it is renewed before."},
    )
    secure = fields.Boolean(
        required=True,
        metadata={
            "description": "Whether the cookie is for HTTPS only. If it is false on a page of"
            " HTTPS, the operator has not set `GRIDT_PROXY_HOPS`."
        },
    )


class NewAppSession(AppSession):
    """A browser's new session."""

    key = fields.String(
        required=True,
        metadata={
            "description": "The key for the header `X-Gridt-Key` of all further requests. It is not"
            " shown again."
        },
    )
    identity = fields.Nested(
        Identity, required=True, metadata={"description": "The caller's account."}
    )
