"""Scripts that import each other by name: addresses under digests, dependencies first, circles refused."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from pathlib import Path

import pytest

from marketplace.web import assets
from marketplace.web.scripts import BrokenImport, linked

LEAF = "export const leaf = 1;\n"
MIDDLE = 'export { leaf } from "asset:leaf.js";\n'
ROOT = 'import "asset:leaf.js";\nimport { leaf } from "asset:middle.js";\n'


def test_a_name_becomes_the_address_of_the_bytes_that_are_sent() -> None:
    scripts = linked({"middle.js": MIDDLE, "leaf.js": LEAF})
    digest = hashlib.sha256(LEAF.encode()).hexdigest()
    assert scripts["leaf.js"].body == LEAF.encode()
    assert scripts["middle.js"].body == f'export {{ leaf }} from "../{digest}/leaf.js";\n'.encode()
    assert scripts["middle.js"].digest == hashlib.sha256(scripts["middle.js"].body).hexdigest()


def test_integrity_is_what_browsers_compare() -> None:
    sha256 = b64encode(hashlib.sha256(LEAF.encode()).digest()).decode()
    assert linked({"leaf.js": LEAF})["leaf.js"].integrity == f"sha256-{sha256}"


def test_everything_a_script_needs_is_listed_once_and_in_order() -> None:
    scripts = linked({"root.js": ROOT, "middle.js": MIDDLE, "leaf.js": LEAF})
    assert scripts["root.js"].imports == ("leaf.js", "middle.js")
    assert scripts["leaf.js"].imports == ()


def test_another_byte_below_gives_every_script_above_another_digest() -> None:
    before = linked({"root.js": ROOT, "middle.js": MIDDLE, "leaf.js": LEAF})
    after = linked({"root.js": ROOT, "middle.js": MIDDLE, "leaf.js": LEAF.replace("1", "2")})
    assert all(before[name].digest != after[name].digest for name in before)


def test_a_circle_is_told_with_the_way_round() -> None:
    circle = {"a.js": 'import "asset:b.js";', "b.js": 'import "asset:c.js";', "c.js": 'import "asset:b.js";'}
    with pytest.raises(BrokenImport, match=r"a\.js → b\.js → c\.js → b\.js"):
        linked(circle)


def test_a_script_that_is_not_there_is_told_with_who_wants_it() -> None:
    with pytest.raises(BrokenImport, match=r"a\.js → gone\.js"):
        linked({"a.js": "import { x } from 'asset:gone.js';"})


def test_our_scripts_name_no_address_themselves_import_nothing_later_and_log_nothing() -> None:
    """A module that was refused stays refused for `import … from`; `import()` would ask again, held to nothing."""
    for name, asset in assets.load().items():
        if name.endswith(".js"):
            text = asset.body.decode()
            assert "asset:" not in text, name
            assert "console." not in text, name
            assert not re.search(r"\bimport\s*\(", text), name
            imported = re.findall(r'\bfrom "([^"]+)"', text)
            assert all(re.fullmatch(r"\.\./[0-9a-f]{64}/[\w.-]+\.js", address) for address in imported), name


def test_templates_load_scripts_by_module_only() -> None:
    """An element written by hand would be held to nothing."""
    for template in (Path(assets.__file__).parent / "templates").rglob("*.html"):
        assert "<script" not in template.read_text(encoding="utf-8"), template.name
