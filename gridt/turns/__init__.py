"""Turns, standing and weeks, as pure functions."""
