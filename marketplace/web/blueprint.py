"""The blueprint of all pages. Its endpoints are the rows of `marketplace/edge/permissions.py`."""

from flask import Blueprint

web = Blueprint("web", __name__, template_folder="templates")
