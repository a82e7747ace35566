"""The catalogues of translated sentences, read straight from the .po files.

No compiled catalogue is stored anywhere: each .po is compiled in memory when it is first needed (a few hundred
strings, some milliseconds), so that what translators edit is what people read, on pages and in mails.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES = {"en": "English", "de": "Deutsch", "nl": "Nederlands", "fr": "Français"}
SOURCE = "en"
CATALOGUES = Path(__file__).parents[1] / "translations"


@cache
def catalogue(code: str) -> NullTranslations:
    """The translations of one language; the source language needs none."""
    path = CATALOGUES / code / "LC_MESSAGES" / "messages.po"
    if code == SOURCE or code not in LANGUAGES or not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        messages = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return Translations(compiled)
