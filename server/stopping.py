"""When a process of ours stops: it is told to, or whoever started it is gone."""

import asyncio
import os
import signal
import stat
import sys
from collections.abc import Callable


def stop_when_told(stop: Callable[[], None]) -> None:
    """Call `stop` at SIGTERM and SIGINT, and when the other end of a pipe on our standard input closes.

    The supervisor holds that end, so it closes however the supervisor dies. A terminal or a file says nothing.
    """
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)
    if sys.stdin is None:
        return
    descriptor = sys.stdin.fileno()
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return

    def readable() -> None:
        if not os.read(descriptor, 1):
            loop.remove_reader(descriptor)
            stop()

    loop.add_reader(descriptor, readable)
