"""Exports and imports: what is written and read as files, a module for each kind.

Nothing here knows the caller: a format writes what it gets, which is what the caller may see.
"""
