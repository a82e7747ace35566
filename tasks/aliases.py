"""How a contributor is called inside one campaign: a tree and a number, the same through the campaign, unlike
anywhere else.

The work record and the security record are never joined (D18), so these names share nothing with the birds of the
security record. Erasing a campaign's key unties them from people for ever.
"""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

TREES = (
    "acacia", "alder", "almond", "apple", "ash", "aspen", "beech", "birch", "box", "cedar", "cherry", "chestnut",
    "cypress", "elder", "elm", "fig", "fir", "ginkgo", "hawthorn", "hazel", "hemlock", "hickory", "holly",
    "hornbeam", "juniper", "larch", "laurel", "lemon", "lime", "linden", "magnolia", "maple", "medlar", "mulberry",
    "myrtle", "oak", "olive", "orange", "palm", "peach", "pear", "pine", "plane", "plum", "poplar", "quince",
    "redwood", "rowan", "sallow", "sequoia", "service", "spindle", "spruce", "sycamore", "tamarisk", "teak",
    "thuja", "tulip", "viburnum", "walnut", "whitebeam", "willow", "yew", "zelkova",
)  # fmt: skip


def alias(key: bytes, person_id: UUID) -> str:
    """The name of a person inside the campaign that has this key, for example `linden-0427`."""
    drawn = int.from_bytes(hmac.digest(key, person_id.bytes, hashlib.sha256)[:8], "big")
    return f"{TREES[drawn % len(TREES)]}-{drawn // len(TREES) % 10_000:04d}"
