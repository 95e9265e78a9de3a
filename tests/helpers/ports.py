"""Ports for tests: each of the processes that run tests at the same time has a share of its own."""

import os


def own_share(ports: range) -> range:
    """Return this test process's part of `ports` (pytest-xdist names its workers gw0, gw1, …)."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = len(ports) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return ports[number * size : (number + 1) * size]
