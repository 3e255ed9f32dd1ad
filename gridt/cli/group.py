"""The group of all commands."""

from flask.cli import AppGroup

commands = AppGroup("gridt", help="What operators of gridt type.")
