"""The Lua scripts that travel with the release."""

import hashlib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Script:
    """A script and the hash the store knows it by."""

    name: str
    text: str
    sha: str


def load_script(name: str) -> Script:
    """Read `store/lua/<name>.lua`."""
    text = resources.files("server.store").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


SEND_GIFTS = load_script("send_gifts")
MOVE_COINS = load_script("move_coins")
SET_LIMITS = load_script("set_limits")
APPLY_COMMANDS = load_script("apply_commands")
ACKNOWLEDGE = load_script("acknowledge")
OPEN_SHARD = load_script("open_shard")
OPEN_ROOM = load_script("open_room")
CLOSE_ROOM = load_script("close_room")
READ_ROOM = load_script("read_room")
READ_WALLETS = load_script("read_wallets")
CLOSE_GATE = load_script("close_gate")
PUT_HASHES = load_script("put_hashes")
PUT_MEMORIES = load_script("put_memories")
OPEN_REBUILT = load_script("open_rebuilt")
