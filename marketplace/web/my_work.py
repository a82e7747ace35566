"""My work: what is in my hands, and what became of what I did. By day, without counts or averages."""

from __future__ import annotations

from flask import render_template

from marketplace.edge.acting import current_context, current_principal
from marketplace.foundation.db import reading
from marketplace.web.blueprint import web
from tasks import queries


@web.get("/my-work")
def my_work() -> str:
    """What needs me first, then what became of the rest."""
    with reading() as db:
        work = queries.my_work(db, current_principal(), current_context())
    return render_template("my_work.html", work=work)
