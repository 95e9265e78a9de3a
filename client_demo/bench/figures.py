"""From what was seen to figures: pure arithmetic, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hdrh.histogram import HdrHistogram

from client_demo.bench.gifts_room import Observed, Options
from client_demo.bench.parties import Tap

HISTOGRAM_MAX_US = 60_000_000
# The lag of the generator is in every time that it takes; below this it is noise beside the targets.
LAG_P99_MAX_MS = 3.0
CPU_SHARE_MAX = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """A distribution in milliseconds, with what it aims at (None where nothing is)."""

    name: str
    p50_ms: float
    p99_ms: float
    max_ms: float
    samples: int
    target_p50_ms: float | None
    target_p99_ms: float | None
    histogram: str  # HdrHistogram V2, microseconds, base64

    @property
    def is_met(self) -> bool | None:
        if self.target_p50_ms is None or self.target_p99_ms is None:
            return None
        return self.samples > 0 and self.p50_ms <= self.target_p50_ms and self.p99_ms <= self.target_p99_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """What went wrong. `missing`: gift × viewer pairs that were acknowledged and never arrived."""

    missing: int
    repeated: int
    viewers_lost: int
    unanswered: int
    refused: dict[str, int]
    reasons: dict[str, int]

    @property
    def is_mismatch(self) -> bool:
        return self.missing > 0 or self.repeated > 0 or self.viewers_lost > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run came to; rates and CPU are those of the measured window."""

    latencies: list[Latency]
    losses: Losses
    gifts: int
    gifts_per_s: float
    deliveries_per_s: float  # gift × viewer
    frames_per_s: float
    server_cpu_share: float | None  # of one core
    server_cpu_us_per_delivery: float | None
    server_cpu_us_per_frame: float | None
    generator_cpu_share: float
    generator_lag_p99_ms: float
    stolen_cpu_share: float  # of one core, taken by other guests of this host
    notes: list[str] = field(default_factory=list)


def figures_of(observed: Observed, options: Options) -> Figures:
    """Work out the figures of one run."""
    start_ns, end_ns = observed.window_ns
    measured = [tap for tap in observed.ledger.acknowledged() if start_ns <= tap.due_ns < end_ns]
    batches = [batch for batch in observed.batches.values() if start_ns <= batch.first_ns < end_ns]
    frames = sum(batch.receivers for batch in batches)
    deliveries = sum(batch.receivers * len(batch.offsets) for batch in batches)
    cpu_s = observed.server_cpu_s
    lag_p99_ms = _latency("loop lag", observed.lag_ns).p99_ms
    return Figures(
        latencies=_latencies(observed, measured),
        losses=_losses(observed),
        gifts=len(measured),
        gifts_per_s=len(measured) / options.seconds,
        deliveries_per_s=deliveries / options.seconds,
        frames_per_s=frames / options.seconds,
        server_cpu_share=None if cpu_s is None else cpu_s / options.seconds,
        server_cpu_us_per_delivery=cpu_s * 1e6 / deliveries if cpu_s is not None and deliveries else None,
        server_cpu_us_per_frame=cpu_s * 1e6 / frames if cpu_s is not None and frames else None,
        generator_cpu_share=observed.generator_cpu_s / options.seconds,
        generator_lag_p99_ms=lag_p99_ms,
        stolen_cpu_share=observed.stolen_s / options.seconds,
        notes=_notes(lag_p99_ms, observed.generator_cpu_s / options.seconds, observed.stolen_s / options.seconds),
    )


def _latencies(observed: Observed, measured: list[Tap]) -> list[Latency]:
    first_ns: dict[int, int] = {}
    last_ns: dict[int, int] = {}
    for batch in observed.batches.values():
        for offset in batch.offsets:
            first_ns[offset] = min(first_ns.get(offset, batch.first_ns), batch.first_ns)
            last_ns[offset] = max(last_ns.get(offset, 0), batch.last_ns)
    seen = [tap for tap in measured if tap.offset in first_ns]
    return [
        _latency("tap → ack", (tap.acked_ns - tap.due_ns for tap in measured), target_ms=(3, 15)),
        _latency("tap → first viewer", (first_ns[tap.offset] - tap.due_ns for tap in seen)),
        _latency("tap → last viewer", (last_ns[tap.offset] - tap.due_ns for tap in seen), target_ms=(10, 40)),
    ]


def _latency(name: str, times_ns: Iterable[int], *, target_ms: tuple[float, float] | None = None) -> Latency:
    histogram = HdrHistogram(1, HISTOGRAM_MAX_US, 3)
    for time_ns in times_ns:
        histogram.record_value(min(max(1, time_ns // 1_000), HISTOGRAM_MAX_US))
    return Latency(
        name=name,
        p50_ms=histogram.get_value_at_percentile(50) / 1e3,
        p99_ms=histogram.get_value_at_percentile(99) / 1e3,
        max_ms=histogram.get_max_value() / 1e3,
        samples=histogram.get_total_count(),
        target_p50_ms=target_ms[0] if target_ms else None,
        target_p99_ms=target_ms[1] if target_ms else None,
        histogram=histogram.encode().decode(),
    )


def _losses(observed: Observed) -> Losses:
    """Every viewer must have every acknowledged offset: no hole on the way, and none missing at the end."""
    acknowledged = {tap.offset for tap in observed.ledger.acknowledged()}
    shown = {offset for batch in observed.batches.values() for offset in batch.offsets}
    last_offset = max(acknowledged, default=0)
    missing = len(acknowledged - shown) * len(observed.viewers)
    reasons: dict[str, int] = {}
    for viewer in observed.viewers:
        missing += viewer.missed + sum(offset in acknowledged for offset in range(viewer.next_offset, last_offset + 1))
        if viewer.ended is not None:
            reasons[viewer.ended] = reasons.get(viewer.ended, 0) + 1
    refusals = observed.ledger.refusals
    return Losses(
        missing=missing,
        repeated=sum(viewer.repeated for viewer in observed.viewers),
        viewers_lost=sum(reasons.values()),
        unanswered=len(observed.ledger.taps) - len(observed.ledger.acknowledged()) - refusals.total(),
        refused=dict(refusals),
        reasons=reasons,
    )


def _notes(lag_p99_ms: float, cpu_share: float, stolen_share: float) -> list[str]:
    notes = [f"The generator's own loop was up to {lag_p99_ms:.1f} ms late (p99); all times above contain that."]
    if lag_p99_ms > LAG_P99_MAX_MS or cpu_share > CPU_SHARE_MAX:
        notes.append("So much can bend the figures: read the times as upper bounds, or use fewer viewers.")
    if stolen_share > 0.01:
        notes.append(f"Other guests of this host took {stolen_share:.0%} of a core meanwhile.")
    return notes
