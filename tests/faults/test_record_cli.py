"""The commands about the record, as an operator meets them: what they print, and what they say when they cannot."""

import json
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.server import SECRET, ServerProcess, giftwave, giftwave_here, wait_until

COMMANDS = (("reconcile",), ("rebuild",), ("backup",), ("restore",), ("doctor",), ("record", "status"))


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve") as process:
        answer = _run(process, "grant", "u_ana", "50")
        assert answer.returncode == 0, answer.stderr
        wait_until(lambda: json.loads(_run(process, "record", "status", "--json").stdout)["lag_records"] == 0)
        yield process


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_shows_an_example(command: tuple[str, ...]) -> None:
    answer = giftwave(*command, "--help")

    assert answer.returncode == 0
    assert f"Example: giftwave {' '.join(command)}" in answer.stdout
    assert "--json" in answer.stdout


def test_every_answer_can_be_one_json_object(server: ServerProcess, tmp_path: Path) -> None:
    said = {
        " ".join(command): json.loads(_run(server, *command, "--json").stdout)
        for command in (
            ("reconcile",),
            ("record", "status"),
            ("doctor",),
            ("backup", str(tmp_path / "copy.sqlite")),
            ("rebuild", "--replace"),
        )
    }

    assert (said["reconcile"]["clean"], said["reconcile"]["wallets"]) == (True, 1)
    assert said["record status"]["books_seq"] == 1
    assert said["record status"]["lease_holder"]
    assert said["doctor"]["fail"] == 0
    assert said[f"backup {tmp_path / 'copy.sqlite'}"]["seq"] == 1
    assert said["rebuild --replace"]["rows"]["wallets"] == 1


def test_answers_in_words_fit_a_terminal(server: ServerProcess, tmp_path: Path) -> None:
    answers = [
        _run(server, *command)
        for command in (("reconcile",), ("record", "status"), ("doctor",), ("backup", str(tmp_path / "words.sqlite")))
    ]

    assert [answer.returncode for answer in answers] == [0] * 4
    assert "No drift" in answers[0].stdout
    for answer in answers:
        # Only a path may be longer: it has no place to break.
        assert max(len(line.rstrip()) for line in answer.stdout.splitlines()) <= 80, answer.stdout


def test_a_backup_is_private_and_never_overwritten_by_accident(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "copy.sqlite"
    assert _run(server, "backup", str(file)).returncode == 0
    before = file.read_bytes()

    again = _run(server, "backup", str(file))

    assert (again.returncode, "--force" in again.stderr) == (2, True)
    assert file.read_bytes() == before
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert _run(server, "backup", str(file), "--force").returncode == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("rebuild",), "--replace"),
        (("restore", "/nowhere/at/all"), "is no file"),
        (("backup", "/nowhere/at/all/copy"), "a folder that exists"),
        (("backup", "/tmp"), "--force"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_a_sentence(server: ServerProcess, command: tuple[str, ...], words: str) -> None:
    answer = _run(server, *command)

    assert answer.returncode == 2
    assert words in answer.stderr
    assert answer.stderr.startswith("giftwave: ")
    assert "Traceback" not in answer.stderr


def test_a_restore_under_a_running_server_is_refused(server: ServerProcess, tmp_path: Path) -> None:
    file = tmp_path / "copy.sqlite"
    assert _run(server, "backup", str(file)).returncode == 0

    answer = _run(server, "restore", str(file))

    assert (answer.returncode, f"process {server.pid}" in answer.stderr) == (2, True)


@pytest.mark.parametrize("command", [("reconcile",), ("rebuild",), ("record", "status"), ("backup", "copy")])
def test_a_folder_without_books_is_a_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    answer = giftwave(*command, data=tmp_path / "none")

    assert (answer.returncode, answer.stdout) == (2, "")
    assert "GIFTWAVE_DATA" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", [("backup", "copy"), ("restore", "pyproject.toml")])
def test_books_in_postgresql_have_their_own_tools(tmp_path: Path, command: tuple[str, ...]) -> None:
    answer = giftwave(*command, data=tmp_path, database_url="postgresql://nobody@127.0.0.1:9/none")

    assert (answer.returncode, "pg_dump" in answer.stderr) == (2, True)


@pytest.mark.parametrize("command", [("reconcile",), ("rebuild",), ("record", "status")])
def test_parts_that_do_not_answer_are_a_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    answer = giftwave(*command, data=tmp_path, database_url="postgresql://nobody@127.0.0.1:9/none")

    assert answer.returncode == 2
    assert "books_unavailable" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_store_that_is_away_still_lets_the_books_be_seen(server: ServerProcess) -> None:
    answer = _run(server, "record", "status", "--json", redis_url="redis://127.0.0.1:9")

    assert answer.returncode == 0
    said = json.loads(answer.stdout)
    assert (said["books_seq"], said["store_seq"]) == (1, None)
    assert "does not answer" in " ".join(said["troubles"])


def _run(server: ServerProcess, *arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return giftwave_here(*arguments, data=server.data, port=server.port, token_secret=SECRET, **settings)
