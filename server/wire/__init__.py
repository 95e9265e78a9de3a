"""Bytes to typed messages and back; a frame is encoded once per variant."""
