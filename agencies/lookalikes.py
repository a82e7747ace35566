"""Names and addresses that people would mistake for one another. Pure.

Two texts are alike when their skeletons are: characters that look the same are written as one (after Unicode TR39,
for the Latin, Cyrillic and Greek letters and digits that names of agencies are made of), accents fall off, and an
internationalised label (`xn--`) is read as people see it. One letter more, less or other is near.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

_CYRILLIC = dict(zip("абвгеёзийклмнопрстухѕіјһԁԛԝүґ", "a6bree3uuklmhonpctyxsijhdqwyr", strict=True))
_GREEK = dict(zip("αβγεηικμνορτυχωϲ", "abyenikuvoptuxwc", strict=True))
_OTHERS = {
    "ı": "i",
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "0": "o",
    "1": "l",
    "|": "l",
}
_LOOKS = _CYRILLIC | _GREEK | _OTHERS
_PAIRS = (("rn", "m"), ("vv", "w"))
_SHARED_SECOND = frozenset(
    {"ac", "admin", "co", "com", "edu", "go", "gob", "gouv", "gov", "gv", "net", "org"}
)
"""Labels below which names are given out, as in `gov.uk`: with them the registered part has three labels."""
_SHORTEST = 4
"""Names shorter than this are near to too much to mean anything."""


class Likeness(StrEnum):
    """How alike: the first two are refused, the others are shown to whoever signs."""

    TAKEN = "taken"
    CONFUSABLE = "confusable"
    NEAR = "near"
    MIXED = "mixed_script"


REFUSED = frozenset({Likeness.TAKEN, Likeness.CONFUSABLE})


@dataclass(frozen=True, slots=True)
class Known:
    """What an agency is known by: its names, its host names (domain, mail domains), and its issuer's host."""

    slug: str
    names: tuple[str, ...]
    hosts: tuple[str, ...]
    issuer_host: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """`value`, a new agency's `what` (name, domain, issuer), is like something of the agency `other`."""

    what: str
    value: str
    other: str | None
    how: Likeness

    def plain(self) -> dict[str, str | None]:
        """As it stands in a proposal."""
        return asdict(self) | {"how": self.how.value}


def findings(new: Known, known: Iterable[Known]) -> list[Finding]:
    """Everything of a new agency that looks like something of another, or mixes scripts."""
    found = [*_mixed("name", new.names), *_mixed("domain", new.hosts)]
    for other in known:
        found += _alike("name", new.names, other.slug, other.names, of_names)
        found += _alike("domain", new.hosts, other.slug, other.hosts, of_hosts)
        if new.issuer_host:
            theirs = (*other.hosts, *([other.issuer_host] if other.issuer_host else ()))
            found += [
                finding
                for finding in _alike("issuer", (new.issuer_host,), other.slug, theirs, of_hosts)
                # Two agencies may have their sign-in at one provider's address; only a look-alike deceives.
                if finding.how is not Likeness.TAKEN
            ]
    return list(dict.fromkeys(found))


def of_names(one: str, other: str) -> Likeness | None:
    """How alike two names of agencies are."""
    if _plain(one) == _plain(other):
        return Likeness.TAKEN
    return _of_skeletons(_squeezed(one), _squeezed(other))


def of_hosts(one: str, other: str) -> Likeness | None:
    """How alike two host names are. Hosts below one registered name belong together and are not alike."""
    one, other = seen(one), seen(other)
    if one == other:
        return Likeness.TAKEN
    if _is_address(one) or _is_address(other):
        return None
    mine, theirs = registered(one), registered(other)
    if mine == theirs:
        return None
    if skeleton(mine) == skeleton(theirs):
        return Likeness.CONFUSABLE
    own, their = _name_of(mine), _name_of(theirs)
    if own == their:
        return Likeness.NEAR
    return _of_skeletons(_squeezed(own), _squeezed(their))


def skeleton(text: str) -> str:
    """What is left of a text when everything that looks the same is written the same."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(each for each in folded if not unicodedata.combining(each))
    written = "".join(_LOOKS.get(each, each) for each in bare)
    for pair, single in _PAIRS:
        written = written.replace(pair, single)
    # One stroke is all that i and l have in many typefaces.
    return written.replace("i", "l")


def seen(host: str) -> str:
    """A host name as people see it: lower case, internationalised labels decoded."""
    return ".".join(_decoded(label) for label in host.lower().rstrip(".").split("."))


def registered(host: str) -> str:
    """The part of a host name that somebody registered: `sign-in.finance.gov.example` → `finance.gov.example`."""
    labels = host.split(".")
    deep = 3 if len(labels) > 2 and labels[-2] in _SHARED_SECOND else 2
    return ".".join(labels[-deep:])


def host_of(issuer: str) -> str | None:
    """The host of an issuer's address, None for what is no address."""
    try:
        return urlsplit(issuer).hostname
    except ValueError:
        return None


def mixes_scripts(text: str) -> bool:
    """Whether letters of several alphabets stand in one word, as no word of a language does."""
    words = seen(text).replace(".", " ").replace("-", " ").split()
    return any(len({_script(each) for each in word if each.isalpha()}) > 1 for word in words)


def _alike(
    what: str,
    mine: Sequence[str],
    slug: str,
    theirs: Sequence[str],
    compare: Callable[[str, str], Likeness | None],
) -> list[Finding]:
    pairs = ((value, compare(value, other)) for value in mine for other in theirs)
    return [Finding(what, value, slug, how) for value, how in pairs if how is not None]


def _mixed(what: str, texts: Sequence[str]) -> list[Finding]:
    return [Finding(what, text, None, Likeness.MIXED) for text in texts if mixes_scripts(text)]


def _of_skeletons(one: str, other: str) -> Likeness | None:
    if one == other:
        return Likeness.CONFUSABLE
    if min(len(one), len(other)) >= _SHORTEST and _one_apart(one, other):
        return Likeness.NEAR
    return None


def _one_apart(one: str, other: str) -> bool:
    """Whether one letter more, less or other, or two neighbours swapped, makes one of the other."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    at = next((at for at, letter in enumerate(one) if letter != other[at]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    swapped = one[at + 1 : at + 2] + one[at : at + 1] + one[at + 2 :]
    return one[at + 1 :] == other[at + 1 :] or swapped == other[at:]


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _squeezed(text: str) -> str:
    return "".join(each for each in skeleton(text) if each.isalnum())


def _name_of(host: str) -> str:
    return host.split(".")[0]


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _script(letter: str) -> str:
    """The alphabet of a letter, by its Unicode name: LATIN, CYRILLIC, GREEK."""
    return unicodedata.name(letter, "UNKNOWN").split()[0]


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return host == "localhost"
    return True
