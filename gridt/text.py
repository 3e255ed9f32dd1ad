"""Text: folded for comparison, tidied for storage."""

import unicodedata
from math import ceil


def fold(text: str) -> str:
    """Return the one form of all ways to write `text`.

    It is Unicode's caseless compatibility match (Unicode Standard 3.13, D146), so that "Ångström",
    "ÅNGSTRÖM" and the same with combining marks are one name.
    """
    for _ in range(2):  # folding can make characters that must be normalised and folded again
        text = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", text)


def tidy(username: str) -> str:
    """Return a name without superfluous blanks, as it is stored.

    Keyboards of phones add such blanks.
    """
    return " ".join(filter(None, username.split(" ")))


def with_noun(number: int, noun: str, form: str = "") -> str:
    """Return a number with its noun, such as `2 movements`.

    :param form: the format of the number, such as `,` for `2,000 movements`
    """
    return f"{number:{form}} {noun}{'' if number == 1 else 's'}"


def duration_in_words(seconds: int) -> str:
    """Return a duration in words, such as `12 minutes`.

    It is rounded up, so that a client who waits for it does not come too early.
    """
    for noun, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return with_noun(ceil(seconds / length), noun)
    return with_noun(max(seconds, 1), "second")
