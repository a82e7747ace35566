"""By which rule a campaign's answers are decided: the same wherever that happens, on the server or at the agency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.consensus.inference import Answer, Inference
from tasks.consensus.majority import RULE, majority

RULES = frozenset({RULE})
"""The rules by which a result may say that it was decided."""


def decide(question: Mapping[str, Any], answers: Sequence[Answer]) -> Inference:
    """What `answers` to a form's question amount to. Raises NothingToInfer."""
    options = [option["value"] for option in question["options"]]
    return majority(answers, options, question["cannot_tell"])
