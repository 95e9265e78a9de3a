"""The bench of the drain runs, measures every kind of books it is given, and says so in JSON."""

import json

from tests.helpers.server import giftwave


def test_a_quick_bench_measures_both_kinds_of_books_and_loses_nothing() -> None:
    answer = giftwave("bench", "drain", "--quick", "--json")

    assert answer.returncode == 0, answer.stderr
    said = json.loads(answer.stdout)
    assert [one["books"] for one in said["figures"]] == ["SQLite", "PostgreSQL"]
    for one in said["figures"]:
        assert one["drained_per_s"] > 0
        assert one["lag"]["samples"] > 0
        assert one["lag"]["unrecorded"] == 0
        assert 0 < one["recorder_rss_mb"] <= said["aims"]["recorder_rss_mb_max"]
        assert one["gift_share"] > 0
