"""Every setting: its type, default, unit and one sentence. Read from the environment as `GIFTWAVE_<NAME>`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.domain.money import AMOUNT_MAX
from server.errors import SettingInvalid

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The configuration of one server; every process of it reads the same."""

    model_config = SettingsConfigDict(env_prefix="GIFTWAVE_", env_ignore_empty=True, extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=1, le=65_535, description="Port to listen on.")
    workers: int = Field(1, ge=1, le=256, description="Processes that serve; each owns a listener and a hub.")
    data: Path = Field(Path(".giftwave"), description="Folder of the embedded store, the token secret and the lock.")
    redis_url: str | None = Field(
        None, description="Address of a Valkey or Redis ≥ 7 of your own; unset runs an embedded one."
    )
    database_url: SecretStr | None = Field(
        None, description="Address of the books, postgresql://…; unset keeps them in books.sqlite in the data folder."
    )
    catalogue: Path = Field(
        Path(__file__).parent / "catalogue" / "gifts.toml", description="The gift catalogue on sale."
    )
    pages: Path = Field(REPOSITORY / "client_demo" / "web" / "dist", description="Folder of the built pages.")
    origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Origins of pages that may connect, separated by commas; the server's own are always allowed."
    )
    token_secret: SecretStr | None = Field(
        None, description="Secret that signs tokens, at least 32 characters; unset makes one in the data folder."
    )
    token_ttl_s: int = Field(900, ge=10, le=86_400, description="Life of a token, in seconds.")
    creator_share_bps: int = Field(
        7_000, ge=0, le=10_000, description="The creator's share of a gift, in basis points."
    )
    payments: Literal["sandbox", "stripe"] = Field("sandbox", description="The payment provider.")
    sandbox_port: int | None = Field(
        None, ge=1, le=65_535, description="Port of the sandbox provider; unset is the server's port + 1,000."
    )
    stripe_secret_key: SecretStr | None = Field(None, description="Stripe's secret key, sk_….")
    stripe_webhook_secrets: SecretStr | None = Field(
        None, description="Stripe's webhook secrets, whsec_…, separated by commas; several while one is rotated."
    )
    stripe_api_base: str | None = Field(None, description="Another address of Stripe's API, for tests.")
    public_url: str | None = Field(
        None, description="Address at which browsers and webhooks reach this server; unset is http://localhost:port."
    )
    undrained_coins_max: int = Field(
        5_000_000, ge=1, le=AMOUNT_MAX, description="Coins of gifts that may wait for the books before new ones pause."
    )
    earnings_settle_s: int | None = Field(
        None, ge=0, le=31_536_000, description="Age at which earnings can be cashed out; unset is 7 days, 60 s in demo."
    )
    payout_approval_diamonds: int = Field(
        100_000, ge=0, le=AMOUNT_MAX // 10_000, description="A payout above this waits for a second person."
    )
    demo: bool = Field(False, description="Demo mode: anybody may get a token and demo coins.")
    demo_coins: int = Field(50_000, ge=1, le=10_000_000, description="Coins a demo wallet is filled up to.")
    demo_room: str = Field("lounge", description="The demo creator's room.")

    combo_gap_ms: int = Field(3_000, ge=500, le=30_000, description="A combo ends this long after its last send.")
    feed_batches_max: int = Field(1_000, ge=10, le=100_000, description="Batches of recent events kept for each room.")
    resume_events_max: int = Field(
        2_000, ge=1, le=100_000, description="Events a client may be behind and still resume without a gap."
    )
    store_connections_max: int = Field(32, ge=2, le=1_024, description="Connections of a worker to the store.")
    store_timeout_s: float = Field(2.0, gt=0, le=60, description="How long one call to the store may take, in seconds.")
    batch_orders_max: int = Field(64, ge=1, le=128, description="Orders that go to the store in one call.")
    pending_orders_max: int = Field(
        8_192, ge=1, le=1_000_000, description="Orders a worker lets wait before it answers `overloaded`."
    )

    frame_bytes_max: int = Field(4_096, ge=512, le=65_536, description="Largest frame a client may send, in bytes.")
    messages_per_s: int = Field(20, ge=1, le=10_000, description="Messages a connection may send, per second.")
    hello_timeout_s: float = Field(10.0, gt=0, le=120, description="How long a connection may stay silent, in seconds.")
    outbox_bytes_max: int = Field(
        32_768, ge=4_096, le=4_194_304, description="Unsent bytes a member may pile up before frames are skipped."
    )
    lagging_s_max: float = Field(
        10.0, gt=0, le=300, description="How long a member may lag before it is closed, in seconds."
    )
    ping_interval_s: float = Field(20.0, gt=0, le=300, description="Pause between keepalive pings, in seconds.")
    drain_s: float = Field(3.0, ge=0, le=300, description="Time over which a stopping worker says goodbye, in seconds.")
    log_format: Literal["console", "json"] = Field("console", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged.")

    @field_validator("origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(origin.strip().rstrip("/") for origin in value.split(",") if origin.strip())
        return value

    @field_validator("token_secret")
    @classmethod
    def _secret_is_long(cls, value: SecretStr | None) -> SecretStr | None:
        # RFC 7518 §3.2: a key for HS256 has at least as many bits as its hash.
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("needs at least 32 characters; try `openssl rand -hex 32`")
        return value

    @property
    def books_url(self) -> str:
        """Address of the books for SQLAlchemy."""
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data.resolve() / 'books.sqlite'}"
        return self.database_url.get_secret_value().replace("postgresql://", "postgresql+asyncpg://", 1)

    @property
    def settle_ms(self) -> int:
        """Age at which earnings can be cashed out, in milliseconds."""
        if self.earnings_settle_s is not None:
            return self.earnings_settle_s * 1_000
        return 60_000 if self.demo else 7 * 86_400_000

    @property
    def base_url(self) -> str:
        """Address at which browsers and webhooks reach this server."""
        return (self.public_url or f"http://localhost:{self.port}").rstrip("/")

    @property
    def local_url(self) -> str:
        """Address at which processes of this machine reach this server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def sandbox_address(self) -> tuple[str, int]:
        """Where the sandbox provider listens."""
        return self.host, self.sandbox_port or self.port + 1_000

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Exact origins of pages that may open the money socket."""
        own = {f"http://{host}:{self.port}" for host in ("localhost", "127.0.0.1", self.host)}
        return frozenset(own | set(self.origins))


def load_settings(**overrides: object) -> Settings:
    """Read the environment, then let the command line's `overrides` win (None means not given).

    Raises:
        SettingInvalid: a sentence for each setting that does not fit.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        # Never the input itself: it may be the token secret.
        faults = [
            f"GIFTWAVE_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise SettingInvalid("; ".join(faults)) from error
