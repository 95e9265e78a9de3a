"""A place where two records of the same money differ, and a finding about the installation."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What two sides say about one account, and what last touched it."""

    check: str
    account: str
    says: tuple[tuple[str, str], tuple[str, str]]  # (side, value) twice: the one in doubt first
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `giftwave doctor`: `advice` says what to do about anything but ok."""

    level: Literal["ok", "warn", "fail"]
    check: str
    said: str
    advice: str = ""
