"""The vectors that every SDK and the server agree on, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from client_demo.python.giftwave_client import make_codec

GOLDEN = Path(__file__).parents[1] / "golden"


def vectors() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for file in sorted(GOLDEN.glob("*.json")):
        content = json.loads(file.read_text())
        found += content if isinstance(content, list) else [content]
    return found


def test_every_golden_vector_decodes_to_its_message_in_both_codecs() -> None:
    found = vectors()

    wrong = [
        vector["name"]
        for vector in found
        if make_codec("json").decode(vector["json"].encode()) != vector["message"]
        or make_codec("msgpack").decode(bytes.fromhex(vector["msgpack_hex"])) != vector["message"]
    ]

    assert len(found) >= 10
    assert wrong == []


def test_what_the_sdk_encodes_decodes_to_the_same_message() -> None:
    messages = [vector["message"] for vector in vectors() if vector["direction"] == "client"]

    codecs = [make_codec("json"), make_codec("msgpack")]

    assert all(codec.decode(codec.encode(message)) == message for codec in codecs for message in messages)
