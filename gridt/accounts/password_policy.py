"""Which passwords nobody may choose (NIST SP 800-63B): the most common, and one's own name."""

from functools import cache
from pathlib import Path

from gridt.text import fold

_COMMON = Path(__file__).resolve().parent.parent / "data" / "common-passwords.txt"


def is_common(password: str) -> bool:
    """Tell whether `password` is, in any case, among those that are tried first."""
    return f"\n{fold(password).strip()}\n" in _common()


@cache
def _common() -> str:
    # one text, which is searched in 0.1 ms: a set of its lines would take ten times the memory
    return f"\n{_COMMON.read_text()}"


def is_own_name(password: str, username: str, email: str) -> bool:
    """Tell whether `password` is, however it is written, what everybody knows of its owner."""
    names = {username, email, email.rpartition("@")[0]}
    return fold(password).strip() in {fold(name).strip() for name in names}
