"""gridt: movements of people with a common habit."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gridt.app import create_app

__all__ = ["create_app"]


def __getattr__(name: str) -> Any:
    """Import the application when it is first used.

    gunicorn's arbiter imports modules of gridt, but never the application.
    """
    if name == "create_app":
        from gridt.app import create_app

        return create_app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
