"""What goes in and comes out over HTTP, and how it is spelled there; shape only, no queries.

This is the edge: the words `signal`, `last_signal` and `last_signal_sent`, which the published
client says for update, live here and nowhere deeper.
"""
