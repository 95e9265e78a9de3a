"""Background tasks with an owner: never a bare `create_task`, never a lost exception."""

import asyncio
import os
import signal
from collections.abc import Coroutine

import structlog

log = structlog.get_logger(__name__)

_ASK_AGAIN_S = 0.5


class TaskOwner:
    """Owns the tasks of one object: keeps them alive, reports their failures, cancels them on close.

    The failure of a `vital` owner's task ends the process in order: a worker that goes on without it would look
    healthy and be deaf. The supervisor starts another.
    """

    def __init__(self, name: str, *, vital: bool = False) -> None:
        self._name = name
        self._vital = vital
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[object, object, None], *, name: str) -> asyncio.Task[None]:
        """Run `work` until it ends or the owner closes; an exception is logged once, here."""
        task = asyncio.get_running_loop().create_task(work, name=f"{self._name}.{name}")
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    async def close(self) -> None:
        """Cancel what still runs and wait for it."""
        tasks = set(self._tasks)
        while tasks:
            for task in tasks:
                task.cancel()
            # Asked again, because a library may lose a cancellation: asyncio.wait_for does before Python 3.12.
            _, tasks = await asyncio.wait(tasks, timeout=_ASK_AGAIN_S)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task.failed", task=task.get_name(), exc_info=error)
            if self._vital:
                os.kill(os.getpid(), signal.SIGTERM)
