"""Static files: read once at start, named by their digest, compressed once, cached for ever.

A bundle's address holds the digest of its bytes, so that a browser never asks again and never sees an old one.
Nothing is fetched from anywhere else; what comes from npm was installed by the lock file. Scripts are every file
`static/*.js`; how they import each other, `marketplace/web/scripts.py` says.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Response, abort, request, url_for
from markupsafe import Markup

from marketplace.web.scripts import Script, linked

OURS = Path(__file__).parent / "static"
INSTALLED = Path(__file__).parents[2] / "node_modules"
DESIGN = INSTALLED / "@digdir/designsystemet-css/dist"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"

# The parts of Designsystemet that our pages use: a third of the whole sheet.
COMPONENTS = (
    "alert", "button", "details", "error-summary", "field", "fieldset", "input", "label", "link", "list",
    "skip-link", "table", "tag", "validation-message",
)  # fmt: skip
OUR_LAYERS = ("tokens", "base", "parts", "pages", "rules", "agency", "record", "screen")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent: bytes, the same gzipped (None where that does not help), type and digest.

    Of a script also what an `integrity` attribute says of it, and the names of all that it imports.
    """

    name: str
    body: bytes
    packed: bytes | None
    content_type: str
    digest: str
    integrity: str = ""
    imports: tuple[str, ...] = ()


class MissingAsset(RuntimeError):
    """A file that pages need is not installed."""


def load() -> Mapping[str, Asset]:
    """Every asset by name. Raises MissingAsset with the path and what to do, BrokenImport with the way there."""
    loaded: dict[str, Asset] = {}
    for name, path in _FILES.items():
        loaded[name] = _asset(name, _read(path))
    for name, script in linked({path.name: _text(path) for path in sorted(OURS.glob("*.js"))}).items():
        loaded[name] = _script(script)
    loaded["market.css"] = _asset("market.css", _with_addresses(_stylesheet(), loaded).encode())
    return loaded


_FILES = {
    "inter.woff2": INSTALLED / "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "mark.svg": OURS / "mark.svg",
}


def address(assets: Mapping[str, Asset], name: str) -> str:
    """Where a page finds an asset: `/assets/<digest>/market.css`."""
    return url_for("web.asset", digest=assets[name].digest, name=name)


def module(assets: Mapping[str, Asset], name: str) -> Markup:
    """The elements that load a script and all it imports, each held to its digest.

    A browser that finds other bytes under an address does not run them, nor whatever imports them. What is imported
    stands first: the first request for a module decides, for the whole page, what it is held to (HTML, module map).
    """
    preloads = Markup("").join(
        Markup('<link rel="modulepreload" href="{}" integrity="{}">\n').format(
            address(assets, needed), assets[needed].integrity
        )
        for needed in assets[name].imports
    )
    return preloads + Markup('<script type="module" src="{}" integrity="{}"></script>').format(
        address(assets, name), assets[name].integrity
    )


def respond(assets: Mapping[str, Asset], digest: str, name: str) -> Response:
    """The asset, gzipped for whoever takes it; 404 for a digest that is not this one."""
    asset = assets.get(name)
    if asset is None or asset.digest != digest:
        abort(404)
    packed = asset.packed if "gzip" in request.accept_encodings else None
    response = Response(packed or asset.body, content_type=asset.content_type)
    response.headers["Cache-Control"] = FOREVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    if asset.packed:
        response.headers["Vary"] = "Accept-Encoding"
    if packed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _stylesheet() -> str:
    """Designsystemet first, ours above it, each in a layer: no rule wins by accident."""
    ours = ", ".join(OUR_LAYERS)
    theme = _text(DESIGN / "theme/designsystemet.css")
    ground = _text(DESIGN / "src/base.css") + _text(DESIGN / "src/data-size-workaround.css")
    components = "\n".join(_text(DESIGN / f"src/{name}.css") for name in COMPONENTS)
    layers = "\n".join(f"@layer {name} {{\n{_bare(_text(OURS / f'{name}.css'))}\n}}" for name in OUR_LAYERS)
    return (
        f"@layer ds.theme, ds.base, ds.components, {ours};\n{theme}\n"
        f"@layer ds.base {{ {ground} }}\n@layer ds.components {{ {components} }}\n{layers}\n"
    )


def _bare(css: str) -> str:
    """CSS without comments and indentation; what is left is compressed by gzip."""
    without = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return re.sub(r"\s*\n\s*", "\n", without)


def _with_addresses(css: str, loaded: Mapping[str, Asset]) -> str:
    # Relative to the sheet's own address, /assets/<digest>/market.css.
    return re.sub(r"asset:([\w.-]+)", lambda found: f"../{loaded[found[1]].digest}/{found[1]}", css)


def _asset(name: str, body: bytes) -> Asset:
    suffix = Path(name).suffix
    packed = None if suffix == ".woff2" else gzip.compress(body, 9, mtime=0)
    return Asset(name, body, packed, TYPES[suffix], hashlib.sha256(body).hexdigest()[:16])


def _script(script: Script) -> Asset:
    packed = gzip.compress(script.body, 9, mtime=0)
    return Asset(
        script.name, script.body, packed, TYPES[".js"], script.digest, script.integrity, script.imports
    )


def _text(path: Path) -> str:
    return _read(path).decode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingAsset(f"{path} is not there. Run ./run once, or: npm ci --ignore-scripts") from None
