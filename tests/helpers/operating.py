"""What operators do to a shop with books, in this process: prove it, lose its store, make that again."""

from server.clock import SystemClock
from server.domain.drift import Drift
from server.domain.ids import FanId
from server.domain.limits import Limits
from server.record.gift_refunds import post_gift_refund
from server.record.gifts import find_gift
from server.service.rebuilding import OnProgress, Rebuilding, Rebuilt
from server.service.reconciling import Reconciled, Reconciling
from server.store.audit import StoreAudit
from server.store.log import LogStore
from tests.helpers.recording import Rig
from tests.helpers.shop import ANA, BEN, KEYS, fresh_intent, now_ms

Dump = dict[str, dict[str, str]]


async def reconcile(rig: Rig, *, books_wait_s: float = 5.0) -> Reconciled:
    """Compare store and books as `giftwave reconcile` does."""
    audit, log = StoreAudit(rig.client, KEYS), LogStore(rig.client, KEYS)
    return await Reconciling(rig.books, audit, log, SystemClock(), books_wait_s=books_wait_s).run()


async def rebuild(rig: Rig, *, replace: bool = False, on_progress: OnProgress | None = None) -> Rebuilt:
    """Make the store again as `giftwave rebuild` does."""
    rebuilding = Rebuilding(rig.books, rig.client, KEYS, SystemClock())
    return await rebuilding.run(replace=replace, on_progress=on_progress)


async def drifts(rig: Rig) -> list[Drift]:
    """Return what a reconcile finds."""
    return (await reconcile(rig)).drifts


async def lose_everything(rig: Rig) -> None:
    """Delete the store's data."""
    await rig.client.command("FLUSHALL")


async def busy_shop(rig: Rig) -> None:
    """Fill a shop with all that a store can hold, and record it."""
    recording = await rig.open()
    await rig.give(40)
    wallets = rig.shop.wallets
    await wallets.set_limits(ANA.id, limits=Limits(gift=500, day=5_000), zone="Asia/Tokyo", change_id=fresh_intent())
    await wallets.set_limits(ANA.id, limits=Limits(gift=900, day=9_000), zone="UTC", change_id=fresh_intent())
    await wallets.lock(FanId("u_cal"), hours=24, change_id=fresh_intent())
    await wallets.take(BEN.id, coins=7, take_id=fresh_intent())
    await rig.give(10)
    await rig.drain_all(recording)


async def dump(rig: Rig) -> Dump:
    """Return every wallet and creator of the store, without what differs in each life (rev) or says nothing."""
    found: Dump = {}
    fans: set[str] = set()
    creators: set[str] = set()
    audit = StoreAudit(rig.client, KEYS)
    async for some_fans, some_creators in audit.accounts():
        fans.update(some_fans)
        creators.update(some_creators)
    cut = await audit.cut(fans=sorted(fans), creators=sorted(creators))
    for name, fields in [*cut.wallets.items(), *cut.creators.items()]:
        found[name] = {field: value for field, value in fields.items() if value not in ("", "0")}
    return {name: fields for name, fields in found.items() if fields}


async def refund_first_gift(rig: Rig) -> None:
    """Give the first recorded gift back; the store has not heard of it yet."""
    receipt = rig.receipts[0]
    async with rig.books.write() as connection:
        gift = await find_gift(connection, fan=BEN.id, intent_id=receipt.intent_id)
        assert gift is not None
        assert await post_gift_refund(connection, gift, actor="operator", reason="a test", now_ms=now_ms())
