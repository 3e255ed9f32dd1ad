"""Benchmarks: ratios measured side by side in one run.

They are never part of the tests.
"""
