"""Look at an installation the way somebody does who has lost money once: each finding says what to do."""

import os
import re
import shutil
import stat
from pathlib import Path
from urllib.parse import urlsplit

from server.clock import Clock
from server.domain.drift import Finding
from server.errors import GiftwaveError, SettingInvalid, StoreUnavailable
from server.payments.factory import build_provider
from server.record import health
from server.record.database import Database
from server.service.offline import books_file, open_books, open_store
from server.settings import Settings
from server.store.audit import StoreAudit
from server.store.client import StoreClient
from server.store.keys import Keys

# Without these an acknowledged gift can be lost, or a wallet be thrown away to make room.
_PROMISES = {
    "appendonly": ("yes", "a restart loses every gift since the last snapshot"),
    "appendfsync": ("always", "a power cut loses up to two seconds of acknowledged gifts"),
    "no-appendfsync-on-rewrite": ("no", "gifts are not on the disk while the append-only file is rewritten"),
    "maxmemory-policy": ("noeviction", "a full store throws wallets away"),
}
_MAJOR_MIN = 7
# The first releases of each line without the Lua faults CVE-2025-49844 and CVE-2026-23631 and, for Valkey, without
# CVE-2026-56684 and CVE-2026-63639. A line that is not here is newer than they are, or gets no fixes any more.
_SAFE = {
    "Valkey": {(7, 2): 13, (8, 0): 10, (8, 1): 7, (9, 0): 5, (9, 1): 1},
    "Redis": {(7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2},
}
_SKEW_WARN_MS, _SKEW_FAIL_MS = 1_000, 30_000
_DISK_WARN_BYTES, _DISK_FAIL_BYTES = 2_000_000_000, 200_000_000


def ok(check: str, said: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(level="ok", check=check, said=said)


def warn(check: str, said: str, advice: str) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(level="warn", check=check, said=said, advice=advice)


def fail(check: str, said: str, advice: str) -> Finding:
    """Return a finding that can cost money."""
    return Finding(level="fail", check=check, said=said, advice=advice)


async def check_store(client: StoreClient) -> list[Finding]:
    """Check that a store keeps what it acknowledges; one finding of level fail is reason not to take money on it.

    Raises:
        StoreUnavailable: it does not answer.
    """
    audit = StoreAudit(client, Keys(shard_id=0))
    findings = [_check_version(*await audit.version())]
    refusal = await audit.refuses_scripts()
    if refusal is None:
        findings.append(ok("store scripts", "run"))
    else:
        advice = "Let our user call EVAL and EVALSHA (ACL SETUSER)."
        findings.append(fail("store scripts", f"do not run ({refusal})", advice))
    for name, (wanted, danger) in _PROMISES.items():
        check, value = f"store {name}", await audit.configured(name)
        if value is None:
            findings.append(warn(check, "cannot be seen", f"Make sure at your provider that it is {wanted}."))
        elif value == wanted:
            findings.append(ok(check, value))
        else:
            advice = f"Run `CONFIG SET {name} {wanted}`, then `CONFIG REWRITE`."
            findings.append(fail(check, f"is {value}: {danger}", advice))
    return findings


async def check_all(settings: Settings, clock: Clock) -> list[Finding]:
    """Check store, books, clocks, disk, secrets and payments."""
    findings = [_check_folder(settings), _check_disk(settings), _check_secret(settings), *_check_payments(settings)]
    if settings.redis_url is None and not settings.data.exists():
        return [*findings, warn("store", "was never started", "Start `giftwave serve` and run this again.")]
    findings += await _check_books(settings, clock)
    try:
        async with open_store(settings) as store:
            findings += await check_store(store.client)
            theirs_ms = await StoreAudit(store.client, Keys(shard_id=0)).clock_ms()
            findings.append(_compare_clocks("store clock", theirs_ms, clock.now_ms()))
            findings += await _check_life(settings, store.client)
    except StoreUnavailable:
        findings.append(fail("store", "does not answer", "Start it, or look at GIFTWAVE_REDIS_URL."))
    except GiftwaveError as error:
        findings.append(fail("store", error.message, "See docs/guides/back-up-and-restore.md."))
    return findings


# The store


def _check_version(name: str, version: str) -> Finding:
    numbers = [int(number) for number in re.findall(r"\d+", version)[:3]]
    major, minor, patch = [*numbers, 0, 0, 0][:3]
    said = f"{name} {version}"
    if major < _MAJOR_MIN:
        return fail("store version", said, f"Install Valkey or Redis {_MAJOR_MIN} or later.")
    lines = _SAFE[name]
    if (major, minor) > max(lines) or patch >= lines.get((major, minor), 1_000_000):
        return ok("store version", said)
    newest = ".".join(map(str, (*max(lines), lines[max(lines)])))
    return warn(
        "store version",
        f"{said} has known faults, unless your distribution patched it",
        f"Install {name} {newest} or later, or check that your package fixes CVE-2025-49844 and CVE-2026-23631.",
    )


async def _check_life(settings: Settings, client: StoreClient) -> list[Finding]:
    """Whether store and books belong together."""
    cut = await StoreAudit(client, Keys(shard_id=0)).cut()
    try:
        async with open_books(settings) as database, database.read() as connection:
            cursor = (await health.describe(connection)).cursor
    except GiftwaveError:
        return []  # said already
    if cut.epoch is None and (cursor is None or (cursor.seq, cursor.commands) == (0, 0)):
        return [ok("store and books", "both are new")]
    if cut.epoch is None:
        return [fail("store and books", "the store is empty: gifts are refused", "Run `giftwave rebuild`.")]
    if cursor is None or cursor.epoch != cut.epoch:
        said = f"epoch {cut.epoch} meets books of epoch {cursor.epoch if cursor else 'none'}"
        return [fail("store and books", said, "Point both at the same server, or run `giftwave rebuild --replace`.")]
    if cursor.seq > cut.seq or cut.commands > cursor.commands:
        return [fail("store and books", "one of them lost its end", "Run `giftwave reconcile`.")]
    if cut.undrained_coins > settings.undrained_coins_max // 2:
        said = f"{cut.undrained_coins:,} coins wait for the books, half of what is allowed"
        return [warn("store and books", said, "Look at `giftwave record status`.")]
    return [ok("store and books", f"epoch {cut.epoch}, {cut.seq:,} records")]


# The books


async def _check_books(settings: Settings, clock: Clock) -> list[Finding]:
    file = books_file(settings)
    try:
        async with open_books(settings) as database:
            async with database.read() as connection:
                named = f"{'PostgreSQL' if file is None else 'SQLite'} {await health.version_of(connection)}"
                if not await health.is_migrated(connection):
                    return [fail("books", f"{named}, of another release", "Start `giftwave serve`: it brings them up.")]
            return [ok("books", named), *await _check_rules(database, clock)]
    except GiftwaveError as error:
        if file is not None and not file.exists():
            return [warn("books", "there are none yet", "Start `giftwave serve`: it makes them.")]
        said = f"cannot be read ({error.__cause__ or error.message})".splitlines()[0]
        return [fail("books", said, "Look at GIFTWAVE_DATABASE_URL, or at the disk under GIFTWAVE_DATA.")]


async def _check_rules(database: Database, clock: Clock) -> list[Finding]:
    async with database.read() as connection:
        missing = await health.missing_rules(connection)
        broken = await health.broken_promises(connection)
        books = await health.describe(connection)
        database_ms = await health.clock_ms(connection)
    findings = [
        fail("books rules", f"missing: {', '.join(missing[:5])}", "Restore a backup; somebody changed the schema.")
        if missing
        else ok("books rules", "constraints and triggers are in place"),
        fail("books durability", "; ".join(broken), "Set it back: a commit has to be on the disk.")
        if broken
        else ok("books durability", "a commit is on the disk"),
    ]
    left_ms = books.lease_until_ms - clock.now_ms()
    if left_ms > 0:
        findings.append(ok("recorder", f"{books.holder} copies the log"))
    else:
        said = "nobody copies the log"
        findings.append(warn("recorder", said, "Start `giftwave serve`; if it runs, read its log for recorder.paused."))
    if database_ms is not None:
        findings.append(_compare_clocks("books clock", database_ms, clock.now_ms()))
    return findings


# The machine


def _compare_clocks(check: str, theirs_ms: int, ours_ms: int) -> Finding:
    skew_ms = abs(theirs_ms - ours_ms)
    said = f"{skew_ms:,} ms from this machine"
    if skew_ms < _SKEW_WARN_MS:
        return ok(check, said)
    make = fail if skew_ms >= _SKEW_FAIL_MS else warn
    return make(check, said, "Run a time service (chrony, systemd-timesyncd) on both machines.")


def _check_folder(settings: Settings) -> Finding:
    folder = settings.data.resolve()
    if not folder.exists():
        return warn("data folder", f"{folder} does not exist", "`giftwave serve` makes it, or set GIFTWAVE_DATA.")
    if not os.access(folder, os.W_OK):
        return fail("data folder", f"{folder} is not writable", "Give its owner write permission.")
    return ok("data folder", str(folder))


def _check_disk(settings: Settings) -> Finding:
    folder = settings.data.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:,.1f} GB free under {folder}"
    if free >= _DISK_WARN_BYTES:
        return ok("disk", said)
    make = fail if free < _DISK_FAIL_BYTES else warn
    return make("disk", said, "Make room: a full disk stops gifts, and then the books.")


def _check_secret(settings: Settings) -> Finding:
    if settings.token_secret is not None:
        return ok("token secret", "set in GIFTWAVE_TOKEN_SECRET")
    file: Path = settings.data / "token.secret"
    if not file.exists():
        return warn("token secret", "none yet", "`giftwave serve` makes one, or set GIFTWAVE_TOKEN_SECRET.")
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        return fail("token secret", f"{file} can be read by others ({mode:o})", f"Run `chmod 600 {file}`.")
    return ok("token secret", f"{file} is its owner's alone")


def _check_payments(settings: Settings) -> list[Finding]:
    try:
        build_provider(settings, secret="not-used-for-anything-but-this-check")
    except SettingInvalid as error:
        return [fail("payments", "stripe without its keys", error.message)]
    if settings.payments == "sandbox":
        if settings.demo:
            return [ok("payments", "sandbox, for a demo")]
        return [warn("payments", "sandbox: coins cost nobody money", "Set GIFTWAVE_PAYMENTS=stripe to sell coins.")]
    address = urlsplit(settings.base_url)
    if address.scheme != "https":
        said = f"webhooks and browsers reach this server at {settings.base_url}"
        return [fail("payments", said, "Set GIFTWAVE_PUBLIC_URL to its https:// address.")]
    return [ok("payments", f"stripe, webhooks at {settings.base_url}")]
