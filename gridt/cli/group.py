"""The group of all commands."""

from flask.cli import AppGroup

commands = AppGroup("gridt", help="Commands for operators of gridt.")
