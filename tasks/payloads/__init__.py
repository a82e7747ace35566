"""Content at rest: plain JSON for open work, sealed for sensitive work, through the same few verbs.

What protects a campaign's content is decided when it is posted. The header says what a payload is and binds the
ciphertext to it; who may open it is said by the slots beside it.
"""

from tasks.payloads.handing import Part, handed, handed_key, handed_to_campaign, key_part
from tasks.payloads.keeping import Content, Sealed, Slot, keep, keep_all, keep_sealed
from tasks.payloads.opening import check_sealed, open_all, open_one
from tasks.payloads.refs import Ref, answer, draft, header_of, item, key, result

__all__ = [
    "Content",
    "Part",
    "Ref",
    "Sealed",
    "Slot",
    "answer",
    "check_sealed",
    "draft",
    "handed",
    "handed_key",
    "handed_to_campaign",
    "header_of",
    "item",
    "keep",
    "keep_all",
    "keep_sealed",
    "key",
    "key_part",
    "open_all",
    "open_one",
    "result",
]
