"""Refused usernames: those like another one, or invisible.

`fold` already makes one name of two ways to write it. These rules, after Unicode's UTS 39, refuse
the rest: invisible characters, and a mix of alphabets whose letters share shapes. Names from before
these rules stay valid. Whole words of one alphabet may still look like words of another.
"""

import re
import unicodedata
from itertools import pairwise

from gridt.refusals import Code, Refusal

#: controls, formats (invisible, and some of them reverse the text), and separators of lines
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}
# other characters without width (Default_Ignorable_Code_Point of Unicode), and blank ones
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]"
)
_VARIANTS = re.compile("[\U000e0100-\U000e01ef]")
#: characters that combine symbols to one emoji, and are visible there: a joiner, and a colour mark
_JOINER, _COLOURED = "\u200d", "\ufe0f"
_SIGNS = {"So", "Sm", "Sk"}
#: alphabets with letters of the same shape; Unicode never changes the name of a character
_ALIKE = {"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LATIN", "LISU"}


def flaw_of(username: str) -> Refusal | None:
    """Return the fault of a new name, or None."""
    if username != username.strip() or re.search(r"\s\s", username):
        return Refusal(Code.ODD_BLANKS)
    plain = _without_glue(username)
    hidden = _IGNORED.search(plain) or _VARIANTS.search(plain)
    if hidden or any(unicodedata.category(character) in _UNSEEN for character in plain):
        return Refusal(Code.INVISIBLE)
    if len(_alphabets_of(username)) > 1:
        return Refusal(Code.MIXED_ALPHABETS)
    return None


def _without_glue(text: str) -> str:
    """Return a text without the joiners of emoji."""
    kept = text[:1]
    for before, character in pairwise(text):
        glue = character == _COLOURED and unicodedata.category(before) in _SIGNS
        glue |= character == _JOINER and (
            before == _COLOURED or unicodedata.category(before) in _SIGNS
        )
        kept += "" if glue else character
    return kept


def _alphabets_of(text: str) -> set[str]:
    """Return the alphabets of a text that have look-alikes."""
    letters = filter(str.isalpha, unicodedata.normalize("NFKC", text))
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in letters} & _ALIKE
