"""The web application: settings in, a Flask app out. Everything else is bound here, once per process."""

from __future__ import annotations

import os

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from agencies.keys import KeyringFile, bound
from marketplace import api, proofs, scim, web
from marketplace.edge import headers, logout, permissions, problems, sign_in, step_up
from marketplace.edge.application import Application, without_messages
from marketplace.edge.health import health
from marketplace.foundation import process
from marketplace.foundation.db import Base, engine_options
from marketplace.foundation.settings import Settings
from marketplace.web.problem_page import problem_page

LARGEST_BODY = 1024 * 1024
LARGEST_FORM_IN_MEMORY = LARGEST_BODY
"""Forms stay in memory, and files (`RequestInMemory`): a spooled one would be payload in a temporary file."""


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application. Raises BadSettings with every problem found."""
    settings = settings or Settings.from_environ(os.environ)
    app = Application("marketplace", static_folder=None, template_folder=None)
    app.logger.addFilter(without_messages)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM_IN_MEMORY,
        MAX_FORM_PARTS=200,
        SESSION_COOKIE_NAME="__Host-market_form" if settings.https else "market_form",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        PROPAGATE_EXCEPTIONS=False,
    )
    app.url_map.merge_slashes = False  # werkzeug would redirect with a page of its own, programs too
    app.extensions["market_settings"] = settings
    _bind(app, settings)
    csrf = CSRFProtect(app)
    sign_in.install(app)
    logout.install(app, csrf)
    step_up.install(app)
    app.before_request(permissions.guard)
    app.after_request(headers.protect)
    app.register_blueprint(health)
    web.install(app)
    api.install(app, csrf)
    scim.install(app, csrf)
    proofs.install(app, csrf)
    problems.install(app, problem_page, {"/scim/": scim.answers.document})
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies, x_host=0
        )
    return app


def _bind(app: Flask, settings: Settings) -> None:
    """Flask-SQLAlchemy owns the engine of the web process; the domain is told of it once."""
    database = SQLAlchemy(app, metadata=Base.metadata)
    with app.app_context():
        process.start(settings, database.engine)
    bound.bind(KeyringFile(settings.keyring))
