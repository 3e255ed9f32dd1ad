"""The members of requests and answers; shapes only, no queries.

This is the edge of the service: the words `signal`, `last_signal` and `last_signal_sent`, which the
published client says for update, occur here and nowhere deeper.
"""
