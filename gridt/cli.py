"""`flask gridt …`: what operators type."""

from flask.cli import AppGroup

commands = AppGroup("gridt", help="What operators of gridt type.")
