"""Demo mode: anybody may be somebody for a while, with coins to spend."""

import secrets

from server.clock import Clock
from server.domain.ids import FanId, new_intent_id
from server.domain.room import Role
from server.settings import Settings
from server.store.wallets import WalletStore

CREATOR_ID, CREATOR_NAME = "c_mira", "Mira"
_FIRST = ("Amber", "Brisk", "Calm", "Daring", "Eager", "Fond", "Gentle", "Happy", "Jolly", "Kind", "Lucky", "Merry")
_SECOND = ("Otter", "Robin", "Maple", "Comet", "Lark", "Fox", "Willow", "Heron", "Panda", "Finch", "Cedar", "Wren")


class Demo:
    """Makes up demo people and fills their wallets."""

    def __init__(self, wallets: WalletStore, settings: Settings, clock: Clock) -> None:
        self._wallets = wallets
        self._settings = settings
        self._clock = clock

    def newcomer(self, role: Role, name: str | None) -> tuple[str, str]:
        """Return the id and name of a new demo person; the creator is always the same one."""
        if role is Role.CREATOR:
            return CREATOR_ID, CREATOR_NAME
        made_up = f"{secrets.choice(_FIRST)} {secrets.choice(_SECOND)}"
        return f"u_{secrets.token_hex(5)}", name or made_up

    async def fill(self, fan: FanId) -> None:
        """Fill a wallet up to the demo's coins."""
        balance = await self._wallets.balance(fan)
        missing = self._settings.demo_coins - balance.coins
        if missing > 0:
            grant_id = new_intent_id(self._clock.now_ms())
            await self._wallets.grant(fan, coins=missing, bucket="promo", grant_id=grant_id)
