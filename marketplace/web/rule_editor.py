"""One rule of the draft: choosing what it is about, its form, its examples with what the rule says to each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from agencies import directory
from agencies.rules import drafting, examples, patterns
from marketplace.edge.acting import current_principal
from marketplace.foundation.db import reading as reads
from marketplace.web import rule_forms, rule_words
from marketplace.web.blueprint import web
from marketplace.web.languages import chosen
from marketplace.web.rule_cards import acted, card, names_of, one, own_draft, revision, who
from marketplace.web.rule_forms import RuleForm
from security.access.attributes import ATTRIBUTES
from security.access.documents import case_json


@web.get("/agency/rules/new")
def new_rule() -> str:
    """Choose what a new rule is about, then fill in its form."""
    about = request.args.get("about", "")
    if about not in rule_words.PATTERNS:
        return render_template("rules_choose.html", patterns=rule_words.PATTERNS)
    draft = own_draft()
    return _form_page(rule_forms.blank(about, _ids(draft)), draft, None)


@web.post("/agency/rules/new")
def keep_new_rule() -> Response | tuple[str, int]:
    """Put a new rule into the draft."""
    return _kept(None)


@web.get("/agency/rules/rule/<rule_id>")
def rule(rule_id: str) -> str:
    """One rule: its form, and its examples with what the rule says to each."""
    draft = own_draft()
    found, as_expert = draft.rule(rule_id), request.args.get("as") == "json"
    form = rule_forms.of_rule(found, current_principal().agency_slug, as_expert=as_expert)
    return _form_page(form, draft, found)


@web.post("/agency/rules/rule/<rule_id>")
def keep_rule(rule_id: str) -> Response | tuple[str, int]:
    """Change a rule of the draft."""
    return _kept(rule_id)


@web.post("/agency/rules/rule/<rule_id>/drop")
def drop_rule(rule_id: str) -> Response:
    """Take a rule out of the draft."""
    acted(lambda tx: drafting.drop_rule(tx, rule_id, revision=revision(), **who()))
    flash(gettext("The rule is out of your draft. It holds until you sign."))
    return redirect(url_for("web.rules"), 303)


@web.post("/agency/rules/rule/<rule_id>/examples")
def add_example(rule_id: str) -> Response | tuple[str, int]:
    """Add an example to a rule."""
    draft, names = own_draft(), _agency_names()
    found = draft.rule(rule_id)
    fields = rule_forms.case_fields(one(found), names)
    example, errors = rule_forms.example_from(request.form, fields)
    if errors and revision() == draft.revision:
        given = {name: value[:200] for name, value in request.form.items()}
        form = rule_forms.of_rule(found, current_principal().agency_slug)
        return _form_page(form, draft, found, example_errors=errors, given=given), 422
    changed = found | {"examples": [*found.get("examples", ()), example]}
    acted(lambda tx: drafting.keep_rule(tx, changed, replaces=rule_id, revision=revision(), **who()))
    flash(gettext("The example is kept."))
    return redirect(url_for("web.rule", rule_id=rule_id) + "#examples", 303)


@web.post("/agency/rules/rule/<rule_id>/examples/<int:number>/drop")
def drop_example(rule_id: str, number: int) -> Response:
    """Remove an example from a rule."""
    found = own_draft().rule(rule_id)
    kept = [example for at, example in enumerate(found.get("examples", ())) if at != number]
    changed = found | {"examples": kept}
    acted(lambda tx: drafting.keep_rule(tx, changed, replaces=rule_id, revision=revision(), **who()))
    flash(gettext("The example is removed."))
    return redirect(url_for("web.rule", rule_id=rule_id) + "#examples", 303)


def _kept(rule_id: str | None) -> Response | tuple[str, int]:
    draft = own_draft()
    before = draft.rule(rule_id) if rule_id else None
    about = request.form.get("about", "")
    form = rule_forms.typed(request.form, about if about in rule_words.PATTERNS else patterns.EXPERT, before)
    taken = [each for each in _ids(draft) if each != rule_id]
    made, errors = rule_forms.rule_from(form, current_principal().agency_slug, taken)
    # A form of another revision is told so, or is a repeat: its own errors would only confuse.
    if errors and revision() == draft.revision:
        return _form_page(form, draft, before, errors=errors), 422
    if before is None and not errors:
        made["examples"] = _first_examples(made)
    acted(lambda tx: drafting.keep_rule(tx, made, replaces=rule_id, revision=revision(), **who()))
    flash(gettext("The rule is in your draft. Look at its examples, then try the draft out."))
    return redirect(url_for("web.rule", rule_id=made["id"]), 303)


def _first_examples(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A case that may and one that may not, to begin with: the author looks at them and adds better ones."""
    rule, found = one(made), []
    text, _ = rule_words.reason(made, chosen())
    for allowed, why in ((True, gettext("This is what the rule asks for.")), (False, text)):
        case = examples.suggested(rule, allowed)
        if case is not None:
            found.append({"case": case_json(case), "allowed": allowed, "why": why})
    return found


def _form_page(
    form: RuleForm,
    draft: drafting.Draft,
    found: Mapping[str, Any] | None,
    *,
    errors: rule_forms.Errors | None = None,
    example_errors: rule_forms.Errors | None = None,
    given: Mapping[str, str] | None = None,
) -> str:
    agencies = _agency_names()
    with reads() as db:
        names = names_of(db, draft.body, found)
    rule = one(found) if found else None
    return render_template(
        "rules_rule.html",
        form=form,
        vocabulary=_vocabulary(),
        rule=card(rule, names) if rule else None,
        rule_id=found["id"] if found else None,
        title=rule_words.PATTERNS[form.about],
        pattern=form.pattern,
        label=rule_words.FIELDS.get(form.about),
        options=_options(form, agencies),
        words=rule_words,
        whom=[(code, *rule_words.WHOM[code]) for code in patterns.WHOM],
        fixed=patterns.recognised(found["must"]) is not None if found else form.about != patterns.EXPERT,
        tried=[_tried(each, names) for each in examples.of_rule(rule)] if rule else [],
        case_fields=rule_forms.case_fields(rule, agencies, given) if rule else [],
        given=given or {},
        full=rule_forms.full(found) if found else False,
        errors=errors or [],
        example_errors=example_errors or [],
        faulty={at for at, _ in (errors or []) + (example_errors or [])},
        languages_first=_languages_first(),
        more_reasons=set(form.reasons) - set(_languages_first()),
        revision=draft.revision,
    )


def _options(form: RuleForm, agencies: Mapping[str, str]) -> list[tuple[str, str]]:
    pattern = form.pattern
    if pattern is None:
        return []
    if pattern.kind == "agencies":
        return list(agencies.items())
    words = rule_words.OPTION_WORDS.get(form.about, str)
    return [(code, words(code)) for code in pattern.options]


def _vocabulary() -> list[dict[str, str]]:
    """What conditions can speak of, for who writes them as JSON."""
    labels = rule_words.ATTRIBUTE_NAMES
    return [
        {"name": name, "label": str(labels[name]), "values": ", ".join(attribute.words)}
        for name, attribute in ATTRIBUTES.items()
        if name in labels
    ]


def _languages_first() -> list[str]:
    """The languages that a reason is asked in at once: English, and the reader's own."""
    return list(dict.fromkeys(("en", chosen())))


def _tried(each: examples.Checked, names: rule_words.Names) -> dict[str, Any]:
    return {
        "number": each.number,
        "case": rule_words.case(each.example.case, names),
        "allowed": each.example.allowed,
        "why": each.example.why,
        "agrees": each.agrees,
    }


def _ids(draft: drafting.Draft) -> list[str]:
    return [rule["id"] for rule in draft.body["rules"]]


def _agency_names() -> dict[str, str]:
    with reads() as db:
        return directory.names(db)
