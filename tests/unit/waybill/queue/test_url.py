"""URLs of queues: which are taken, and what is shown of them."""

import pytest

from waybill.queue.opening import open_queue
from waybill.queue.url import checked, shown, without_password


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///queue.db",
        "sqlite:////var/lib/waybill/a%20folder/queue.db",
        "redis://host",
        "redis://host:6379/3",
        "redis://[::1]:6379/0",
        "rediss://user:pass%40word@host:6380/0?ssl_ca_certs=/etc/ca.pem",
        "unix:///run/redis.sock?db=1",
        "unix://:password@/run/redis.sock",
        "postgresql://host/database",
        "postgresql://user:password@one:5432,two:5433/database?sslmode=verify-full",
        "postgresql:///database?host=/run/postgresql",
        "postgresql://",
    ],
)
def test_the_url_of_a_queue_is_taken_as_it_is(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "queue.db",
        "/data/queue.db",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/queue.db",
        "sqlite:///queue.db?mode=ro",
        "redis://",
        "redis:///0",
        "redis://host/name",
        "redis://host/1/2",
        "redis://host:port/0",
        "redis://host:99999/0",
        "redis://host:0",
        "redis://[::1/0",
        "redis://host/0?socket_timeout=60",
        "redis://host/0#fragment",
        "redis://host/0 ",
        "redis://ho\nst/0",
        "unix://",
        "unix://host/run/redis.sock",
        "postgresql://host/database/table",
        "postgres://host/database",
        "amqp://host",
    ],
)
def test_a_url_of_another_kind_names_no_queue(url: str) -> None:
    with pytest.raises(ValueError, match=r"^the URL of a queue is sqlite:///PATH, redis://"):
        checked(url)
    with pytest.raises(ValueError, match=r"^the URL of a queue is"):
        open_queue(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("rediss://user:hush@host/0?password=hush", "rediss://host/0"),
        ("unix://:hush@/run/redis.sock?db=1", "unix:///run/redis.sock"),
        ("postgresql://user:hush@one:1,two:2/db?sslmode=require", "postgresql://one:1,two:2/db"),
    ],
)
def test_people_are_shown_no_password(url: str, expected: str) -> None:
    assert shown(url) == expected


def test_a_driver_s_message_is_one_line_without_the_password() -> None:
    said = 'cannot read "postgresql://u:p%40ss@h/d"\n\tpassword p@ss, password\nother'
    url = "postgresql://u:p%40ss@h/d?password=other"
    assert without_password(said, url) == 'cannot read "postgresql://u:***@h/d" password ***, password ***'
    assert without_password("no password at all", "redis://h") == "no password at all"
