"""The use cases of money, built once for a worker or a recorder: over the books, the provider and the store."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from server.clock import Clock
from server.domain.gift import Catalogue
from server.domain.money import UNITS_PER_DIAMOND
from server.payments.factory import build_provider
from server.payments.port import PaymentProvider
from server.record.database import Database
from server.service.earnings import Earnings
from server.service.following import Following
from server.service.news import News
from server.service.paying_out import PayingOut
from server.service.refunds import Refunds
from server.service.statements import Statements
from server.service.topups import Topups
from server.service.webhooks import Webhooks
from server.settings import Settings
from server.store.client import StoreClient
from server.store.commands import CommandStore
from server.store.keys import Keys
from server.store.personal import Personal
from server.store.wallets import WalletStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Commerce:
    """What can be done with money, apart from gifts."""

    provider: PaymentProvider
    following: Following
    topups: Topups
    webhooks: Webhooks
    refunds: Refunds
    earnings: Earnings
    paying_out: PayingOut
    statements: Statements

    @property
    def chores(self) -> list[Callable[[], Awaitable[object]]]:
        """What somebody has to come back to about once a second: unfinished work of workers that are gone."""
        return [
            self.following.catch_up,
            self.webhooks.sweep,
            self.topups.sweep,
            self.refunds.sweep,
            self.paying_out.work,
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What commerce stands on; the caller closes it."""

    settings: Settings
    clock: Clock
    catalogue: Catalogue
    client: StoreClient
    keys: Keys
    database: Database
    secret: str  # that signs tokens; the sandbox's is derived from it


def build_commerce(ground: Ground) -> Commerce:
    """Build every use case of money. Raises `SettingInvalid` where the provider's keys are missing."""
    settings, clock, books, catalogue = ground.settings, ground.clock, ground.database, ground.catalogue
    provider = build_provider(settings, secret=ground.secret)
    following = Following(books, CommandStore(ground.client, ground.keys))
    news = News(following, Personal(ground.client, ground.keys))
    topups = Topups(
        books=books,
        provider=provider,
        catalogue=catalogue,
        news=news,
        clock=clock,
        origins=settings.allowed_origins,
    )
    paying_out = PayingOut(
        books=books,
        provider=provider,
        catalogue=catalogue,
        news=news,
        clock=clock,
        settle_ms=settings.settle_ms,
        approval_units=settings.payout_approval_diamonds * UNITS_PER_DIAMOND,
    )
    return Commerce(
        provider=provider,
        following=following,
        topups=topups,
        webhooks=Webhooks(books=books, provider=provider, topups=topups, paying_out=paying_out, clock=clock),
        refunds=Refunds(
            books=books,
            provider=provider,
            topups=topups,
            wallets=WalletStore(ground.client, ground.keys),
            news=news,
            clock=clock,
        ),
        earnings=Earnings(books=books, catalogue=catalogue, clock=clock, settle_ms=settings.settle_ms),
        paying_out=paying_out,
        statements=Statements(books=books, clock=clock),
    )
