"""E-mail addresses, folded for comparison.

Two addresses are one if mail for both goes to the same place, as far as a server can know: the part
before the `@` is compared as a name, the domain by IDNA 2008.
"""

import idna

from gridt.text import fold

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
    `fass.example`. A text that is no domain is folded as other texts are.
    """
    if domain.isascii() and "xn--" not in domain.lower():
        return domain.lower()
    if len(domain) <= _LONGEST_DOMAIN:
        try:
            # encoding maps and checks it; no e-mail could be sent to one that cannot be encoded
            return idna.decode(idna.encode(domain, uts46=True))
        except ValueError:
            pass
    return fold(domain)
