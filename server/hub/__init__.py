"""Rooms and fan-out. No transport is known here, only members that can be written to."""
