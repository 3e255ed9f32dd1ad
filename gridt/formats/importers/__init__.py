"""Importers: a module for each program whose files gridt reads.

An importer recognises a file by its header, and yields its rows.
"""
