"""Tests of the members' web app."""
