"""The crowd's hands: sessions, connections and sends, through the SDK like anybody else's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from client_demo.crowd.model import Tap
from client_demo.python.demo_sessions import open_session
from client_demo.python.giftwave_client import ConnectionState, GiftwaveClient, GiftwaveError

log = logging.getLogger(__name__)

SENDS_MAX = 8  # in flight for one fan; a thumb does not queue up more while the server is busy
SEND_DEADLINE_S = 10.0
# Longer than a restart takes, shorter than anybody would wait for a crowd to notice that the show is over.
GIVE_UP_S = 30.0


@dataclass(slots=True)
class Fan:
    """One simulated viewer."""

    url: str
    name: str
    room: str
    client: GiftwaveClient = field(init=False)
    _token: str | None = None
    _sends: int = 0
    _topping_up: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.client = GiftwaveClient(
            self.url, self._fresh_token, codec="msgpack", deadline_s=SEND_DEADLINE_S, give_up_s=GIVE_UP_S
        )

    async def enter(self) -> None:
        """Connect and join the demo's room."""
        await self.client.connect()
        await self.client.join(self.room)

    async def watch(self) -> None:
        """Read what the room says, as a viewer does; raises once the connection has ended for good."""
        async for _ in self.client.events(self.room):
            pass

    async def give(self, tap: Tap, *, price_coins: int) -> None:
        """Send what was planned; a refusal or a lost answer is nothing that a crowd would stop for."""
        if self.client.state is not ConnectionState.LIVE or self._sends >= SENDS_MAX:
            return
        self._sends += 1
        try:
            await self._top_up(price_coins)
            await self.client.send_gift(room=self.room, gift=tap.gift, max_coins=price_coins, message=tap.message)
        except GiftwaveError as error:
            log.debug("a gift of %s was not given: %s", self.name, error)
        finally:
            self._sends -= 1

    async def _top_up(self, price_coins: int) -> None:
        """Have the demo fill the wallet when it would not do."""
        async with self._topping_up:
            wallet = self.client.wallet
            if wallet is not None and wallet.coins < price_coins:
                await self._fresh_token()

    async def _fresh_token(self) -> str:
        """A session as the same fan each time; opening one fills the wallet."""
        session = await open_session(self.url, name=self.name, simulated=True, previous=self._token)
        self._token = session.token
        return session.token


async def play(taps: Iterator[Tap], fans: Sequence[Fan], prices: Mapping[str, int]) -> None:
    """Let `fans` come and do what is planned, at its time, until cancelled or until one of them cannot come back."""
    try:
        async with asyncio.TaskGroup() as arrivals:
            for fan in fans:
                arrivals.create_task(fan.enter())
        async with asyncio.TaskGroup() as doings:
            for fan in fans:
                doings.create_task(fan.watch())
            async for tap in _on_time(taps):
                doings.create_task(fans[tap.fan].give(tap, price_coins=prices[tap.gift]))
    finally:
        await asyncio.gather(*(fan.client.close() for fan in fans))


async def _on_time(taps: Iterator[Tap]) -> AsyncIterator[Tap]:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    for tap in taps:
        wait_s = began_s + tap.at_s - loop.time()
        await asyncio.sleep(max(0.0, wait_s))
        yield tap
