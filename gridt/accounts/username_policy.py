"""Which usernames nobody may choose: those that look like another, or like nothing.

Two ways to write one name are one name already, by `fold`. This is what that does not see, after
Unicode's UTS 39: what is not seen at all, and letters of alphabets that share their shapes. Names
that were chosen before go on; so do whole words of one alphabet that look like one of another.
"""

import re
import unicodedata
from itertools import pairwise

from gridt.refusals import Code, Refusal

#: controls, formats (which are not seen, and turn what is), and separators of lines
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}
# what else takes no place (Default_Ignorable_Code_Point of Unicode), or takes one and is blank
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0]"
)
_VARIANTS = re.compile("[\U000e0100-\U000e01ef]")
#: what makes one sign of emoji, and is seen in that: a joiner, and the call for its colours
_JOINER, _COLOURED = "\u200d", "\ufe0f"
_SIGNS = {"So", "Sm", "Sk"}
#: alphabets with letters of the same shape; Unicode never changes the name of a character
_ALIKE = {"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LATIN", "LISU"}


def flaw_of(username: str) -> Refusal | None:
    """Return what is wrong with a name that somebody chooses, as a sentence, or None."""
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
    """Return a text without what holds the parts of an emoji together."""
    kept = text[:1]
    for before, character in pairwise(text):
        glue = character == _COLOURED and unicodedata.category(before) in _SIGNS
        glue |= character == _JOINER and (
            before == _COLOURED or unicodedata.category(before) in _SIGNS
        )
        kept += "" if glue else character
    return kept


def _alphabets_of(text: str) -> set[str]:
    """Return those alphabets with letters of the same shape that a text has letters of."""
    letters = filter(str.isalpha, unicodedata.normalize("NFKC", text))
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in letters} & _ALIKE
