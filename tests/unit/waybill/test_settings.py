"""Settings are read from the environment and .env, and nonsense is said in one line."""

import stat
from pathlib import Path

import pytest

from waybill.settings import Settings, SettingsError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = Settings.load()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, Path.cwd() / "data")
    assert settings.base_url == "http://127.0.0.1:8000"
    assert (settings.worker_slots, settings.drain_seconds, settings.lock_wait_seconds) == (600, 25.0, 30.0)
    assert (settings.api_token, settings.allowed_hosts, settings.log_level) == (None, [], "info")
    assert settings.stages is None
    assert not settings.allow_anonymous_off_loopback


def test_loading_makes_no_data_directory() -> None:
    settings = Settings.load()
    assert not settings.data_dir.exists()


def test_all_files_lie_in_the_data_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_DATA_DIR", "elsewhere")
    settings = Settings.load()
    files = [
        settings.tasks_db,
        settings.queue_db,
        settings.lock_file,
        settings.spool_dir,
        settings.doorbell_dir,
        settings.worker_token_file,
        settings.admin_token_file,
    ]
    assert [path.parent for path in files] == [Path.cwd() / "elsewhere"] * 7
    assert [path.name for path in files] == [
        "tasks.db",
        "queue.db",
        "tasks.lock",
        "spool",
        "doorbells",
        "worker.token",
        "admin.token",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("PORT", "0", "port", 0),
        ("PORT", "65535", "port", 65_535),
        ("WORKER_SLOTS", "1", "worker_slots", 1),
        ("WORKER_SLOTS", "10000", "worker_slots", 10_000),
        ("WORKER_CHILDREN", "0", "worker_children", 0),
        ("DRAIN_SECONDS", "0", "drain_seconds", 0.0),
        ("LOCK_WAIT_SECONDS", "0.5", "lock_wait_seconds", 0.5),
        ("API_URL", "https://example.org/waybill/", "api_url", "https://example.org/waybill"),
        ("ALLOWED_HOSTS", "a.example, b.example,", "allowed_hosts", ["a.example", "b.example"]),
        ("STAGES", "fetch, parse,", "stages", ["fetch", "parse"]),
        ("STAGES", "", "stages", None),
        ("ALLOW_ANONYMOUS_OFF_LOOPBACK", "1", "allow_anonymous_off_loopback", True),
        ("LOG_LEVEL", "DEBUG", "log_level", "debug"),
        ("HOST", "unix:/run/waybill/api.sock", "host", "unix:/run/waybill/api.sock"),
        ("HOST", "unix:///run/waybill/api.sock", "host", "unix:/run/waybill/api.sock"),
        ("API_URL", "unix:/run/api.sock", "api_url", "unix:/run/api.sock"),
        ("SOCKET_MODE", "666", "socket_mode", "666"),
        ("SOCKET_MODE", "0600", "socket_mode", "0600"),
        ("ROOT_PATH", "/waybill", "root_path", "/waybill"),
        ("ROOT_PATH", "waybill", "root_path", "/waybill"),
        ("ROOT_PATH", "/tools/waybill/", "root_path", "/tools/waybill"),
        ("ROOT_PATH", "/", "root_path", ""),
        (
            "TRUSTED_PROXIES",
            "127.0.0.1, 10.0.0.0/8, ::1,unix",
            "trusted_proxies",
            ["127.0.0.1", "10.0.0.0/8", "::1", "unix"],
        ),
        ("API_TOKEN", "", "api_token", None),
    ],
)
def test_a_sensible_value_is_taken(
    variable: str, value: str, field: str, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WAYBILL_{variable}", value)
    assert getattr(Settings.load(), field) == expected


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("HOST", "not a host", "a host name or an IP address"),
        ("PORT", "-1", "from 0 to 65535"),
        ("PORT", "65536", "from 0 to 65535"),
        ("PORT", "http", "from 0 to 65535"),
        ("WORKER_SLOTS", "0", "from 1 to 10000"),
        ("WORKER_SLOTS", "10001", "from 1 to 10000"),
        ("WORKER_CHILDREN", "-1", "from 0 to 1000"),
        ("DRAIN_SECONDS", "-0.1", "0 or more"),
        ("DRAIN_SECONDS", "nan", "0 or more"),
        ("LOCK_WAIT_SECONDS", "inf", "0 or more"),
        ("API_URL", "ftp://example.org", "http:// or https://"),
        ("API_URL", "http://", "http:// or https://"),
        ("API_URL", "http://example.org:99999", "http:// or https://"),
        ("API_URL", "http://example.org/?a=b", "http:// or https://"),
        ("API_URL", "http://example.org?", "http:// or https://"),
        ("API_URL", "http://example.org/#", "http:// or https://"),
        ("API_URL", "http://user:pw@example.org", "without user, password"),
        ("API_URL", "http://user@example.org", "without user, password"),
        ("API_URL", "http://:pw@[::1]:8000", "without user, password"),
        ("API_URL", "example.org:8000", "http:// or https://"),
        ("API_URL", "//example.org", "http:// or https://"),
        ("API_URL", "http://exa mple.org", "http:// or https://"),
        ("API_URL", "http://[::1", "http:// or https://"),
        ("API_URL", "http://::1:8000", "http:// or https://"),
        ("API_URL", "http://example.org:port", "http:// or https://"),
        ("API_URL", "http:\\\\example.org", "http:// or https://"),
        ("QUEUE_URL", "queue.db", "sqlite:///PATH, redis://HOST:PORT/NUMBER"),
        ("QUEUE_URL", "mysql://host/queue", "or postgresql://HOST:PORT/DATABASE"),
        ("API_TOKEN", "with space", "visible ASCII"),
        ("API_TOKEN", "пароль", "visible ASCII"),
        ("STAGES", " , ", "separated by commas"),
        ("HANDLERS", " , ", "files that end in .py and names of modules"),
        ("HANDLERS", "handlers/", "files that end in .py and names of modules"),
        ("HANDLERS", "a.py,two words", "files that end in .py and names of modules"),
        ("RELOAD", "often", "1 or 0"),
        ("EXEC_TYPE", "Two Words", "the name of a type"),
        ("EXEC_TYPE", "convert", "goes together with WAYBILL_EXEC"),
        ("ALLOW_ANONYMOUS_OFF_LOOPBACK", "perhaps", "1 or 0"),
        ("LOG_LEVEL", "loud", "debug, info"),
        ("HOST", "unix:api.sock", "unix:/path"),
        ("HOST", "unix:/", "unix:/path"),
        ("HOST", f"unix:/{'a' * 107}", "107 bytes"),
        ("API_URL", "unix:api.sock", "unix:/path"),
        ("SOCKET_MODE", "rw", "octal"),
        ("SOCKET_MODE", "066", "octal"),
        ("SOCKET_MODE", "1777", "octal"),
        ("ROOT_PATH", "/way bill", "a path such as /waybill"),
        ("ROOT_PATH", "/a//b", "a path such as /waybill"),
        ("ROOT_PATH", "/a/../b", "a path such as /waybill"),
        ("ROOT_PATH", '/a"b', "a path such as /waybill"),
        ("TRUSTED_PROXIES", "nginx", "IP addresses and networks"),
        ("TRUSTED_PROXIES", "10.0.0.0/33", "IP addresses and networks"),
    ],
)
def test_nonsense_is_one_line_that_names_the_variable_and_what_is_allowed(
    variable: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WAYBILL_{variable}", value)
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    message = str(raised.value)
    assert message.startswith(f"WAYBILL_{variable} must be ")
    assert allowed in message
    assert "\n" not in message


def test_a_program_needs_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_EXEC", "cat")
    with pytest.raises(SettingsError, match=r"^WAYBILL_EXEC_TYPE must be the name of a type, which goes together"):
        Settings.load()
    monkeypatch.setenv("WAYBILL_EXEC_TYPE", "show")
    assert Settings.load().exec_type == "show"


def test_files_of_handlers_are_those_of_the_directory_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYBILL_HANDLERS", "own/handlers.py, my_package.jobs")
    assert Settings.load().handlers == [str(tmp_path / "own/handlers.py"), "my_package.jobs"]


def test_a_bad_token_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_API_TOKEN", "secret with spaces")
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("url", ["http://user:hush@host", "http://hush@host", "http://host?token=hush", "u:hush@host"])
def test_what_may_be_secret_in_a_bad_address_is_not_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_API_URL", url)
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["http://example.org", "https://example.org:8443/waybill", "http://[::1]:8000", "http://example.org/@x"]
)
def test_a_good_address_is_taken_as_it_is(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_API_URL", f"{url}/")
    assert Settings.load().base_url == url


@pytest.mark.parametrize(
    "url", ["redis://:hush@host/x", "redis://host?secret=hush", "redis:hush@host", "postgresql://u:hu/hush@host/d/e"]
)
def test_what_may_be_secret_in_a_bad_url_of_a_queue_is_not_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_QUEUE_URL", url)
    with pytest.raises(SettingsError, match=r"^WAYBILL_QUEUE_URL must be") as raised:
        Settings.load()
    assert "hush" not in str(raised.value)


def test_the_queue_is_a_file_in_the_data_directory_unless_it_is_said_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings.load().queue_location == f"sqlite:///{tmp_path}/data/queue.db"
    monkeypatch.setenv("WAYBILL_QUEUE_URL", "rediss://user:hush@host:6380/1")
    settings = Settings.load()
    assert settings.queue_location == "rediss://user:hush@host:6380/1"
    assert "hush" not in repr(settings)


def test_a_good_token_is_not_shown_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_API_TOKEN", "hush-hush")
    settings = Settings.load()
    assert "hush-hush" not in repr(settings)
    assert settings.api_token is not None
    assert settings.api_token.get_secret_value() == "hush-hush"


def test_several_mistakes_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_PORT", "x\ny")
    monkeypatch.setenv("WAYBILL_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError, match=r"^WAYBILL_LOG_LEVEL .*; WAYBILL_PORT .*$"):
        Settings.load()


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("WAYBILL_DATA_DIR", "file")
    with pytest.raises(SettingsError, match=r"^WAYBILL_DATA_DIR must be a directory"):
        Settings.load()


def test_the_data_directory_is_made_for_its_owner_only() -> None:
    settings = Settings(data_dir=Path("deep/inside"))
    settings.make_data_dir()
    settings.make_data_dir()
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700


def test_a_data_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    settings = Settings(data_dir=Path("file/inside"))
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=rf"^WAYBILL_DATA_DIR: {tmp_path}/file/inside cannot be made"):
        settings.make_data_dir()


def test_a_file_env_is_read_and_the_environment_goes_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("WAYBILL_PORT=9001\nWAYBILL_HOST=example.org\nOTHER=1\n")
    monkeypatch.setenv("WAYBILL_PORT", "9002")
    settings = Settings.load()
    assert (settings.host, settings.port) == ("example.org", 9002)


def test_a_file_env_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"WAYBILL_PORT=\xff\xfe")
    with pytest.raises(SettingsError, match=r"^\.env cannot be read"):
        Settings.load()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104
        ("::", "http://[::1]:8000"),
        ("::1", "http://[::1]:8000"),
        ("example.org", "http://example.org:8000"),
        ("unix:/run/api.sock", "unix:/run/api.sock"),
    ],
)
def test_the_base_url_is_one_that_can_be_called(host: str, url: str) -> None:
    assert Settings(host=host).base_url == url


@pytest.mark.parametrize(
    ("slots", "reserved", "reserve"),
    [
        ("1", "", 0),
        ("3", "", 0),
        ("4", "", 1),
        ("19", "", 1),
        ("20", "", 2),
        ("59", "", 2),
        ("60", "", 3),
        ("600", "", 30),
        ("600", "0", 0),
        ("4", "9", 3),
        ("1", "1", 0),
    ],
)
def test_a_worker_reserves_a_twentieth_of_its_slots_where_it_has_some(
    monkeypatch: pytest.MonkeyPatch, slots: str, reserved: str, reserve: int
) -> None:
    monkeypatch.setenv("WAYBILL_WORKER_SLOTS", slots)
    monkeypatch.setenv("WAYBILL_RESERVED_SLOTS", reserved)
    assert Settings.load().reserve == reserve


def test_the_address_of_the_pages_has_the_path_before_them_and_is_unknown_behind_a_socket() -> None:
    assert Settings(root_path="/waybill").web_url == "http://127.0.0.1:8000/waybill"
    assert Settings(root_path="/waybill").base_url == "http://127.0.0.1:8000"
    assert Settings(root_path="/waybill", api_url="https://example.org/w").web_url == "https://example.org/w"
    assert Settings(host="unix:/run/api.sock").web_url is None
    assert Settings(host="unix:/run/api.sock", api_url="https://example.org").web_url == "https://example.org"
