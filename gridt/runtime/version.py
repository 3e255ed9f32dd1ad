"""The version, for modules that import nothing large."""

VERSION = "0.1.0"
