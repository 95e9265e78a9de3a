"""Metrics for Prometheus. With several workers they are shared through files (PROMETHEUS_MULTIPROC_DIR)."""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

GIFTS = Counter(
    "giftwave_gifts_total", "Orders decided, by outcome (accepted, replayed, or a refusal code).", ["outcome"]
)
COINS = Counter("giftwave_coins_total", "Coins charged for gifts.")
STORE_CALL_SECONDS = Histogram(
    "giftwave_store_call_seconds",
    "Duration of one call of the atomic step, in seconds.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2),
)
MEMBERS = Gauge("giftwave_members", "Connections in rooms now.", multiprocess_mode="livesum")
CONNECTIONS = Gauge("giftwave_connections", "WebSocket connections now.", multiprocess_mode="livesum")
DELIVERIES = Counter("giftwave_deliveries_total", "Frames written to members of rooms.")
SKIPPED = Counter("giftwave_skipped_deliveries_total", "Frames not written because a member lagged.")
GAPS = Counter("giftwave_gaps_total", "Gaps announced to members.")
RECORDED = Counter("giftwave_recorded_gifts_total", "Gifts copied into the books.")
DRAIN_LAG = Histogram(
    "giftwave_drain_lag_seconds",
    "From the acceptance of the oldest gift of a transaction to its commit in the books, in seconds.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300),
)
INBOUND = Counter("giftwave_inbound_messages_total", "Messages received, by type or refusal code.", ["kind"])


def exposition() -> bytes:
    """Return all metrics of all workers in Prometheus' text format."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest()
