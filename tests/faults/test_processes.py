"""The processes of a server: who stops whom, and who starts whom again."""

import os
import signal
import time

import pytest

from tests.helpers.leftovers import assert_no_traceback
from tests.helpers.line import call
from tests.helpers.server import ServerProcess, is_alive, wait_until
from tests.helpers.waiting import eventually

# Stopping


def test_sigterm_ends_everything_with_exit_code_0() -> None:
    with ServerProcess("serve", workers=2) as server:
        children = server.children()
        assert len(children) == 5  # a store, a recorder, a payment provider and two workers

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
