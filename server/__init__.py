"""Giftwave: the real-time server behind virtual gifts in live streams. Start reading at `app.py`."""

__version__ = "0.1.0"
