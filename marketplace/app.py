"""The web application: settings in, a Flask app out. Everything else is bound here, once per process."""

from __future__ import annotations

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from agencies.keys import bound, chosen
from marketplace import api, proofs, scim, web
from marketplace.edge import headers, larger_bodies, logout, permissions, problems, sign_in, step_up
from marketplace.edge.application import Application, without_messages
from marketplace.edge.health import health
from marketplace.foundation import db, process
from marketplace.foundation.settings import Settings
from marketplace.web.problem_page import in_words, problem_page

LARGEST_BODY = 1024 * 1024
LARGEST_FORM_IN_MEMORY = LARGEST_BODY
"""Forms stay in memory, and files (`RequestInMemory`): a spooled one would be payload in a temporary file."""


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application. Raises BadSettings with every problem found."""
    settings = settings or Settings.from_environ(os.environ)
    app = build(settings)
    start(app, settings, _engine(app, settings.database_url))
    return app


def build(settings: Settings) -> Flask:
    """The application with its routes and pages, before it has a database, keys, or anything to remember."""
    app = Application("marketplace", static_folder=None, template_folder=None)
    app.logger.addFilter(without_messages)
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM_IN_MEMORY,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="__Host-market_form" if settings.https else "market_form",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        PROPAGATE_EXCEPTIONS=False,
    )
    app.url_map.merge_slashes = False  # werkzeug would redirect with a page of its own, programs too
    app.before_request(larger_bodies.allow)
    csrf = CSRFProtect(app)
    logout.install(app, csrf)
    step_up.install(app)
    app.before_request(permissions.guard)
    app.after_request(headers.protect)
    app.register_blueprint(health)
    web.install(app)
    api.install(app, csrf)
    scim.install(app, csrf)
    proofs.install(app, csrf)
    problems.install(app, problem_page, in_words, {"/scim/": scim.answers.document})
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies, x_host=0
        )
    return app


def start(app: Flask, settings: Settings, engine: Engine) -> None:
    """Bind everything to one database and its keys; whatever the application remembered is forgotten."""
    app.config["SECRET_KEY"] = settings.secret_key
    app.extensions["market_settings"] = settings
    process.start(settings, engine)
    bound.bind(chosen(settings))
    sign_in.start(app)
    logout.start(app)


def _engine(app: Flask, url: str) -> Engine:
    """Flask-SQLAlchemy owns the engine of the web process; the domain is told of it once."""
    app.config.update(SQLALCHEMY_DATABASE_URI=url, SQLALCHEMY_ENGINE_OPTIONS=db.engine_options(url))
    database = SQLAlchemy(app, metadata=db.Base.metadata)
    with app.app_context():
        db.prepare(database.engine)
        return database.engine
