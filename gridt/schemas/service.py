"""The service itself: its description and state."""

from marshmallow import fields

from gridt.http.fields import Growing, Out


class Links(Out):
    """The first addresses to visit."""

    documentation = fields.String(
        required=True, metadata={"description": "The documentation of all operations, as a page."}
    )
    openapi = fields.String(required=True, metadata={"description": "The OpenAPI document."})
    problems = fields.String(
        required=True, metadata={"description": "The list of all types of problems."}
    )
    register = fields.String(required=True, metadata={"description": "Where to open an account."})
    login = fields.String(required=True, metadata={"description": "Where to log in."})
    movements = fields.String(
        required=True, metadata={"description": "Where the movements are listed."}
    )
    app = fields.String(
        metadata={"description": "The app for members, as pages; absent if there is none here."}
    )


class About(Out):
    """A description of the service."""

    name = fields.String(required=True, metadata={"description": "The name of the service."})
    description = fields.String(
        required=True, metadata={"description": "The purpose of the service."}
    )
    version = fields.String(required=True, metadata={"description": "The version of the software."})
    registration = Growing(
        *("open", "invite", "closed"),
        description="The people who can register: all, those with an invitation, or no caller,"
        " because operators open all accounts.",
    )
    links = fields.Nested(
        Links, required=True, metadata={"description": "The first addresses to visit."}
    )


class Status(Out):
    """The state of the service."""

    status = fields.String(required=True, metadata={"description": "`ok`."})
    note = fields.String(metadata={"description": "Further information, if there is any."})
