"""Pictures of every page: `python -m tests.web.gallery [FOLDER] [--only NAME]`, by default below var/gallery.

Each page in English on a desktop, in dark on a desktop, on a phone, and in German on a phone in dark.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.web import serving, stage
from tests.web.stage import Stage

VIEWS = (
    ("", {"width": 1280}),
    ("-dark", {"width": 1280, "appearance": "dark"}),
    ("-phone", {"width": 390}),
    ("-phone-dark-de", {"width": 390, "appearance": "dark", "language": "de"}),
)
Page = tuple[str, str | None, str]


def pages(on: Stage) -> Iterator[Page]:
    """Every page: its name, who looks at it, its address."""
    strikes = on.campaign()
    glossary = on.campaign("Is the German term right?")
    passage = on.claim("lena", "Which policy field does this passage concern?")
    settled = on.settled_item()
    yield from (
        ("start", None, "/"),
        ("sign-in", None, "/sign-in"),
        ("sign-in-agency", None, "/sign-in/civil-aviation"),
        ("help", None, "/help"),
        ("accessibility", None, "/accessibility"),
        ("data-protection", None, "/data-protection"),
        ("not-found", None, "/nowhere"),
        ("board", "maja", "/work"),
        ("board-filtered", "maja", "/work?minutes=2&level=internal"),
        ("board-nothing", "maja", "/work?q=zeppelin"),
        ("campaign", "maja", f"/campaigns/{strikes}"),
        ("campaign-step-away", "maja", f"/campaigns/{glossary}"),
        ("work", "maja", f"/claims/{on.claim('maja')}"),
        ("work-passage", "lena", f"/claims/{passage}"),
        ("work-over", "maja", f"/claims/{on.ended}"),
        ("my-work", "maja", "/my-work"),
        ("my-work-empty", "nora", "/my-work"),
        ("notices", "maja", "/notices"),
        ("notices-empty", "nora", "/notices"),
        ("sessions", "maja", "/sessions"),
        ("device-keys", "maja", "/device-keys"),
        ("my-skills", "maja", "/my-skills?q=description"),
        ("my-skills-nothing", "nora", "/my-skills?q=zeppelin"),
        ("people-skills", "greta", "/agency/skills"),
        ("person-skills", "greta", f"/agency/skills/{on.confirmed_skill().membership_id}"),
        ("campaigns", "ines", "/campaigns"),
        ("post-sealed", "ines", "/campaigns/sealed/new"),
        ("campaign-key", "ines", f"/campaigns/{on.sealed()}/key"),
        ("key-desk", "ines", f"/campaigns/{on.sealed()}/key-desk"),
        ("room", "ines", f"/campaigns/{strikes}/room"),
        ("room-waiting", "ines", f"/campaigns/{on.waiting()}/room"),
        ("approvals", "felix", "/approvals"),
        ("approvals-empty", "bram", "/approvals"),
        ("approval", "felix", f"/approvals/{on.waiting()}"),
        ("room-empty", "ines", f"/campaigns/{glossary}/room"),
        ("results", "ines", f"/campaigns/{strikes}/results"),
        ("results-empty", "ines", f"/campaigns/{glossary}/results"),
        ("retention", "ines", f"/campaigns/{strikes}/retention"),
        ("shred", "ines", f"/campaigns/{strikes}/shred"),
        ("shred-item", "ines", f"/campaigns/{strikes}/items/{settled}/shred"),
        ("result", "ines", f"/campaigns/{strikes}/results/{settled}"),
        ("record", "haas", "/record"),
        ("record-filtered", "haas", "/record?act=payload.view&outcome=done"),
        ("record-today", "haas", "/record?period=today&label=sensitive&readings=shown"),
        ("record-nothing", "haas", "/record?q=zeppelin&pseudonym=nobody-00"),
        ("alerts", "haas", "/record/alerts"),
        ("alert", "haas", f"/record/alerts/{on.alert()}"),
        ("alert-hand-on", "haas", f"/record/alerts/{on.alert()}/hand-on"),
        ("alert-rules", "haas", "/record/alert-rules"),
        ("incidents", "haas", "/record/incidents"),
        ("incident-new", "haas", "/record/incidents/new?act=payload.view&outcome=done"),
        ("incident", "haas", f"/record/incidents/{on.incident()}"),
        ("reviews", "felix", "/record/reviews"),
        ("review", "felix", f"/record/reviews/{on.review()}"),
        ("devices-seen", "haas", "/record/device-keys"),
        ("device-seen", "haas", f"/record/device-keys/{on.device_seen()}/remove"),
        ("summary", "haas", "/record/summary"),
        ("look-ups", "haas", "/record/look-ups"),
        ("look-up-to-answer", "dora", f"/record/look-ups/{on.look_up()}"),
        ("my-record", "karim", "/my-record"),
        ("my-record-mine", "karim", "/my-record?show=by"),
        ("data-requests", "dora", "/data-requests"),
        ("data-request", "dora", f"/data-requests/{on.request()}"),
        ("need-to-know", "haas", "/campaigns/need-to-know"),
        ("need-to-know-campaign", "haas", f"/campaigns/{on.campaign(stage.VISITS)}/need-to-know"),
        ("need-to-know-nothing", "sofie", "/campaigns/need-to-know"),
        ("handling", "felix", "/agency/handling"),
        ("agency-keys", "felix", "/agency/keys"),
        ("keys-by-year", "felix", "/agency/keys/years"),
        ("key-destruction", "felix", f"/agency/keys/years/{on.keys.current('civil-aviation', 2018)}"),
        ("units", "felix", "/agency/units"),
        ("unit", "felix", f"/agency/units/{on.unit(stage.SAFETY)}"),
        ("unit-guest", "greta", f"/agency/units/{on.unit(stage.DESK)}"),
        ("person-units", "felix", f"/agency/people/{on.person('karim').membership_id}"),
        ("operation", "jan", "/operation"),
        ("refused", "maja", "/record"),
        ("rules", "bram", "/agency/rules"),
        ("rules-empty", "felix", "/agency/rules"),
        ("rules-choose", "bram", "/agency/rules/new"),
        ("rule-new", "bram", "/agency/rules/new?about=agencies"),
        ("rule-expert", "bram", "/agency/rules/new?about=expert"),
        ("rule", "bram", "/agency/rules/rule/networks"),
        ("rules-preview", "bram", "/agency/rules/preview"),
        ("rules-version", "bram", "/agency/rules/versions/1"),
    )


def main(arguments: list[str]) -> None:
    """Take the pictures."""
    only = arguments[arguments.index("--only") + 1] if "--only" in arguments else ""
    folder = Path(
        next((word for word in arguments if not word.startswith("--") and word != only), "var/gallery")
    )
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        on = stage.play(stage.set_up(Path(home)))
        with serving.served(on) as url, serving.chromium() as browser:
            for name, login, path in pages(on):
                if only and only != name:
                    continue
                for suffix, view in VIEWS:
                    with serving.visitor(browser, on, url, login, **view) as context:
                        page = context.new_page()
                        page.goto(path)
                        page.screenshot(path=folder / f"{name}{suffix}.png", full_page=True)


if __name__ == "__main__":
    main(sys.argv[1:])
