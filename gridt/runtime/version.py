"""The version of gridt, for modules that must import nothing large."""

VERSION = "0.1.0"
