"""Formats: a module for each kind of file.

A format writes all that it gets. Its caller passes only what the requesting user may see.
"""
