"""Settings: everything that is wrong is said at once, and nothing unsafe starts outside the demo."""

from pathlib import Path

import pytest

from marketplace.foundation.settings import BadSettings, Settings, read_env_file

GOOD_KEY = "5f0c8a4be2d94c1c9a7f3b6d1e8240bb"


def environ(home: Path, **given: str) -> dict[str, str]:
    return {
        "MARKET_HOME": str(home),
        "MARKET_SECRET_KEY": GOOD_KEY,
        "MARKET_REDIS_URL": "unix:///run/valkey/valkey.sock",
        "MARKET_PUBLIC_URL": "https://tasks.example",
    } | given


def problems(given: dict[str, str]) -> str:
    with pytest.raises(BadSettings) as refused:
        Settings.from_environ(given)
    return "\n".join(refused.value.problems)


def test_production_settings_need_nothing_else(tmp_path: Path) -> None:
    read = Settings.from_environ(environ(tmp_path))
    assert (read.demo, read.https, read.sqlite, read.port) == (False, True, True, 8000)


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    listed = problems({"MARKET_HOME": str(tmp_path), "MARKET_PORT": "0", "MARKET_DATABASE_URL": "mysql://x"})
    for name in ("SECRET_KEY", "REDIS_URL", "PUBLIC_URL", "PORT", "DATABASE_URL"):
        assert f"MARKET_{name}" in listed


def test_the_message_names_every_problem(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"(?s)MARKET_WORKERS.*MARKET_MAIL_URL"):
        Settings.from_environ(environ(tmp_path, MARKET_WORKERS="many", MARKET_MAIL_FROM="a@b.example"))


@pytest.mark.parametrize(
    "sample", ["change-me-" * 4, "changeme" * 5, "secret" * 6, "SECRET " * 6, "x" * 40, "development" * 3]
)
def test_a_sample_secret_is_refused(tmp_path: Path, sample: str) -> None:
    assert "sample value" in problems(environ(tmp_path, MARKET_SECRET_KEY=sample))


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    assert "shorter than 32" in problems(environ(tmp_path, MARKET_SECRET_KEY=GOOD_KEY[:31]))


def test_a_sample_secret_is_refused_in_the_demo_too(tmp_path: Path) -> None:
    given = environ(tmp_path, MARKET_DEMO="1", MARKET_SECRET_KEY="change-me" * 5)
    assert "sample value" in problems(given)


def test_no_problem_quotes_the_secret(tmp_path: Path) -> None:
    assert "changemechangeme" not in problems(environ(tmp_path, MARKET_SECRET_KEY="changeme" * 5))


def test_outside_the_demo_https_is_needed(tmp_path: Path) -> None:
    assert "https://" in problems(environ(tmp_path, MARKET_PUBLIC_URL="http://tasks.example"))


def test_the_demo_knows_its_own_address(tmp_path: Path) -> None:
    given = environ(tmp_path, MARKET_DEMO="1", MARKET_PORT="8123")
    del given["MARKET_PUBLIC_URL"]
    assert Settings.from_environ(given).public_url == "http://127.0.0.1:8123"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "1e3", "８０００", "eighty"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    assert "MARKET_PORT" in problems(environ(tmp_path, MARKET_PORT=port))


def test_a_half_configured_mail_refuses_to_start(tmp_path: Path) -> None:
    assert "go together" in problems(environ(tmp_path, MARKET_MAIL_URL="smtp://mail.example:25"))


def test_a_samples_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    assert "MARKET_SAMPLES" in problems(environ(tmp_path, MARKET_SAMPLES=str(tmp_path / "nowhere")))


def test_an_unknown_kind_of_redis_is_refused(tmp_path: Path) -> None:
    assert "MARKET_REDIS_URL" in problems(environ(tmp_path, MARKET_REDIS_URL="http://valkey.example"))


def test_the_home_file_supplies_what_the_environment_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("# made by ./run\nMARKET_PORT=8111\n\nMARKET_WORKERS=3\n")
    read = Settings.from_environ(environ(tmp_path))
    assert (read.port, read.workers) == (8111, 3)


def test_the_environment_wins_over_the_home_file(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("MARKET_PORT=8111\n")
    assert Settings.from_environ(environ(tmp_path, MARKET_PORT="8222")).port == 8222


def test_a_value_may_contain_an_equals_sign(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("MARKET_DATABASE_URL=postgresql+psycopg://h/d?a=b\n")
    assert read_env_file(tmp_path / "settings.env")["MARKET_DATABASE_URL"].endswith("?a=b")


def test_the_default_database_lies_in_the_home_folder(tmp_path: Path) -> None:
    assert Settings.from_environ(environ(tmp_path)).database_url == f"sqlite:///{tmp_path}/market.db"


class TestRecordMonths:
    def test_are_six_for_every_label(self, tmp_path: Path) -> None:
        read = Settings.from_environ(environ(tmp_path)).record_months
        assert read == dict.fromkeys(("public", "internal", "sensitive", "restricted", "none"), 6)

    def test_may_be_one_number_for_all(self, tmp_path: Path) -> None:
        read = Settings.from_environ(environ(tmp_path, MARKET_RECORD_MONTHS="24")).record_months
        assert set(read.values()) == {24}

    def test_may_differ_by_label_and_the_rest_keeps_the_default(self, tmp_path: Path) -> None:
        given = environ(tmp_path, MARKET_RECORD_MONTHS="public=3, restricted=120")
        read = Settings.from_environ(given).record_months
        assert read == {"public": 3, "internal": 6, "sensitive": 6, "restricted": 120, "none": 6}

    @pytest.mark.parametrize(
        "text",
        ["0", "121", "-1", "six", "６", "public", "public=", "public=0", "secret=6", "public=3,public=4", "=6",
         "public=3;internal=6", "public=3,internal", "9" * 5000],
    )  # fmt: skip
    def test_that_are_none_are_refused(self, tmp_path: Path, text: str) -> None:
        assert "MARKET_RECORD_MONTHS" in problems(environ(tmp_path, MARKET_RECORD_MONTHS=text))
