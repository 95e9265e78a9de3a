"""The commands: what they do with one server, and what they say when they cannot."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.domain.money import WALLET_COINS_MAX
from server.domain.room import Role
from tests.helpers.catalogue import CATALOGUE
from tests.helpers.line import fresh_intent, talk
from tests.helpers.server import SECRET, ServerProcess, giftwave_here


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve") as process:
        yield process


# Grants


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
    assert _grant(server, "u_rich", str(WALLET_COINS_MAX)).returncode == 0

    answer = _grant(server, "u_rich", "1")

    assert (answer.returncode, "ledger_limit" in answer.stderr) == (2, True)
    assert server.wallet("u_rich")["coins"] == WALLET_COINS_MAX


@pytest.mark.parametrize(
    "arguments",
    [
        ("u_x", "0"),
        ("u_x", "-5"),
        ("u_x", "1.5"),
        ("u_x", str(WALLET_COINS_MAX + 1)),
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


# Tokens


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


# All of them


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
