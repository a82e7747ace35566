"""What `./run` does before our packages exist: locks that belong to their manifests, a stamp, one at a time."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.setup import commands, environment, ground, node, requirements, softhsm
from deploy.setup.ground import ROOT, CannotSetUp


def test_every_lock_belongs_to_its_manifest() -> None:
    assert requirements.disagreements() == []


def test_a_changed_requirement_is_noticed_in_every_lock_it_touches(tmp_path: Path) -> None:
    changed = tmp_path / "setup.cfg"
    text = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    changed.write_text(text.replace("    pytest>=", "    pytest>=1,>="), encoding="utf-8")
    told = requirements.disagreements(changed)
    assert told[0] == "deploy/locks/dev.txt was not compiled from this setup.cfg; renew it with: ./run lock"
    assert not any("base.txt" in sentence for sentence in told)


def test_locks_pin_every_hash_and_name_no_address() -> None:
    for lock in requirements.ALL.values():
        text = lock.path.read_text(encoding="utf-8")
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)
        assert "://" not in text


@pytest.mark.parametrize("manifest", requirements.NPM_MANIFESTS, ids=lambda path: path.parent.name)
def test_npm_locks_name_no_address_and_check_everything(manifest: Path) -> None:
    packages = json.loads((manifest.parent / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = [entry for name, entry in packages.items() if name]
    assert all(entry["integrity"].startswith("sha512-") for entry in installed)
    assert not any("resolved" in entry for entry in installed)


def test_any_python_3_understands_run_and_an_old_one_is_told_what_to_do() -> None:
    text = (ROOT / "run").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 4))
    pretend = "import sys; sys.version_info = (3, 9, 2); exec(open('run').read(), {'__file__': 'run'})"
    done = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; this is Python 3.9.2" in done.stderr


def test_set_up_needs_the_standard_library_only() -> None:
    for file in (ROOT / "deploy" / "setup").glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {part.module or "" for part in ast.walk(tree) if isinstance(part, ast.ImportFrom)}
        names |= {
            alias.name for part in ast.walk(tree) if isinstance(part, ast.Import) for alias in part.names
        }
        foreign = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
        assert all(name.startswith("deploy.setup") for name in foreign), file.name


def test_an_environment_that_is_only_linked_to_is_not_emptied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs, link = tmp_path / "theirs", tmp_path / ".venv"
    theirs.mkdir()
    (theirs / "kept").write_text("")
    link.symlink_to(theirs)
    monkeypatch.setattr(environment, "VENV", link)
    with pytest.raises(CannotSetUp, match="Remove the link"):
        environment._make()
    assert (theirs / "kept").exists()


def test_a_python_without_venv_is_told_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CannotSetUp, match=r"apt-get install python3\.\d+-venv"):
        environment._make()


def test_a_stamp_of_another_place_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp = tmp_path / "stamp.json"
    monkeypatch.setattr(environment, "STAMP", stamp)
    stamp.write_text(json.dumps({"place": "/elsewhere/.venv", "locks": {"base": "0"}}), encoding="utf-8")
    assert environment._stamped() == {}
    environment._write_stamp(["base"])
    assert environment._stamped() == environment._digests(["base"])


def test_a_failing_step_shows_the_last_lines() -> None:
    with pytest.raises(CannotSetUp, match="the reason"):
        ground.call([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])


def test_a_missing_program_is_a_sentence() -> None:
    with pytest.raises(CannotSetUp, match="no-such-program cannot be started"):
        ground.call(["no-such-program"])


def test_only_one_set_up_works_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with ground.alone(tmp_path):
            order.append("second")

    with ground.alone(tmp_path):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.3)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]
    assert "waiting for it" in capsys.readouterr().err


def test_what_the_machine_sets_about_certificates_stays() -> None:
    env = ground.trusting_the_machine(
        {"NODE_EXTRA_CA_CERTS": "/its/own.pem", "HTTPS_PROXY": "http://proxy:1"}
    )
    assert env["NODE_EXTRA_CA_CERTS"] == "/its/own.pem"
    assert env["HTTPS_PROXY"] == "http://proxy:1"


def test_servers_start_with_a_real_node_that_is_new_enough() -> None:
    program = node.binary()
    assert program.read_bytes()[:4] == b"\x7fELF" or sys.platform != "linux"
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    assert int(version.lstrip("v").split(".")[0]) >= node.OLDEST


def test_a_benchmark_is_named_with_its_parts() -> None:
    assert "sealing_rotation" in commands._chosen("bench", ["sealing", "--short"])[0]
    assert commands._chosen("bench", ["sealing-rotation", "--short"]) == (["sealing_rotation"], ["--short"])
    with pytest.raises(CannotSetUp, match="There is no seal here"):
        commands._chosen("bench", ["seal"])


def test_without_softhsm_its_package_is_named_and_the_other_tests_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(softhsm, "MODULES", ("/no/such/libsofthsm2.so",))
    monkeypatch.setattr(softhsm.debian, "can_install", lambda: False)
    assert softhsm.provide() is None
    assert "apt-get install softhsm2" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "status"), [(["--help"], 0), (["no-such-word"], 2)])
def test_run_explains_itself(words: list[str], status: int) -> None:
    done = subprocess.run([sys.executable, "run", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == status
    assert "./run test [pytest args]" in done.stdout
