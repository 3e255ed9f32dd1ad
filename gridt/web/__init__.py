"""The members' web app: a shell and its files, at `/app`."""

from gridt.web.pages import bp, register_app

__all__ = ["bp", "register_app"]
