"""Words: the texts for members, in each language.

A catalogue is a file of JSON with the same keys and the same holes in each language. A hole is a
name in braces. A count has the keys `….one` and `….other`, and the hole `{n}`.
"""

import json
from functools import cache
from pathlib import Path

#: the languages, each with a catalogue; the first is the default
LANGUAGES = ("en", "nl", "de")


def text(language: str, key: str, **holes: str) -> str:
    """Return a text with its holes filled.

    :param language: one of `LANGUAGES`; another one, of a newer version, gets the default
    """
    return _catalogue(language)[key].format(**holes)


def counted(language: str, key: str, n: int) -> str:
    """Return a count with its noun, such as `2 hours`."""
    return text(language, f"{key}.{'one' if n == 1 else 'other'}", n=str(n))


@cache
def _catalogue(language: str) -> dict[str, str]:
    name = language if language in LANGUAGES else LANGUAGES[0]
    path = Path(__file__).parent / f"{name}.json"
    catalogue: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return catalogue
