"""Coin packs and payout terms in the catalogue file, and their faults."""

from pathlib import Path

import pytest

from server.domain.packs import Pack, PayoutTerms
from server.service.catalogue import check_catalogue, load_catalogue
from tests.helpers.catalogue import CATALOGUE

SHIPPED = Path(__file__).parents[2] / "server" / "catalogue" / "gifts.toml"
MONEY = """
[[pack]]
id = "pack_100"
coins = 100
price_minor = 129
currency = "EUR"

[[payout]]
currency = "USD"
minor_per_1000_diamonds = 500
fee_minor = 25
min_minor = 1000
"""
GOOD = CATALOGUE.strip() + "\n" + MONEY


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gifts.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(tmp_path: Path, text: str) -> list[str]:
    path = write(tmp_path, text)
    catalogue, faults = check_catalogue(path)
    assert (catalogue is None) == bool(faults)
    return [fault.removeprefix(f"{path}:").partition(": ")[2] for fault in faults]


def test_packs_and_terms_are_read(tmp_path: Path) -> None:
    catalogue = load_catalogue(write(tmp_path, GOOD))

    assert catalogue.packs == {"pack_100": Pack(id="pack_100", coins=100, price_minor=129, currency="EUR")}
    assert catalogue.payouts == {
        "USD": PayoutTerms(currency="USD", minor_per_1000_diamonds=500, fee_minor=25, min_minor=1_000)
    }


def test_the_shipped_catalogue_sells_coins_and_pays_in_four_currencies() -> None:
    catalogue = load_catalogue(SHIPPED)

    assert catalogue.packs["pack_100"].coins == 100
    assert set(catalogue.payouts) == {"EUR", "USD", "JPY", "KWD"}


def test_a_catalogue_without_money_sells_and_pays_nothing(tmp_path: Path) -> None:
    catalogue = load_catalogue(write(tmp_path, CATALOGUE))

    assert (catalogue.packs, catalogue.payouts) == ({}, {})


@pytest.mark.parametrize("change", [("price_minor = 129", "price_minor = 119"), ("fee_minor = 25", "fee_minor = 26")])
def test_a_price_or_a_rate_changes_the_revision(tmp_path: Path, change: tuple[str, str]) -> None:
    before = load_catalogue(write(tmp_path, GOOD)).revision

    assert load_catalogue(write(tmp_path, GOOD.replace(*change))).revision != before
    assert load_catalogue(write(tmp_path, GOOD + "# a comment\n")).revision == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('id = "pack_100"', 'id = "Pack 100"'), "pack[0] (Pack 100).id must be 1 to 32 of a-z"),
        (("coins = 100", "coins = 0"), "pack[0] (pack_100).coins must be 1 to 10000000, not 0"),
        (("coins = 100", "coins = 10000001"), "pack[0] (pack_100).coins must be 1 to 10000000"),
        (("coins = 100", "coins = true"), "pack[0] (pack_100).coins must be a whole number, not True"),
        (("price_minor = 129", "price_minor = 1.29"), "pack[0] (pack_100).price_minor must be a whole number"),
        (("price_minor = 129", 'price_minor = "129"'), "pack[0] (pack_100).price_minor must be a whole number"),
        (("price_minor = 129", "price_minor = nan"), "pack[0] (pack_100).price_minor must be a whole number"),
        (("price_minor = 129", "price_minor = -1"), "pack[0] (pack_100).price_minor must be 1 to 99999999, not -1"),
        (("price_minor = 129\n", ""), "pack[0] (pack_100).price_minor is missing"),
        (('currency = "EUR"', 'currency = "eur"'), "pack[0] (pack_100).currency must be an ISO 4217 code"),
        (('currency = "EUR"', 'currency = "DEM"'), "pack[0] (pack_100).currency must be an ISO 4217 code"),
        (('currency = "EUR"', 'currency = "EUR"\nbonus = 5'), "pack[0] (pack_100).bonus is not a field of a pack"),
        (('currency = "USD"', 'currency = "US"'), "payout[0] (US).currency must be an ISO 4217 code"),
        (("diamonds = 500", "diamonds = 0"), "payout[0] (USD).minor_per_1000_diamonds must be 1 to 10000000, not 0"),
        (("fee_minor = 25", "fee_minor = -1"), "payout[0] (USD).fee_minor must be 0 to 1000000, not -1"),
        (("min_minor = 1000", "min_minor = 25"), "payout[0] (USD).min_minor must be above fee_minor"),
        (("[[payout]]", "[[payouts]]"), "payouts is not a table of the catalogue"),
        (("[[pack]]", "[pack]"), "pack needs at least one [[pack]]"),
    ],
)
def test_a_fault_is_explained_with_its_place(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    faults = faults_of(tmp_path, GOOD.replace(*change))

    assert any(fault.startswith(said) for fault in faults), faults


def test_packs_and_currencies_are_declared_once(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, GOOD + MONEY)

    assert faults == ["pack[1] (pack_100).id 'pack_100' is used twice", "payout[1] (USD).currency 'USD' is used twice"]
