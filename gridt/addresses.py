"""E-mail addresses, folded for comparison.

Two addresses are one if mail for both goes to the same place, as far as a server can know: the part
before the `@` is compared as a name, the domain by IDNA 2008.
"""

import idna

from gridt.text import fold

#: the beginning of a label that stands for letters beyond ASCII
_ENCODED = "xn--"
#: the longest label (RFC 1035)
_LONGEST_LABEL = 63
#: the longest domain (RFC 1035), in either form; a longer one is no domain
_LONGEST_DOMAIN = 253


def fold_address(text: str) -> str:
    """Return an e-mail address in its one form.

    Blanks around it do not count. A text without `@` is folded as other texts are.
    """
    text = text.strip()
    local, at, domain = text.rpartition("@")
    return f"{fold(local)}@{fold_domain(domain)}" if at else fold(text)


def fold_domain(domain: str) -> str:
    """Return a domain in its one form.

    `BÜCHER.example` and `xn--bcher-kva.example` are both `bücher.example`; `faß.example` is not
    `fass.example`. A domain that IDNA does not know, such as one of symbols, is folded as other
    texts are, and so are the characters for which its labels stand.
    """
    if domain.isascii() and _ENCODED not in domain.lower():
        return domain.lower()
    if encoded := encoded_domain(domain):
        return idna.decode(encoded)
    return ".".join(map(_decoded, fold(domain).split(".")))


def encoded_domain(domain: str) -> str | None:
    """Return a domain in its encoded form, or None.

    IDNA does not know symbols, and no e-mail can be sent to what it cannot encode.
    """
    if len(domain) > _LONGEST_DOMAIN:
        return None
    try:
        return idna.encode(domain, uts46=True).decode()  # encoding maps and checks it
    except ValueError:
        return None


def _decoded(label: str) -> str:
    """Return a folded label, decoded if it can be."""
    if not label.startswith(_ENCODED) or not len(_ENCODED) < len(label) <= _LONGEST_LABEL:
        return label
    try:
        text = fold(label.removeprefix(_ENCODED).encode("ascii").decode("punycode"))
        text.encode()
    except ValueError:
        return label
    # another form of a label, or several labels, would be folded once more
    return label if text.isascii() or "." in text or text.startswith(_ENCODED) else text
