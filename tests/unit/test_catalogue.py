"""The catalogue file and its faults."""

from pathlib import Path

import pytest

from server.domain.gift import TIERS
from server.errors import CatalogueInvalid
from server.service.catalogue import check_catalogue, load_catalogue

SHIPPED = Path(__file__).parents[2] / "server" / "catalogue" / "gifts.toml"
PAGES = Path(__file__).parents[2] / "client_demo" / "web"

GOOD = """
[[tier]]
tier = 1
name = "Hello"
min_coins = 1
max_coins = 9

[[gift]]
id = "rose"
name = "Rose"
price_coins = 1
tier = 1
combo = true
effect = "rose"
still = "rose"
"""


def faults_of(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "gifts.toml"
    path.write_text(text, encoding="utf-8")
    catalogue, faults = check_catalogue(path)
    assert (catalogue is None) == bool(faults)
    return [fault.removeprefix(f"{path}:") for fault in faults]


def test_the_shipped_catalogue_has_24_gifts_in_5_tiers_from_1_to_30000_coins() -> None:
    catalogue = load_catalogue(SHIPPED)

    prices = [gift.price_coins for gift in catalogue.gifts.values()]
    assert len(catalogue.gifts) >= 24
    assert {gift.tier for gift in catalogue.gifts.values()} == set(TIERS)
    assert (min(prices), max(prices)) == (1, 30_000)


def test_every_shipped_gift_has_its_own_effect_and_a_still_that_exists() -> None:
    gifts = load_catalogue(SHIPPED).gifts.values()

    assert len({gift.effect for gift in gifts}) == len(gifts)
    for gift in gifts:
        assert (PAGES / "public" / "gifts" / f"{gift.still}.svg").is_file()


def test_a_price_changes_the_revision_and_a_comment_does_not(tmp_path: Path) -> None:
    path = tmp_path / "gifts.toml"
    path.write_text(GOOD, encoding="utf-8")
    before = load_catalogue(path).revision

    path.write_text("# spring sale\n" + GOOD, encoding="utf-8")
    assert load_catalogue(path).revision == before
    path.write_text(GOOD.replace("price_coins = 1", "price_coins = 2"), encoding="utf-8")
    assert load_catalogue(path).revision != before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("price_coins = 1", "price_coins = 0"), "11: gift[0] (rose).price_coins 0 is outside tier 1 (1..9)"),
        (("price_coins = 1", "price_coins = 1.5"), "11: gift[0] (rose).price_coins must be a whole number, not 1.5"),
        (("price_coins = 1", "price_coins = true"), "11: gift[0] (rose).price_coins must be a whole number, not True"),
        (("combo = true", 'combo = "yes"'), "13: gift[0] (rose).combo must be true or false, not 'yes'"),
        (('effect = "rose"\n', ""), "8: gift[0] (rose).effect is missing"),
        (("tier = 1\ncombo", "tier = 9\ncombo"), "12: gift[0] (rose).tier 9 has no [[tier]]"),
        (('id = "rose"', 'id = "Rose!"'), "9: gift[0] (Rose!).id must be 1 to 32 of a-z, 0-9, _ and -, not 'Rose!'"),
        (("max_coins = 9", "max_coins = 0"), "5: tier[0] (Hello).min_coins needs 1 ≤ min_coins ≤ max_coins ≤ 1000000"),
        (('still = "rose"', 'still = "rose"\nglow = 1'), "16: gift[0] (rose).glow is not a field of a gift"),
        (('name = "Rose"', 'name = ""'), "10: gift[0] (rose).name must be 1 to 40 characters"),
    ],
)
def test_a_fault_is_explained_with_its_place(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    faults = faults_of(tmp_path, GOOD.replace(*change))

    assert any(fault.startswith(said) for fault in faults), faults


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    broken = GOOD.replace("price_coins = 1", "price_coins = 50").replace('still = "rose"', 'still = "r o s e"')

    assert len(faults_of(tmp_path, broken)) == 2


def test_a_gift_declared_twice_is_a_fault(tmp_path: Path) -> None:
    twice = GOOD + GOOD[GOOD.index("[[gift]]") :]

    assert faults_of(tmp_path, twice) == ["17: gift[1] (rose).id 'rose' is used twice"]


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    assert "line 2" in faults_of(tmp_path, "a = 1\n= b")[0]


def test_a_missing_file_is_a_sentence_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(CatalogueInvalid, match="cannot be read"):
        load_catalogue(tmp_path / "nothing.toml")
