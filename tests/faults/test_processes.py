"""The processes of a server: who may start, who stops whom, and what the commands say."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.domain.room import Role
from tests.helpers.books import assert_books_balance
from tests.helpers.leftovers import assert_no_traceback
from tests.helpers.line import call, fresh_intent, gift_fields, talk
from tests.helpers.server import SECRET, ServerProcess, free_port, giftwave, giftwave_here, is_alive, wait_until
from tests.helpers.waiting import eventually

CATALOGUE = """
[[tier]]
tier = 1
name = "Hello"
min_coins = 1
max_coins = 9

[[gift]]
id = "rose"
name = "Rose"
price_coins = 3
tier = 1
combo = true
effect = "rose"
still = "rose"
"""


# Starting


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


# Stopping


def test_sigterm_ends_everything_with_exit_code_0() -> None:
    with ServerProcess("serve", workers=2) as server:
        children = server.children()
        assert len(children) == 3

        server.stop()

        assert not [pid for pid in children if is_alive(pid)]
        assert_no_traceback(server)


def test_sigint_ends_everything_with_exit_code_0() -> None:
    with ServerProcess("serve") as server:
        children = server.children()

        os.kill(server.pid, signal.SIGINT)

        assert server.wait() == 0
        assert not [pid for pid in children if is_alive(pid)]


@pytest.mark.parametrize("trials", [6, pytest.param(100, marks=pytest.mark.soak)])
def test_sigterm_at_any_moment_of_the_start_ends_everything(trials: int) -> None:
    for trial in range(trials):
        _start_and_stop(after_s=1.0 * trial / trials)


def _start_and_stop(*, after_s: float) -> None:
    server = ServerProcess("serve", workers=2)
    try:
        server.launch()
        wait_until(server.data.exists)
        time.sleep(after_s)  # the moment itself is what varies
        server.children()
        os.kill(server.pid, signal.SIGTERM)

        code = server.wait()

        left = [pid for pid in server.known_children if is_alive(pid)]
        assert (code in (0, -signal.SIGTERM), left) == (True, []), (after_s, code, server.log())
        assert_no_traceback(server)
    finally:
        server.end()
        server.forget()


def test_two_sigterms_are_as_good_as_one() -> None:
    with ServerProcess("serve") as server:
        os.kill(server.pid, signal.SIGTERM)
        os.kill(server.pid, signal.SIGTERM)

        assert server.wait() == 0
        assert_no_traceback(server)


@pytest.mark.soak  # the store is given 20 s to write what is left
def test_a_store_that_hangs_does_not_keep_the_server_from_stopping() -> None:
    with ServerProcess("serve") as server:
        store = server.valkey_pid()
        assert store is not None
        os.kill(store, signal.SIGSTOP)
        os.kill(server.pid, signal.SIGTERM)

        assert server.wait() == 0
        assert not is_alive(store)


def test_a_killed_parent_takes_its_children_along() -> None:
    server = ServerProcess("serve", workers=2)
    try:
        server.start()

        server.kill()

        wait_until(lambda: not [pid for pid in server.known_children if is_alive(pid)])
        assert_no_traceback(server)
    finally:
        server.end()
        server.forget()


async def test_a_killed_parents_members_are_told_goodbye() -> None:
    server = ServerProcess("serve")
    try:
        server.start()
        async with call(server) as line:
            server.kill()

            await line.expect("bye")
            assert await line.expect_close() == 4500
        wait_until(lambda: not [pid for pid in server.known_children if is_alive(pid)])
    finally:
        server.end()
        server.forget()


async def test_a_server_starts_on_what_a_killed_one_left() -> None:
    server = ServerProcess("serve")
    try:
        server.start()
        server.open_room("lounge")
        await server.grant("u_ana", 10)
        server.kill()

        # At once: the store of the killed one may still be about to end.
        server.start()

        assert server.wallet("u_ana")["coins"] == 10
        server.stop()
    finally:
        server.end()
        server.forget()


# The store's process


async def test_a_killed_store_comes_back_with_its_data() -> None:
    with ServerProcess("serve") as server:
        server.open_room("lounge")
        await server.grant("u_ana", 10)
        store = server.valkey_pid()
        assert store is not None

        os.kill(store, signal.SIGKILL)
        await eventually(lambda: server.valkey_pid() not in (None, store) and server.is_ready())

        assert server.wallet("u_ana")["coins"] == 10
        assert server.room("lounge")["state"] == "open"
        assert_no_traceback(server)


async def test_a_killed_store_starts_again_without_delay_when_it_dies_while_it_starts() -> None:
    with ServerProcess("serve") as server:
        for _ in range(3):
            store = server.valkey_pid()
            assert store is not None
            os.kill(store, signal.SIGKILL)
            await eventually(lambda dead=store: server.valkey_pid() not in (None, dead), timeout_s=4)  # type: ignore[misc]

        await eventually(server.is_ready)


async def test_data_survives_a_restart_of_the_server() -> None:
    with ServerProcess("serve") as server:
        server.open_room("lounge")
        await server.grant("u_ana", 100)
        wish, token = gift_fields("donut"), server.token("u_ana")
        first = server.post("/v1/rooms/lounge/gifts", wish, token=token).json()
        before = (server.wallet("u_ana"), server.room("lounge"))
        server.stop()

        server.start()

        assert (server.wallet("u_ana"), server.room("lounge")) == before
        assert server.post("/v1/rooms/lounge/gifts", wish, token=token).json() == first | {"replayed": True}
        async with talk(server, "u_ana") as line:
            joined = await line.join("lounge", epoch=first["epoch"], offset=1)
            assert [event["id"] for event in joined["events"]] == [first["event_id"]]
        assert_books_balance(server)


@pytest.mark.parametrize(("window_s", "then_s"), [(900, 600), (600, 3_600)])
async def test_an_intent_is_charged_once_also_when_the_window_was_changed(window_s: int, then_s: int) -> None:
    server = ServerProcess("serve", intent_window_s=window_s)
    try:
        server.start()
        server.open_room("lounge")
        await server.grant("u_ana", 100)
        wish, token = gift_fields(), server.token("u_ana")
        server.post("/v1/rooms/lounge/gifts", wish, token=token)
        server.stop()
        server.configure(intent_window_s=then_s)

        server.start()
        again = server.post("/v1/rooms/lounge/gifts", wish, token=token).json()

        assert again.get("replayed") is True, again
        assert server.wallet("u_ana")["coins"] == 99
        server.stop()
    finally:
        server.end()
        server.forget()


# The commands


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve") as process:
        yield process


def test_a_grant_with_one_id_is_given_once(server: ServerProcess) -> None:
    grant = fresh_intent()

    answers = [_grant(server, "u_once", "50", "--grant-id", grant) for _ in range(2)]

    assert [answer.returncode for answer in answers] == [0, 0]
    assert server.wallet("u_once")["coins"] == 50


@pytest.mark.parametrize("age_ms", [7_200_000, 400 * 86_400_000])
def test_an_old_grant_id_is_never_given_twice(server: ServerProcess, age_ms: int) -> None:
    grant, fan = fresh_intent(age_ms=age_ms), f"u_old_{age_ms}"

    for _ in range(2):
        _grant(server, fan, "50", "--grant-id", grant)

    assert server.wallet(fan)["coins"] in (0, 50)


def test_a_grant_id_of_another_grant_is_a_conflict(server: ServerProcess) -> None:
    grant = fresh_intent()
    _grant(server, "u_conflict", "50", "--grant-id", grant)

    answer = _grant(server, "u_conflict", "60", "--grant-id", grant)

    assert answer.returncode == 2
    assert "intent_conflict" in answer.stderr
    assert server.wallet("u_conflict")["coins"] == 50


def test_grants_end_at_what_the_books_can_hold(server: ServerProcess) -> None:
    assert _grant(server, "u_rich", str(2**53 - 1)).returncode == 0

    answer = _grant(server, "u_rich", "1")

    assert (answer.returncode, "ledger_limit" in answer.stderr) == (2, True)
    assert server.wallet("u_rich")["coins"] == 2**53 - 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("u_x", "0"),
        ("u_x", "-5"),
        ("u_x", "1.5"),
        ("u_x", str(2**53)),
        ("U X", "5"),
        ("u_x\n", "5"),
        ("u_x", "5", "--bucket", "gold"),
        ("u_x", "5", "--grant-id", "7"),
        ("u_x", "5", "--grant-id", "019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f\n"),
    ],
)
def test_a_grant_that_cannot_be_is_refused_in_words(server: ServerProcess, arguments: tuple[str, ...]) -> None:
    answer = _grant(server, *arguments)

    assert answer.returncode == 2
    assert answer.stderr
    assert "Traceback" not in answer.stderr
    assert server.wallet("u_x")["coins"] == 0


def test_a_grant_without_a_server_is_a_sentence(tmp_path: Path) -> None:
    answer = giftwave_here("grant", "u_ana", "5", data=tmp_path)

    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert "giftwave" in answer.stderr


async def test_a_grant_is_told_to_the_fans_who_watch(server: ServerProcess) -> None:
    server.open_room("lounge")
    async with talk(server, "u_told", room="lounge") as line:
        answer = await asyncio.to_thread(_grant, server, "u_told", "5")

        assert answer.returncode == 0
        assert (await line.expect("wallet"))["coins"] == 5


@pytest.mark.parametrize("role", list(Role))
def test_a_minted_token_works(server: ServerProcess, role: Role) -> None:
    answer = giftwave_here(
        "token", "u_ana", "--name", "Ana", "--role", role.value, data=server.data, token_secret=SECRET
    )

    assert answer.returncode == 0
    assert server.get("/v1/wallet", token=answer.stdout.strip()).status_code == 200


@pytest.mark.parametrize(
    "arguments",
    [
        ("U", "--name", "Ana"),
        ("u_ana\n", "--name", "Ana"),
        ("u_ana", "--name", ""),
        ("u_ana", "--name", "x" * 33),
        ("u_ana", "--name", "a\nb"),
        ("u_ana",),
        ("u_ana", "--name", "Ana", "--role", "admin"),
        ("u_ana", "--name", "Ana", "--ttl", "0"),
        ("u_ana", "--name", "Ana", "--ttl", "86401"),
    ],
)
def test_a_token_that_cannot_be_is_refused_in_words(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    answer = giftwave_here("token", *arguments, data=tmp_path, token_secret=SECRET)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert "Traceback" not in answer.stderr


def test_every_answer_can_be_json(server: ServerProcess, tmp_path: Path) -> None:
    (tmp_path / "gifts.toml").write_text(CATALOGUE)

    said = [
        json.loads(giftwave_here(*arguments, "--json", data=server.data, token_secret=SECRET).stdout)
        for arguments in (
            ("token", "u_ana", "--name", "Ana"),
            ("grant", "u_json", "5"),
            ("catalogue", "check", str(tmp_path / "gifts.toml")),
            ("catalogue", "check", "no-such-file.toml"),
            ("catalogue", "show"),
        )
    ]

    assert (said[0]["user"], said[0]["role"], said[0]["ttl_s"]) == ("u_ana", "viewer", 900)
    assert (said[1]["granted"], said[1]["coins"]) == (5, 5)
    assert (said[2]["gifts"], said[2]["faults"]) == (1, [])
    assert len(said[3]["faults"]) == 1
    assert said[4]["gifts"]


def test_each_fault_of_a_catalogue_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "gifts.toml"
    faulty = CATALOGUE.replace('name = "Rose"', "name = 5").replace("combo = true", 'combo = "yes"\ncolour = "red"')
    path.write_text(faulty.replace('name = "Hello"', 'nam = "Hello"'))

    answer = giftwave_here("catalogue", "check", str(path))

    places = [line.split(": ", 1)[0] for line in answer.stdout.splitlines() if line.startswith(str(path))]
    assert answer.returncode == 1
    assert all(re.fullmatch(rf"{re.escape(str(path))}:\d+", place) for place in places), answer.stdout
    for fault in (
        "tier[0].name is missing",
        "tier[0].nam is not a field",
        "].name must be text",
        ".combo must be",
        ".colour",
    ):
        assert fault in answer.stdout.replace(" (Hello)", "").replace(" (rose)", ""), (fault, answer.stdout)
    assert f"{len(places)} fault(s)" in answer.stdout


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "tier = 5",
        "[tier]\na=1",
        "[[tier]]\n[[gift]]",
        "tier = []\ngift = []",
        "[[tier]]\ntier=1\n[[gift]]\nid=[1]",
        '[[gift]]\nid = "a"\n',
        "\ufeff" + CATALOGUE,
        CATALOGUE.replace("price_coins = 3", "price_coins = 3.0"),
        CATALOGUE.replace("price_coins = 3", "price_coins = true"),
        CATALOGUE.replace("price_coins = 3", "price_coins = -3"),
        CATALOGUE + CATALOGUE,
        CATALOGUE.replace('"Rose"', '"   "'),
        CATALOGUE.replace('id = "rose"', 'id = "rose\\n"'),
        "[[other]]\nx = 1\n" + CATALOGUE,
        "x = 1\n" + CATALOGUE,
    ],
)
def test_a_broken_catalogue_is_explained_and_never_a_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gifts.toml"
    path.write_text(text, encoding="utf-8")

    answer = giftwave_here("catalogue", "check", str(path))

    assert answer.returncode == 1, answer.stdout
    assert str(path) in answer.stdout
    assert "Traceback" not in answer.stderr


def test_python_without_assertions_is_refused() -> None:
    answer = subprocess.run(
        [sys.executable, "-O", "-m", "server", "version"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert answer.returncode != 0
    assert "python -O" in answer.stderr


def _grant(server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    return giftwave_here("grant", *arguments, data=server.data, token_secret=SECRET)
