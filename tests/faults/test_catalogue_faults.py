"""A faulty catalogue is explained, each fault with its place, and never with a traceback."""

import re
from pathlib import Path

import pytest

from tests.helpers.catalogue import CATALOGUE
from tests.helpers.server import giftwave_here


def test_each_fault_of_a_catalogue_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "gifts.toml"
    faulty = CATALOGUE.replace('name = "Rose"', "name = 5").replace("combo = true", 'combo = "yes"\ncolour = "red"')
    path.write_text(faulty.replace('name = "Hello"', 'nam = "Hello"'))

    answer = giftwave_here("catalogue", "check", str(path))

    places = [line.split(": ", 1)[0] for line in answer.stdout.splitlines() if line.startswith(str(path))]
    assert answer.returncode == 1
    assert all(re.fullmatch(rf"{re.escape(str(path))}:\d+", place) for place in places), answer.stdout
    for fault in (
        "tier[0].name is missing",
        "tier[0].nam is not a field",
        "].name must be text",
        ".combo must be",
        ".colour",
    ):
        assert fault in answer.stdout.replace(" (Hello)", "").replace(" (rose)", ""), (fault, answer.stdout)
    assert f"{len(places)} fault(s)" in answer.stdout


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "tier = 5",
        "[tier]\na=1",
        "[[tier]]\n[[gift]]",
        "tier = []\ngift = []",
        "[[tier]]\ntier=1\n[[gift]]\nid=[1]",
        '[[gift]]\nid = "a"\n',
        "\ufeff" + CATALOGUE,
        CATALOGUE.replace("price_coins = 3", "price_coins = 3.0"),
        CATALOGUE.replace("price_coins = 3", "price_coins = true"),
        CATALOGUE.replace("price_coins = 3", "price_coins = -3"),
        CATALOGUE + CATALOGUE,
        CATALOGUE.replace('"Rose"', '"   "'),
        CATALOGUE.replace('id = "rose"', 'id = "rose\\n"'),
        "[[other]]\nx = 1\n" + CATALOGUE,
        "x = 1\n" + CATALOGUE,
    ],
)
def test_a_broken_catalogue_is_explained_and_never_a_traceback(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gifts.toml"
    path.write_text(text, encoding="utf-8")

    answer = giftwave_here("catalogue", "check", str(path))

    assert answer.returncode == 1, answer.stdout
    assert str(path) in answer.stdout
    assert "Traceback" not in answer.stderr
