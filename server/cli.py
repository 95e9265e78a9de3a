"""The `giftwave` command: parsing only; what it does lives in the layers below."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from server import __version__, cli_record
from server.clock import SystemClock
from server.domain.ids import FanId, IntentId, is_intent_id, is_slug, new_intent_id
from server.domain.money import WALLET_COINS_MAX
from server.domain.room import Role
from server.errors import GiftwaveError, OperatorError, SettingInvalid
from server.service.catalogue import check_catalogue
from server.settings import Settings, load_settings
from server.store.client import StoreClient
from server.store.keys import Keys
from server.store.wallets import Bucket, WalletStore
from server.telemetry.logs import set_up_logs
from server.web.secret import token_secret
from server.web.tokens import Tokens

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Giftwave: the real-time server behind virtual gifts in live streams.",
    epilog="Settings come from GIFTWAVE_* variables; docs/reference/settings.md lists them.",
)
catalogue_app = typer.Typer(no_args_is_help=True, help="Look at the gift catalogue.")
app.add_typer(catalogue_app, name="catalogue")
cli_record.mount(app)

PortOption = Annotated[int | None, typer.Option(help="Port to listen on.", show_default="8080")]
WorkersOption = Annotated[int | None, typer.Option(help="Processes that serve.", show_default="1")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@app.command(epilog="Example: giftwave serve --workers 2 --port 9000")
def serve(
    port: PortOption = None,
    workers: WorkersOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
) -> None:
    """Serve. Without GIFTWAVE_REDIS_URL it runs a private Valkey in the data folder."""
    _supervise(load_settings(port=port, workers=workers, host=host), crowd=False)


@app.command(epilog="Example: GIFTWAVE_PORT=9000 giftwave demo")
def demo(
    port: PortOption = None,
    workers: WorkersOption = None,
    crowd: Annotated[bool, typer.Option(help="Let a simulated crowd send gifts, visibly marked.")] = True,
) -> None:
    """Run the whole product with a demo creator, free coins and a simulated crowd."""
    _supervise(load_settings(port=port, workers=workers, demo=True), crowd=crowd)


@app.command(epilog="Example: giftwave token u_ana --name Ana --role viewer --ttl 3600")
def token(
    user: Annotated[str, typer.Argument(help="User id: 1 to 32 of a-z, 0-9, _ and -.")],
    name: Annotated[str, typer.Option(help="Name the room sees.")],
    role: Annotated[Role, typer.Option(help="What the owner may do.")] = Role.VIEWER,
    ttl: Annotated[int | None, typer.Option(help="Life in seconds.", show_default="900", min=10, max=86_400)] = None,
    as_json: JsonOption = False,
) -> None:
    """Mint a signed token with the server's secret."""
    settings = load_settings()
    ttl_s = ttl or settings.token_ttl_s
    minted = Tokens(token_secret(settings), SystemClock()).mint(user, name=name, role=role, ttl_s=ttl_s)
    _answer({"token": minted, "user": user, "role": role.value, "ttl_s": ttl_s}, minted, as_json=as_json)


@app.command(epilog="Example: giftwave grant u_ana 500")
def grant(
    fan: Annotated[str, typer.Argument(help="Fan id.")],
    coins: Annotated[int, typer.Argument(help="Whole coins, 1 or more.", min=1, max=WALLET_COINS_MAX)],
    bucket: Annotated[str, typer.Option(help="promo (a gift of the house) or paid.")] = "promo",
    grant_id: Annotated[str | None, typer.Option(help="UUIDv7 of this grant; the same one is given once.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Give a fan development coins, on a running server's store."""
    if not is_slug(fan):
        raise SettingInvalid(f"A fan id is 1 to 32 of a-z, 0-9, _ and -, not {fan!r}.")
    if bucket not in ("promo", "paid"):
        raise SettingInvalid(f"--bucket is promo or paid, not {bucket!r}.")
    if grant_id is not None and not is_intent_id(grant_id):
        raise SettingInvalid(f"--grant-id is a lower-case UUIDv7, not {grant_id!r}.")
    intent = IntentId(grant_id) if grant_id else new_intent_id(SystemClock().now_ms())
    balance = asyncio.run(_grant(load_settings(), FanId(fan), coins, "paid" if bucket == "paid" else "promo", intent))
    _answer(
        {"fan": fan, "granted": coins, "bucket": bucket, "grant_id": intent, "coins": balance},
        f"{fan} has {balance:,} coins now (grant {intent}).",
        as_json=as_json,
    )


@catalogue_app.command("check", epilog="Example: giftwave catalogue check gifts.toml")
def catalogue_check(
    file: Annotated[Path, typer.Argument(help="A catalogue file.")], as_json: JsonOption = False
) -> None:
    """Explain every fault of a catalogue file with its place; exit code 1 when there are any."""
    catalogue, faults = check_catalogue(file)
    if catalogue is None:
        _answer({"faults": faults}, "\n".join([*faults, f"{len(faults)} fault(s)."]), as_json=as_json)
        raise typer.Exit(1)
    said = {"revision": catalogue.revision, "gifts": len(catalogue.gifts), "tiers": len(catalogue.tiers), "faults": []}
    words = f"{file}: {len(catalogue.gifts)} gifts in {len(catalogue.tiers)} tiers, revision {catalogue.revision}."
    _answer(said, words, as_json=as_json)


@catalogue_app.command("show")
def catalogue_show(as_json: JsonOption = False) -> None:
    """List what is on sale."""
    catalogue, faults = check_catalogue(load_settings().catalogue)
    if catalogue is None:
        raise SettingInvalid("\n".join(faults))
    if as_json:
        rows = [
            {"id": gift.id, "price_coins": gift.price_coins, "tier": gift.tier} for gift in catalogue.gifts.values()
        ]
        typer.echo(json.dumps({"revision": catalogue.revision, "gifts": rows}))
        return
    table = Table(title=f"Catalogue {catalogue.revision}")
    for column in ("id", "name", "coins", "tier", "combo"):
        table.add_column(column, justify="right" if column in ("coins", "tier") else "left")
    for gift in catalogue.gifts.values():
        table.add_row(gift.id, gift.name, f"{gift.price_coins:,}", str(gift.tier), "yes" if gift.combo else "")
    Console().print(table)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run the command; an error becomes one sentence and exit code 2."""
    if not __debug__:
        sys.exit("giftwave: python -O removes the checks that guard money; run without it.")
    try:
        _mount_client_commands()
        app()
    except OperatorError as error:
        sys.stderr.write(f"giftwave: {error.message}\n")
        sys.exit(2)
    except GiftwaveError as error:
        sys.stderr.write(f"giftwave: {error.message} ({error.code})\n")
        sys.exit(2)


def _mount_client_commands() -> None:
    """Add the commands of the client side; it speaks the protocol and knows nothing of this package."""
    from client_demo.bench.cli import app as bench_app
    from server.benchmarks.drain import EXAMPLE, drain

    bench_app.command("drain", epilog=EXAMPLE)(drain)
    app.add_typer(bench_app, name="bench")


def _supervise(settings: Settings, *, crowd: bool) -> None:
    from server.supervisor import supervise

    set_up_logs(level=settings.log_level, as_json=settings.log_format == "json")
    asyncio.run(supervise(settings, crowd=crowd))


async def _grant(settings: Settings, fan: FanId, coins: int, bucket: Bucket, grant_id: IntentId) -> int:
    url = settings.redis_url or f"unix://{(settings.data / 'valkey' / 'valkey.sock').resolve()}"
    client = StoreClient(url, settings)
    try:
        wallet = await WalletStore(client, Keys(shard_id=0)).grant(fan, coins=coins, bucket=bucket, grant_id=grant_id)
    finally:
        await client.close()
    return wallet.coins


def _answer(said: dict[str, object], words: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(said) if as_json else words)
