"""gridt: movements of people who hold each other to a habit."""

from gridt.app import create_app

__all__ = ["create_app"]
