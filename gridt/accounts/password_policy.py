"""Refused passwords (NIST SP 800-63B): common ones, and own names."""

from functools import cache
from pathlib import Path

from gridt.addresses import fold_address
from gridt.text import fold

_COMMON = Path(__file__).resolve().parent.parent / "data" / "common-passwords.txt"


def is_common(password: str) -> bool:
    """Return whether `password` is common, in any case."""
    return f"\n{fold(password).strip()}\n" in _common()


@cache
def _common() -> str:
    # one text, which is searched in 0.1 ms; a set of its lines would take ten times the memory
    return f"\n{_COMMON.read_text()}"


def is_own_name(password: str, username: str, email: str) -> bool:
    """Return whether `password` is the user's name or address."""
    names = {username, email, email.rpartition("@")[0]}
    if fold_address(password) == fold_address(email):
        return True
    return fold(password).strip() in {fold(name).strip() for name in names}
