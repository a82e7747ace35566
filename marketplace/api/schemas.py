"""How bodies look. What comes in is loaded by these schemas; what goes out is only described by them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from marketplace.foundation.input import Flag, Input, Strict, Text, whole_from
from security.labels import Level
from security.principal import Role
from tasks.spec import CampaignSpec
from tasks.stages import ACTS

LARGEST_PAGE = 200
LARGEST_ANSWER = 1_500_000
"""Characters of a sealed answer."""


def told(sentence: str, **more: Any) -> dict[str, Any]:
    """The metadata by which a field explains itself in the description."""
    return {"description": sentence, **more}


ROLES = [role.value for role in Role]
LEVELS = [level.label_key for level in Level]


class Why(Schema):
    """Why something is shown: a code with the facts that its sentence needs."""

    code = fields.String()
    args = fields.Dict(keys=fields.String(), values=fields.String())


class Reason(Why):
    """One rule that does not hold."""

    remedy = fields.String(allow_none=True, metadata=told("The code of what would help."))


class Problem(Schema):
    """What went wrong (RFC 9457), as `application/problem+json`."""

    type = fields.String(required=True, metadata=told("Names the kind of problem: act on this."))
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata=told("A sentence for people."))
    reference = fields.String(required=True, metadata=told("Quote this when you ask for help."))
    reasons = fields.List(
        fields.Nested(Reason), metadata=told("Every rule that does not hold, for refusals.")
    )
    errors = fields.Raw(metadata=told("What to mend: sentences by place, or a list of rows with reasons."))
    count = fields.Integer(metadata=told("How many rows are bad, where not all of them are listed."))
    problem = fields.String(metadata=told("What about the sealing is wrong, as a code."))


class AgencyName(Schema):
    """What an agency is called."""

    slug = fields.String()
    name = fields.String()
    initials = fields.String()


class Agency(AgencyName):
    """An agency as lists show it."""

    tint = fields.String()


class Skill(Schema):
    """A skill with its label in the reader's language."""

    code = fields.String()
    label = fields.String()


class Me(Schema):
    """The person whose token this is, as they act now."""

    name = fields.String()
    agency = fields.Nested(AgencyName)
    roles = fields.List(fields.String())
    clearance = fields.String()
    skills = fields.List(fields.Nested(Skill))
    locale = fields.String()


class CampaignName(Schema):
    """What a campaign is, in a person's own list."""

    id = fields.UUID()
    title = fields.String(metadata=told("The question of the work, in a few words."))
    name = fields.String()
    language = fields.String()
    agency = fields.Nested(Agency)
    minutes = fields.Integer(metadata=told("How long one item takes, about."))
    level = fields.String(validate=validate.OneOf(["public", "internal", "sensitive", "restricted"]))
    due = fields.Date(allow_none=True)


class CampaignSummary(CampaignName):
    """What every list of campaigns says of a campaign."""

    settled = fields.Integer(metadata=told("Items that have a result."))
    total = fields.Integer()
    stage = fields.String(
        metadata=told("`draft`, `submitted`, `discarded`, `open`, `paused`, `closed` or `cancelled`.")
    )
    protection = fields.String(
        allow_none=True,
        metadata=told("How content lies sealed: `server` or `end_to_end`; null: it lies open."),
    )
    skills = fields.List(fields.Nested(Skill))


class BoardRow(CampaignSummary):
    """A campaign on the board, with why it is shown and what is not met."""

    reasons = fields.List(fields.Nested(Why))
    missing = fields.List(fields.Nested(Reason))


class Campaigns(Schema):
    """The campaigns a person has to do with."""

    can = fields.List(fields.Nested(BoardRow), metadata=told("What you may work on now, best first."))
    away = fields.List(fields.Nested(BoardRow), metadata=told("What is one step away; `missing` says which."))
    own = fields.List(
        fields.Nested(CampaignSummary), metadata=told("Campaigns of your agency whose results you may read.")
    )


class CampaignInFull(CampaignSummary):
    """A campaign with its instructions and its form."""

    purpose = fields.String()
    instructions = fields.String(metadata=told("Markdown."))
    form = fields.Dict(metadata=told("`questions`, `fields` and `note`, as they were posted."))
    redundancy = fields.Integer(metadata=told("How many independent contributions an item asks for."))
    claim_minutes = fields.Integer()
    sealed = fields.Boolean(metadata=told("Items, answers and results lie sealed."))
    open = fields.Boolean()
    remark = fields.String(
        allow_none=True, metadata=told("What your agency's approver asked for when they sent it back.")
    )
    approvable = fields.Boolean(
        metadata=told("False: it waits, and nobody who could open it is cleared for its level.")
    )
    acts = fields.List(fields.String(), metadata=told("What you may do to it now, see `POST …/move`."))
    kept_until = fields.Date(
        allow_none=True, metadata=told("The last day of what is sealed; then it is shredded.")
    )
    shredded_on = fields.Date(allow_none=True, metadata=told("The day on which all of it was shredded."))
    need_to_know = fields.Boolean(metadata=told("It exists only for those who were let in by name."))


class Campaign(CampaignInFull):
    """A campaign with the address of its page."""

    page = fields.URL(metadata=told("The campaign's page for people."))


class Claim(Schema):
    """A claim of yours."""

    id = fields.UUID()
    microtask_id = fields.UUID()
    number = fields.Integer(metadata=told("The item's number in the campaign."))
    live = fields.Boolean()
    expires_at = fields.DateTime(allow_none=True, metadata=told("UTC. Gone when the claim has ended."))
    ended = fields.String(allow_none=True, metadata=told("`submitted`, `given_back` or `lapsed`."))
    extendable = fields.Boolean()
    campaign = fields.Nested(CampaignInFull)


class ClaimRow(Schema):
    """A live claim in a list."""

    id = fields.UUID()
    expires_at = fields.DateTime()
    number = fields.Integer()
    campaign = fields.Nested(CampaignName)


class AnsweredRow(Schema):
    """Something you answered; the day only, no times."""

    number = fields.Integer()
    day = fields.Date()
    state = fields.String(metadata=told("`settled` or `waiting`."))
    campaign = fields.Nested(CampaignName)


class Claims(Schema):
    """What is in your hands, and what became of what you submitted."""

    claims = fields.List(fields.Nested(ClaimRow))
    answered = fields.List(fields.Nested(AnsweredRow))


class Item(Schema):
    """The opened item of a claim: a text per field of the campaign's form; or the same sealed for your device."""

    claim_id = fields.UUID()
    item = fields.Dict(
        keys=fields.String(), values=fields.String(), allow_none=True, metadata=told("null for sealed work.")
    )
    sealed = fields.Nested(lambda: SealedItem(), allow_none=True)


class SealedPart(Schema):
    """Sealed content for one reader, as docs/sealing.md describes it. Bytes are in base64url without padding."""

    header = fields.Dict(metadata=told("The members of the header; its canonical form is what counts."))
    envelope = fields.String()
    purpose = fields.String(metadata=told("What the slot is for: `device`, or `campaign` end to end."))
    key_id = fields.String(metadata=told("The key that opens the slot."))
    slot = fields.String(metadata=told("The data key in a compact JWE."))
    signature = fields.String(allow_none=True)
    signer = fields.String(allow_none=True, metadata=told("The thumbprint of the device that signed it."))


class SealTo(Schema):
    """Under which header an answer is sealed, and to which key. You choose the header's `contribution`: a new UUID."""

    header = fields.Dict()
    key_id = fields.String()
    public_key = fields.Dict(metadata=told("A JWK of the curve P-256."))


class DraftTo(Schema):
    """Under which header a draft is sealed, and to which of your devices."""

    header = fields.Dict()
    devices = fields.List(fields.Dict())


class SealedItem(Schema):
    """An item sealed for your device, with what you need to answer it."""

    item = fields.Nested(SealedPart, allow_none=True, metadata=told("null while its key is waited for."))
    signer = fields.Dict(
        allow_none=True,
        metadata=told(
            "The public key (JWK) of the device that signed the item; null where the server sealed it."
        ),
    )
    evidence = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(),
        metadata=told(
            "What stands behind the device that signed the item, and behind yours, by thumbprint; end to end only. "
            "Verify it before you open the item or seal anything: docs/end-to-end.md."
        ),
    )
    saved = fields.Nested(SealedPart, allow_none=True, metadata=told("Your draft, if there is one."))
    answer = fields.Nested(SealTo)
    draft = fields.Nested(DraftTo)


class Contribution(Schema):
    """What was submitted is kept under this id; the answer is not repeated."""

    id = fields.UUID()
    claim_id = fields.UUID()


class AnswerValue(fields.Raw):
    """The value of one question: a text, or for some kinds a list of texts."""

    def __init__(self, **given: Any) -> None:
        a_text: dict[str, Any] = {"type": "string"}
        either = [a_text, {"type": "array", "items": a_text}]
        super().__init__(metadata={"oneOf": either}, **given)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, str) or (
            isinstance(value, list) and all(isinstance(each, str) for each in value)
        ):
            return value
        raise ValidationError("Must be a text, or a list of texts.")


BY_QUESTION = (
    "By the question's name: a text, or a list of texts; docs/campaign-toml.md says which kind has which."
)
LABELS = "What the values are called, in English, by the question's name."


class ResultRow(Schema):
    """A settled item in a list. The value of a sealed campaign stays closed here."""

    microtask_id = fields.UUID()
    number = fields.Integer()
    values = fields.Dict(
        allow_none=True, keys=fields.String(), values=AnswerValue(), metadata=told(BY_QUESTION)
    )
    labels = fields.Dict(allow_none=True, keys=fields.String(), values=fields.String(), metadata=told(LABELS))
    agreeing = fields.Integer(
        metadata=told("How many contributions say the same, by the rule of the result.")
    )
    answers = fields.Integer(metadata=told("How many contributions there are."))
    tied = fields.Boolean()
    settled_on = fields.Date()
    shredded_on = fields.Date(allow_none=True, metadata=told("The day on which its content was shredded."))


class Results(Schema):
    """A page of results, by number."""

    rows = fields.List(fields.Nested(ResultRow))
    next = fields.String(allow_none=True, metadata=told("Send it as `after` to read on; null at the end."))


class ValueCount(Schema):
    """How often a value was given."""

    value = AnswerValue()
    label = fields.String()
    count = fields.Integer()


class QuestionCounts(Schema):
    """How the answers to one question fell: options in the form's order, what people wrote by how often."""

    name = fields.String()
    agreeing = fields.Integer(metadata=told("How many gave just the value of the result."))
    counts = fields.List(fields.Nested(ValueCount))


class TraceStep(Schema):
    """One contribution behind a result. `alias` holds in this campaign only."""

    alias = fields.String()
    values = fields.Dict(keys=fields.String(), values=AnswerValue(), metadata=told(BY_QUESTION))
    labels = fields.Dict(keys=fields.String(), values=fields.String(), metadata=told(LABELS))
    note = fields.String(allow_none=True)
    day = fields.Date()
    agrees = fields.Boolean()


class SealedStep(Schema):
    """One contribution behind a sealed result."""

    alias = fields.String()
    day = fields.Date()
    answer = fields.Nested(SealedPart)


SIGNED = (
    "What stands behind the devices that signed key, items and values, by thumbprint; end to end only. Verify it, and "
    "the signatures by it, before you believe what you open: docs/end-to-end.md."
)


class SealedResult(Schema):
    """A result sealed for your device: item, value and trace; end to end with the campaign's key for your device."""

    item = fields.Nested(SealedPart)
    value = fields.Nested(SealedPart)
    trace = fields.List(fields.Nested(SealedStep))
    key = fields.Nested(SealedPart, allow_none=True)
    evidence = fields.Dict(keys=fields.String(), values=fields.Dict(), metadata=told(SIGNED))


class OneResult(Schema):
    """A result with its item and the trace to each contribution; of sealed work there is `sealed` alone."""

    sealed = fields.Nested(SealedResult)
    number = fields.Integer()
    item = fields.Dict(keys=fields.String(), values=fields.String())
    values = fields.Dict(keys=fields.String(), values=AnswerValue(), metadata=told(BY_QUESTION))
    labels = fields.Dict(keys=fields.String(), values=fields.String(), metadata=told(LABELS))
    agreeing = fields.Integer()
    answers = fields.Integer()
    tied = fields.Boolean()
    rule = fields.String(metadata=told("The rule that settled it."))
    version = fields.Integer()
    settled_on = fields.Date()
    questions = fields.List(fields.Nested(QuestionCounts))
    trace = fields.List(fields.Nested(TraceStep))


class Done(Schema):
    """It is done. `id` names what came of it, where something did."""

    id = fields.UUID(allow_none=True)
    done = fields.Boolean()


class LeftToTheDomain(fields.Nested):
    """Described like a nested schema, handed on as it came: the use-case itself checks it, for every door alike."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any
    ) -> Any:
        return value


class CampaignPost(Strict):
    """A new campaign: its settings, and one row of CSV per item.

    Not an Input: characters that cannot be stored are reported by the domain, with the row they are in.
    """

    spec = LeftToTheDomain(CampaignSpec, required=True, metadata=told("The campaign's settings."))
    csv = fields.String(
        required=True,
        metadata=told("CSV with a header row, comma or semicolon. Each field of the form names its column."),
    )
    draft = Flag(load_default=False, metadata=told("Keep it to yourself; you submit it later."))


class CampaignMove(Input):
    """An act that moves a campaign on."""

    act = fields.String(required=True, validate=validate.OneOf(list(ACTS)))
    remark = Text(2_000, load_default="", may_be_empty=True, metadata=told("What should change."))


class CampaignMoved(Schema):
    """Where a campaign is now."""

    id = fields.UUID()
    stage = fields.String()


class Approval(Schema):
    """A campaign that waits for an approver."""

    id = fields.UUID()
    name = fields.String()
    title = fields.String()
    language = fields.String()
    level = fields.String()
    owner = fields.String(metadata=told("Your colleague who posted it."))
    items = fields.Integer()
    minutes = fields.Integer(metadata=told("Per item."))
    contributions = fields.Integer(metadata=told("Per item."))
    submitted_on = fields.Date()
    yours = fields.Boolean(metadata=told("Whether you may open it: nobody opens their own."))


class Approvals(Schema):
    """What waits for the approvers of your agency."""

    campaigns = fields.List(fields.Nested(Approval))


class DeviceQuery(Input):
    """Which of your device keys sealed content is for."""

    device = fields.String(
        load_default=None,
        validate=validate.Length(43, 43),
        metadata=told("Its thumbprint. Needed for sealed work only."),
    )


class SealedSubmission(Input):
    """An answer sealed on your device; bytes are in base64url without padding."""

    contribution = fields.String(required=True, validate=validate.Length(36, 36))
    envelope = fields.String(required=True, validate=validate.Length(1, LARGEST_ANSWER))
    key_id = fields.String(required=True, validate=validate.Length(43, 43))
    slot = fields.String(required=True, validate=validate.Length(1, 1024))
    signature = fields.String(required=True, validate=validate.Length(86, 86))
    signer = fields.String(required=True, validate=validate.Length(43, 43))


class Submission(Input):
    """An answer to the questions of the campaign's form: in `answer`, or for sealed work in `sealed`."""

    sealed = fields.Nested(SealedSubmission, load_default=None, allow_none=True)
    answer = fields.Dict(
        keys=fields.String(),
        values=AnswerValue(),
        load_default=None,
        allow_none=True,
        metadata=told(
            "One value per question by the question's name, and perhaps a `note` for the owner. Which kind of question "
            "has which value: docs/campaign-toml.md.",
            example={"names": "species", "note": "The second word is smudged."},
        ),
    )

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if data["answer"] is None and data["sealed"] is None:
            raise ValidationError("This is needed.", "answer")
        if data["answer"] is not None and data["sealed"] is not None:
            raise ValidationError("Send it sealed or in the clear, not both.", "sealed")


class PersonLetIn(Schema):
    """Somebody who may know a campaign under need-to-know, to the end of the day `until`."""

    membership_id = fields.UUID()
    name = fields.String()
    agency = fields.String()
    email = fields.String(allow_none=True)
    until = fields.Date()


class LetIn(Schema):
    """Who is let in to a campaign."""

    name = fields.String(
        allow_none=True, metadata=told("The campaign's name; null where your clearance does not cover it.")
    )
    level = fields.String(metadata=told("The campaign's label."))
    need_to_know = fields.Boolean()
    people = fields.List(fields.Nested(PersonLetIn))


class LettingIn(Input):
    """Whom to let in, until when."""

    agency = Text(60, required=True, metadata=told("The slug of the person's agency."))
    email = Text(320, required=True, metadata=told("The person's e-mail address in that agency."))
    until = fields.Date(required=True, metadata=told("The last day, from today on, at most a year ahead."))


class Keeping(Input):
    """To which day sealed content is kept."""

    until = fields.Date(required=True, metadata=told("The last day, from today on."))


class BoardQuery(Input):
    """What the board should show; what is left out filters nothing."""

    agency = fields.List(fields.String(), load_default=list, metadata=told("Slugs of agencies. Repeatable."))
    level = fields.List(fields.String(), load_default=list, metadata=told("Levels. Repeatable."))
    skill = fields.List(fields.String(), load_default=list, metadata=told("Codes of skills. Repeatable."))
    minutes = fields.Integer(
        load_default=None, validate=whole_from(1, 480), metadata=told("At most so many minutes per item.")
    )
    q = Text(
        200,
        may_be_empty=True,
        load_default="",
        metadata=told("Words that occur in title, name, agency or purpose."),
    )


class PageQuery(Input):
    """Which part of a list."""

    after = Text(400, load_default=None, metadata=told("The `next` of the page before."))
    limit = fields.Integer(
        load_default=50, validate=whole_from(1, LARGEST_PAGE), metadata=told("How many rows, at most.")
    )
