"""The state of a running request, job or command."""

import pytest
from flask import Flask

from gridt.runtime.request_state import Caller, RequestState, request_state


def test_a_context_has_one_state_and_another_context_another(app: Flask) -> None:
    with app.app_context():
        outer = request_state()
        outer.reading = True
        with app.app_context():
            assert request_state() == RequestState()
        assert request_state() is outer


def test_outside_of_a_context_there_are_the_defaults_and_nothing_is_kept() -> None:
    request_state().bind = "reading"
    assert request_state() == RequestState()


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(AttributeError):
        request_state().writing = True  # type: ignore[attr-defined]  # the test is that this fails


def test_two_states_share_no_connections_and_no_fields_of_the_log() -> None:
    one, other = RequestState(), RequestState()
    assert one.readers is not other.readers
    assert one.log_fields is not other.log_fields


def test_the_caller_is_there_once_a_token_is_verified() -> None:
    state = RequestState()
    with pytest.raises(RuntimeError, match="no token"):
        state.verified_caller()
    state.caller = Caller(1, 2, "jti", None)
    assert state.verified_caller().user_id == 1
