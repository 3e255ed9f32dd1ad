"""Names of devices that users recognise.

A library that knows every browser takes 7 MiB of each process and a tenth of a second at first use;
the few names below are enough to distinguish a user's sessions.
"""

import re

#: the word in a User-Agent, and its usual name; many also claim to be those after them
_PROGRAMS = {
    "Edg": "Edge",
    "EdgA": "Edge",
    "EdgiOS": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Vivaldi": "Vivaldi",
    "FxiOS": "Firefox",
    "Firefox": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Macintosh": "macOS",
    "Linux": "Linux",
}

_PROGRAM = re.compile(rf"\b({'|'.join(_PROGRAMS)})/")
_SYSTEM = re.compile("|".join(_SYSTEMS))
#: a product token, as RFC 9110 has it
_PRODUCT = re.compile(r"[\w!#$%&'*+.^`|~-]{1,64}", re.ASCII)


def device_of(user_agent: str | None) -> str | None:
    """Return the device of a User-Agent header, or None."""
    text = user_agent or ""
    first = _PRODUCT.match(text)
    name = _first_name(_PROGRAMS, _PROGRAM, text) or (first[0] if first else None)
    system = _first_name(_SYSTEMS, _SYSTEM, text)
    return f"{name} on {system}" if name and system else name or system


def _first_name(names: dict[str, str], pattern: re.Pattern[str], text: str) -> str | None:
    """Return the name of the table's first matching word.

    The order of the table counts, not that of the text.
    """
    words = set(pattern.findall(text))
    return next((name for word, name in names.items() if word in words), None)
