"""Every key, once: its name, its type, its content and how long it lives.

All keys of one shard share its hash tag `{sK}`, so one script may touch them on a cluster too.

| key | type | content | lives |
| --- | --- | --- | --- |
| `{sK}:shard` | hash | epoch, seq, hwm, logged, drained, recorded, commands (below) | for ever |
| `{sK}:log` | stream | what was accepted, id `<last seq>-1`, one entry a call | until the books have it |
| `{sK}:wallet:<fan>` | hash | coins and rev; what is spent in which day and month; limits (below) | for ever |
| `{sK}:seen:<fan>:<slot>` | hash | intent → fingerprint and outcome | two windows after its slot |
| `{sK}:creator:<id>` | hash | earned (units) | for ever |
| `{sK}:room:<id>` | hash | creator, title, state, epoch, offset, totals | for ever |
| `{sK}:feed:<id>` | stream | recent batches, id `<last offset>-1` | bounded by `feed_batches_max` |
| `{sK}:board:<id>:stream` | zset | fan → coins given publicly in this epoch | until the room opens again |
| `{sK}:names:<id>` | hash | fan → how the room may show them ("" while only anonymous) | until the room opens again |
| `{sK}:combo:<room>:<fan>:<gift>:<face>` | hash | id, epoch, rev, total, coins, last_ms | 2 gaps after its last send |
| channel `{sK}:live:<id>` | sharded pub/sub | the room's batches | |
| channel `{sK}:wallets` | sharded pub/sub | wallets that changed | |
| channel `{sK}:people` | sharded pub/sub | messages for single people | |

A shard's hash: `epoch` names its life and opens the gate, `seq` is the last number of the log, `hwm` the highest time
seen, `logged` and `drained` the coins of gifts in the log and of those in the books, `recorded` the last seq in the
books, `commands` the last command that was followed; while `giftwave rebuild` makes it again it has no epoch but
`rebuilding` (by whom) and `was` (its last epoch). A wallet's: `paid`, `promo` and `rev`; `day`, `month` and
`day_spent`, `week_spent`, `month_spent`; `limits` (`gift|day|week|month`), `limits_next` (`at_ms|…|zone`),
`locked_until`, `zone`.
"""

from dataclasses import dataclass

from server.domain.ids import CreatorId, FanId, GiftId, IntentId, RoomId, intent_time_ms
from server.domain.order import INTENT_WINDOW_MS


@dataclass(frozen=True, slots=True)
class Keys:
    """The key names of one shard."""

    shard_id: int

    @property
    def prefix(self) -> str:
        return f"{{s{self.shard_id}}}:"

    @property
    def shard(self) -> str:
        return f"{{s{self.shard_id}}}:shard"

    @property
    def log(self) -> str:
        return f"{{s{self.shard_id}}}:log"

    @property
    def wallets_channel(self) -> str:
        return f"{{s{self.shard_id}}}:wallets"

    @property
    def people_channel(self) -> str:
        return f"{{s{self.shard_id}}}:people"

    def wallet(self, fan: FanId) -> str:
        return f"{{s{self.shard_id}}}:wallet:{fan}"

    def seen(self, fan: FanId, slot: int) -> str:
        return f"{{s{self.shard_id}}}:seen:{fan}:{slot}"

    def creator(self, creator: CreatorId) -> str:
        return f"{{s{self.shard_id}}}:creator:{creator}"

    def room(self, room: RoomId) -> str:
        return f"{{s{self.shard_id}}}:room:{room}"

    def feed(self, room: RoomId) -> str:
        return f"{{s{self.shard_id}}}:feed:{room}"

    def board(self, room: RoomId) -> str:
        return f"{{s{self.shard_id}}}:board:{room}:stream"

    def names(self, room: RoomId) -> str:
        return f"{{s{self.shard_id}}}:names:{room}"

    def combo(self, room: RoomId, fan: FanId, gift: GiftId, *, anonymous: bool) -> str:
        # Two faces, two combos: a shared count would tell the room who hides behind "Anonymous".
        return f"{{s{self.shard_id}}}:combo:{room}:{fan}:{gift}:{'hidden' if anonymous else 'shown'}"

    def live_channel(self, room: RoomId) -> str:
        return f"{{s{self.shard_id}}}:live:{room}"


def seen_slot(intent_id: IntentId) -> tuple[int, int]:
    """Return the slot that remembers `intent_id` and when that slot may be forgotten (ms since 1970).

    A slot is one window wide. Two windows after its end every intent in it is stale, so forgetting it cannot charge
    anybody again.
    """
    slot = intent_time_ms(intent_id) // INTENT_WINDOW_MS
    return slot, (slot + 3) * INTENT_WINDOW_MS
