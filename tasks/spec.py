"""A campaign's settings as they come in, from a page, the API or a `campaign.toml`. Contradictions are refused."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validate, validates_schema
from marshmallow import fields as kinds

from marketplace.foundation.input import Flag, Input, Text, Whole, entries
from security.labels import Level
from tasks.errors import BadSpec
from tasks.form import FormSpec

LEVELS = [level.label_key for level in Level]
LANGUAGES = ["en", "de", "nl", "fr"]


class CampaignSpec(Input):
    """Everything about a campaign but its items."""

    name = Text(200, required=True)
    title = Text(200, required=True)
    language = kinds.String(load_default="en", validate=validate.OneOf(LANGUAGES))
    purpose = Text(2_000, required=True)
    instructions = Text(20_000, required=True)
    level = kinds.String(load_default="internal", validate=validate.OneOf(LEVELS))
    compartments = kinds.List(Text(60), load_default=list, validate=entries(0, 20))
    audience = kinds.List(Text(60), load_default=None, allow_none=True, validate=entries(1, 500))
    skills = kinds.List(Text(60), load_default=list, validate=entries(0, 20))
    minutes = Whole(1, 480, load_default=1)
    contributions = Whole(1, 99, load_default=3)
    claim_minutes = Whole(1, 10_080, load_default=30)
    queue = kinds.String(load_default="listed", validate=validate.OneOf(["listed", "any"]))
    need_to_know = Flag(load_default=False)
    due = kinds.Date(load_default=None, allow_none=True)
    form = kinds.Nested(FormSpec, required=True)

    @validates_schema
    def _settings_agree(self, data: dict[str, Any], **_: Any) -> None:
        if data["claim_minutes"] < data["minutes"]:
            raise ValidationError(
                "A claim would end before an item can be done: make claim_minutes at least as long as minutes.",
                "claim_minutes",
            )
        if data["compartments"] and Level.parse(data["level"]) < Level.SENSITIVE:
            raise ValidationError("Compartments only restrict sensitive and restricted work.", "compartments")


def read(spec: Any) -> dict[str, Any]:
    """The checked settings. Raises BadSpec with `errors` by place."""
    if not isinstance(spec, dict):
        raise BadSpec(errors={"spec": ["Must be an object."]})
    try:
        loaded: dict[str, Any] = CampaignSpec().load(spec)
    except ValidationError as error:
        raise BadSpec(errors=error.messages) from None
    return loaded
