"""Identifiers."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.ids import intent_time_ms, is_intent_id, is_slug, new_epoch, new_intent_id
from server.settings import Settings


@given(now_ms=st.integers(0, (1 << 48) - 1))
def test_a_new_intent_is_a_uuid_of_version_7_that_carries_its_time(now_ms: int) -> None:
    intent = new_intent_id(now_ms)

    assert is_intent_id(intent)
    assert uuid.UUID(intent).version == 7
    assert uuid.UUID(intent).variant == uuid.RFC_4122
    assert intent_time_ms(intent) == now_ms


def test_two_intents_of_one_instant_differ() -> None:
    assert len({new_intent_id(1_780_000_000_000) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize(
    "text", ["", "Rose", "a" * 33, "a b", "a:b", "a|b", "{a}", "rose\n", "-a", "ä", "٣", "a\x00", "../a"]
)
def test_a_name_that_could_break_a_key_is_no_slug(text: str) -> None:
    assert not is_slug(text)


@pytest.mark.parametrize(
    "text",
    [
        "019b1c3e-5d2a-4cc1-9b3e-0a1b2c3d4e5f",  # version 4
        "019B1C3E-5D2A-7CC1-9B3E-0A1B2C3D4E5F",  # upper case
        "019b1c3e5d2a7cc19b3e0a1b2c3d4e5f",  # no hyphens
        "019b1c3e-5d2a-7cc1-1b3e-0a1b2c3d4e5f",  # wrong variant
        "019b1c3e-5d2a-7cc1-9b3e-0a1b2c3d4e5f\n",
    ],
)
def test_other_ids_are_no_intents(text: str) -> None:
    assert not is_intent_id(text)


def test_epochs_do_not_repeat() -> None:
    assert len({new_epoch() for _ in range(10_000)}) == 10_000


def test_how_long_an_intent_is_good_for_is_no_setting() -> None:
    # Memories are kept by it: a server that came back with another window would charge a retry again.
    assert not [name for name in Settings.model_fields if "window" in name or "skew" in name]
