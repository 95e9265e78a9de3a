"""`giftwave doctor` finds what can cost money, and says what to do about it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from server.clock import SystemClock
from server.domain.drift import Finding
from server.record import health
from server.record.database import Database
from server.service import doctoring
from server.service.doctoring import check_all, check_store
from server.settings import Settings
from server.store.client import StoreClient
from tests.helpers.valkey import ValkeyChild

CLOCK = SystemClock()


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyChild]:
    """A store of this test alone, because its configuration is damaged."""
    child = ValkeyChild(tmp_path_factory.mktemp("vk"))
    child.start()
    yield child
    child.stop()


@pytest.fixture
async def own_client(store: ValkeyChild, settings: Settings) -> AsyncIterator[StoreClient]:
    client = StoreClient(store.url, settings)
    yield client
    await client.close()


def by_check(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def levels(findings: list[Finding]) -> set[str]:
    return {finding.level for finding in findings}


async def test_the_embedded_store_keeps_what_it_acknowledges(own_client: StoreClient) -> None:
    assert levels(await check_store(own_client)) == {"ok"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appendonly", "no"),
        ("appendfsync", "everysec"),
        ("no-appendfsync-on-rewrite", "yes"),
        ("maxmemory-policy", "allkeys-lru"),
    ],
)
async def test_a_store_that_promises_less_fails(
    store: ValkeyChild, own_client: StoreClient, name: str, value: str
) -> None:
    with store.connect() as raw:
        raw.config_set(name, value)

    found = by_check(await check_store(own_client))[f"store {name}"]

    assert found.level == "fail"
    assert f"CONFIG SET {name}" in found.advice


async def test_a_store_that_hides_its_configuration_is_a_warning(store: ValkeyChild, settings: Settings) -> None:
    with store.connect() as raw:
        raw.acl_setuser(
            "lodger",
            enabled=True,
            passwords=["+pass"],
            keys=["*"],
            channels=["*"],
            commands=["+@all", "-config"],
        )
    client = StoreClient(store.url.replace("unix://", "unix://lodger:pass@"), settings)

    findings = by_check(await check_store(client))
    await client.close()

    assert findings["store appendfsync"].level == "warn"
    assert findings["store scripts"].level == "ok"


async def test_a_store_that_runs_no_scripts_fails(store: ValkeyChild, settings: Settings) -> None:
    with store.connect() as raw:
        raw.acl_setuser("mute", enabled=True, passwords=["+pass"], keys=["*"], commands=["+@all", "-eval", "-evalsha"])
    client = StoreClient(store.url.replace("unix://", "unix://mute:pass@"), settings)

    findings = by_check(await check_store(client))
    await client.close()

    assert findings["store scripts"].level == "fail"


@pytest.mark.parametrize(
    ("name", "version", "level"),
    [
        ("Valkey", "9.1.2", "ok"),
        ("Valkey", "9.1.0", "warn"),
        ("Valkey", "8.1.7", "ok"),
        ("Valkey", "8.1.6", "warn"),
        ("Valkey", "10.0.0", "ok"),
        ("Redis", "7.0.15", "warn"),
        ("Redis", "7.4.6", "ok"),
        ("Redis", "8.2.1", "warn"),
        ("Redis", "6.2.20", "fail"),
        ("Redis", "nonsense", "fail"),
    ],
)
def test_known_faults_are_told_by_the_version(name: str, version: str, level: str) -> None:
    assert doctoring._check_version(name, version).level == level


@pytest.mark.parametrize(("skew_ms", "level"), [(0, "ok"), (-900, "ok"), (5_000, "warn"), (-60_000, "fail")])
def test_clocks_that_differ_are_told(skew_ms: int, level: str) -> None:
    assert doctoring._compare_clocks("store clock", 1_000_000 + skew_ms, 1_000_000).level == level


# The whole of it


async def test_an_empty_folder_is_no_failure(tmp_path: Path) -> None:
    findings = await check_all(Settings(data=tmp_path / "none"), CLOCK)

    assert "fail" not in levels(findings)
    assert not (tmp_path / "none").exists()


@pytest.fixture
async def home(store: ValkeyChild, tmp_path: Path) -> Settings:
    """A data folder with fresh books, and a store that belongs to them."""
    settings = Settings(data=tmp_path, redis_url=store.url)
    books = Database(settings.books_url)
    await books.migrate()
    async with books.write() as connection:
        await connection.execute(text("INSERT INTO shard VALUES (0, 'testlife', 0, 0, 0, 0)"))
        await connection.execute(text("INSERT INTO lease VALUES ('recorder', 'me', 9999999999999)"))
    await books.close()
    store.flush()
    return settings


async def test_a_healthy_home_is_healthy(home: Settings) -> None:
    findings = await check_all(home, CLOCK)

    assert {one.check for one in findings if one.level != "ok"} <= {"payments", "token secret", "disk"}
    assert "fail" not in levels(findings)


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("DROP TRIGGER gift_no_delete", "books rules"),
        ("DROP TABLE hold", "books rules"),
        ("UPDATE alembic_version SET version_num = '0000'", "books"),
        ("UPDATE shard SET epoch = 'otherone'", "store and books"),
        ("UPDATE shard SET seq = 5", "store and books"),
    ],
)
async def test_damage_to_the_books_fails(home: Settings, statement: str, check: str) -> None:
    books = Database(home.books_url)
    async with books.write() as connection:
        await connection.execute(text(statement))
    await books.close()

    assert by_check(await check_all(home, CLOCK))[check].level == "fail"


async def test_an_empty_store_beside_full_books_fails(home: Settings, store: ValkeyChild) -> None:
    books = Database(home.books_url)
    async with books.write() as connection:
        await connection.execute(text("UPDATE shard SET seq = 5"))
    await books.close()
    store.flush(opened=False)

    found = by_check(await check_all(home, CLOCK))["store and books"]

    assert (found.level, "giftwave rebuild" in found.advice) == ("fail", True)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"redis_url": "redis://127.0.0.1:9"}, "store"),
        ({"database_url": "postgresql://nobody@127.0.0.1:9/none"}, "books"),
        ({"payments": "stripe"}, "payments"),
        ({"payments": "stripe", "stripe_secret_key": "sk_test_x", "stripe_webhook_secrets": "whsec_x"}, "payments"),
    ],
)
async def test_what_cannot_be_reached_or_is_half_configured_fails(
    home: Settings, change: dict[str, Any], check: str
) -> None:
    settings = Settings(**{**home.model_dump(exclude_none=True), "store_timeout_s": 1.0, **change})

    found = by_check(await check_all(settings, CLOCK))[check]

    assert found.level == "fail"
    assert found.advice


async def test_a_secret_that_others_can_read_fails(home: Settings) -> None:
    secret = home.data / "token.secret"
    write_secret(secret, mode=0o644)

    found = by_check(await check_all(home, CLOCK))["token secret"]

    assert (found.level, "chmod 600" in found.advice) == ("fail", True)
    write_secret(secret, mode=0o600)
    assert by_check(await check_all(home, CLOCK))["token secret"].level == "ok"


async def test_a_recorder_that_is_gone_is_a_warning(home: Settings) -> None:
    books = Database(home.books_url)
    async with books.write() as connection:
        await connection.execute(text("UPDATE lease SET until_ms = 1"))
    await books.close()

    assert by_check(await check_all(home, CLOCK))["recorder"].level == "warn"


async def test_a_disk_that_fills_up_is_told(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctoring, "_DISK_FAIL_BYTES", 1 << 62)
    monkeypatch.setattr(doctoring, "_DISK_WARN_BYTES", 1 << 62)

    assert by_check(await check_all(home, CLOCK))["disk"].level == "fail"


async def test_books_that_do_not_wait_for_the_disk_are_told(tmp_path: Path) -> None:
    books = Database(f"sqlite+aiosqlite:///{tmp_path / 'books.sqlite'}")
    await books.migrate()
    async with books.read() as connection:
        assert await health.broken_promises(connection) == []
        assert await health.missing_rules(connection) == []
    await books.close()


def write_secret(file: Path, *, mode: int) -> None:
    file.write_text("s" * 64)
    file.chmod(mode)
