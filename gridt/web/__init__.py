"""The members' web app at `/app`."""

from gridt.web.pages import bp, register_app

__all__ = ["bp", "register_app"]
