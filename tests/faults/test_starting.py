"""Who may start a server and with what: everything that keeps one from starting is a sentence."""

import socket
from pathlib import Path

import pytest

from tests.helpers.catalogue import CATALOGUE
from tests.helpers.server import ServerProcess, free_port, giftwave, giftwave_here, wait_until
from tests.helpers.valkey import ValkeyChild


def test_a_second_server_on_one_data_folder_names_the_first() -> None:
    with ServerProcess("serve") as server:
        second = giftwave("serve", port=free_port(), data=server.data)

        assert second.returncode == 2
        assert f"process {server.pid} " in second.stderr
        assert "GIFTWAVE_DATA" in second.stderr
        assert "Traceback" not in second.stderr
        assert server.is_ready()


def test_a_taken_port_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        answer = giftwave("serve", port=port, data=tmp_path)

        assert answer.returncode == 2
        assert f"Port {port} " in answer.stderr
        assert "GIFTWAVE_PORT" in answer.stderr
        assert len(answer.stderr.splitlines()) == 1


def test_a_port_of_another_giftwave_server_is_taken_too(tmp_path: Path) -> None:
    with ServerProcess("serve") as server:
        second = giftwave("serve", port=server.port, data=tmp_path)

        assert second.returncode == 2
        assert f"Port {server.port} " in second.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "abc"),
        ("port", "0"),
        ("port", "65536"),
        ("workers", "0"),
        ("token_secret", "a-short-secret"),
        ("creator_share_bps", "10001"),
        ("store_timeout_s", "0"),
        ("store_timeout_s", "nan"),
        ("drain_s", "inf"),
        ("log_level", "loud"),
        ("frame_bytes_max", "1"),
    ],
)
def test_a_bad_setting_is_a_sentence_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    answer = giftwave_here("serve", **{"port": free_port(), "data": tmp_path, name: value})

    assert answer.returncode == 2
    assert f"GIFTWAVE_{name.upper()}" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert name != "token_secret" or value not in answer.stderr


def test_a_data_folder_that_is_too_deep_for_a_socket_is_a_sentence(tmp_path: Path) -> None:
    answer = giftwave("serve", port=free_port(), data=tmp_path / ("x" * 100))

    assert answer.returncode == 2
    assert "GIFTWAVE_DATA" in answer.stderr


def test_a_data_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    answer = giftwave("serve", port=free_port(), data=tmp_path / "file")

    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr


def test_a_broken_catalogue_stops_the_server_with_its_faults(tmp_path: Path) -> None:
    (tmp_path / "gifts.toml").write_text(CATALOGUE.replace("price_coins = 3", "price_coins = 30"))

    answer = giftwave("serve", port=free_port(), data=tmp_path / "d", catalogue=tmp_path / "gifts.toml")

    assert answer.returncode == 2
    assert "gifts.toml:11: gift[0] (rose).price_coins" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_relative_catalogue_is_found_where_the_command_was_given(tmp_path: Path) -> None:
    (tmp_path / "gifts.toml").write_text(CATALOGUE)

    with ServerProcess("serve", catalogue="gifts.toml", cwd=tmp_path) as server:
        gifts = server.get("/v1/catalogue").json()["gifts"]

        assert [(gift["id"], gift["price_coins"]) for gift in gifts] == [("rose", 3)]


def test_the_folders_own_secret_is_made_once_and_is_nobody_elses() -> None:
    with ServerProcess("serve", token_secret=None) as server:
        path = server.data / "token.secret"
        secret = path.read_text()
        token = giftwave("token", "u_ana", "--name", "Ana", data=server.data).stdout.strip()

        assert path.stat().st_mode & 0o777 == 0o600
        assert len(secret) >= 32
        assert server.get("/v1/wallet", token=token).status_code == 200
        assert server.get("/v1/wallet", token=server.token("u_ana")).status_code == 401
        assert secret not in server.log()


def test_a_store_that_would_lose_acknowledged_gifts_is_refused_in_words(tmp_path: Path) -> None:
    weak = ValkeyChild(tmp_path)
    weak.start()
    try:
        with weak.connect() as connection:
            connection.config_set("appendfsync", "everysec")
        server = ServerProcess("serve", redis_url=weak.url)
        server.launch()
        try:
            assert server.wait() == 2
            assert "appendfsync" in server.log()
            assert "Traceback" not in server.log()
        finally:
            server.end()
            server.forget()
    finally:
        weak.stop()


def test_the_books_are_nobody_elses() -> None:
    with ServerProcess("serve") as server:
        for file in server.data.glob("books.sqlite*"):
            assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_password_of_the_store_is_on_no_command_line() -> None:
    server = ServerProcess("serve", redis_url="redis://:correct-horse@127.0.0.1:1/0")
    try:
        server.launch()
        wait_until(server.worker_pids)

        lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in (server.pid, *server.worker_pids())]

        assert not [line for line in lines if "correct-horse" in line]
        assert "correct-horse" not in server.log()
    finally:
        server.end()
        server.forget()
