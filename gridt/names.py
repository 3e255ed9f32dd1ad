"""Names of users and movements: one rule for both.

The first functions fold a name for comparison, so that two ways to write it are one name. The
others, after Unicode's UTS 39, refuse the rest: invisible characters, and a mix of alphabets whose
letters share shapes. Names from before these rules stay valid. Whole words of one alphabet may
still look like words of another.
"""

import re
import unicodedata

import idna

from gridt.refusals import Code, Refusal
from gridt.text import fold, tidy

#: stands before the organisation in the key of a hidden movement's name
HIDDEN = "\x1f"
#: controls, formats (invisible, and some of them reverse the text), and separators of lines
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}
# other characters without width (Default_Ignorable_Code_Point of Unicode), and blank ones
_IGNORED = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U00013441-\U00013442\U00016fe4\U0001d159\U000e0000-\U000e0fff]"
)
#: characters that combine symbols to one emoji, and are visible there: a joiner, and a colour mark
_JOINER, _COLOURED = "\u200d", "\ufe0f"
#: emoji that are no symbols to Unicode, and the flags that are written with invisible letters
_ODD_EMOJI = {"\u203c", "\u2049", "\u2139", "\u3030"}
_FLAGS = re.compile(
    "\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074"
    "|\U000e0077\U000e006c\U000e0073)\U000e007f"
)
_KEYCAPS = re.compile("[0-9#*]\ufe0f\u20e3")
_SIGNS = {"So", "Sm", "Sk"}
#: the joiner and the non-joiner, which some alphabets write between letters
_JOINERS = re.compile("[\u200c\u200d]")
#: characters that are allowed, and that no reader can be expected to see
_FAINT = re.compile("[\u200c\u200d\ufe0f]")
#: the category of digits, of which many alphabets have their own, and the alphabet of 0 to 9
_DIGIT, _ASCII = "Nd", "ASCII"
#: alphabets with letters of the same shape; Unicode never changes the name of a character
_ALIKE = {"ARMENIAN", "CHEROKEE", "COPTIC", "CYRILLIC", "GREEK", "LATIN", "LISU"}


def fold_username(username: str) -> str:
    """Return a username in its one form.

    Joiners and colour marks make no other name: they show little, or nothing at all.
    """
    return fold(_FAINT.sub("", username))


def fold_movement_name(name: str) -> str:
    """Return a movement's name in its one form.

    Superfluous blanks make no other name, either. They are stored as they were typed.
    """
    return fold_username(tidy(name))


def movement_key(name: str, organisation_id: int | None = None) -> str:
    """Return the key by which a movement's name is unique.

    A name of an open movement has each U+001F twice, so that it never ends as that of a hidden one.

    :param organisation_id: of a hidden movement, whose name is unique in its organisation only
    """
    key = fold_movement_name(name).replace(HIDDEN, 2 * HIDDEN)
    return key if organisation_id is None else f"{key}{HIDDEN}{organisation_id}"


def organisation_of_key(key: str) -> int | None:
    """Return the organisation's id in a hidden movement's key."""
    _, mark, id = key.rpartition(HIDDEN)
    return int(id) if mark and id.isdecimal() else None


def flaw_of(name: str) -> Refusal | None:
    """Return the fault of a new name, or None."""
    if name != name.strip() or re.search(r"\s\s", name):
        return Refusal(Code.ODD_BLANKS)
    plain = _without_spelled_joiners(_without_glue(name))
    if _IGNORED.search(plain) or any(unicodedata.category(one) in _UNSEEN for one in plain):
        return Refusal(Code.INVISIBLE)
    alphabets, digits = _alphabets_of(name), _digits_of(name)
    is_odd = alphabets and digits - {_ASCII}  # the zero of some looks like the letter o
    if len(alphabets) > 1 or len(digits) > 1 or is_odd:
        return Refusal(Code.MIXED_ALPHABETS)
    return None


def _without_spelled_joiners(text: str) -> str:
    """Return a text without the joiners of its spelling.

    RFC 5892, appendix A, says which these are.
    """
    return _JOINERS.sub(lambda found: "" if _is_spelled(text, found.start()) else found[0], text)


def _is_spelled(text: str, place: int) -> bool:
    """Return whether a joiner belongs between its neighbours."""
    try:
        return idna.valid_contextj(text, place)
    except ValueError:  # a neighbour that Unicode does not know, or a text that is no name
        return False


def _without_glue(text: str) -> str:
    """Return a text without the glue of emoji."""
    text = _KEYCAPS.sub("", _FLAGS.sub("\U0001f3f4", text))
    kept = ""
    for place, character in enumerate(text):
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        glue = character == _COLOURED and (_is_emoji(before) or before in _ODD_EMOJI)
        glue |= (
            character == _JOINER and _is_emoji(after) and (before == _COLOURED or _is_emoji(before))
        )
        kept += "" if glue else character
    return kept


def _is_emoji(character: str) -> bool:
    """Return whether a character may belong to an emoji."""
    return not character.isascii() and unicodedata.category(character) in _SIGNS


def _alphabets_of(text: str) -> set[str]:
    """Return the alphabets of a text that have look-alikes."""
    letters = filter(str.isalpha, unicodedata.normalize("NFKC", text))
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in letters} & _ALIKE


def _digits_of(text: str) -> set[str]:
    """Return the alphabets of a text's digits."""
    digits = (one for one in unicodedata.normalize("NFKC", text) if _is_digit(one))
    return {
        _ASCII if one.isascii() else unicodedata.name(one).partition(" DIGIT")[0] for one in digits
    }


def _is_digit(character: str) -> bool:
    return unicodedata.category(character) == _DIGIT
