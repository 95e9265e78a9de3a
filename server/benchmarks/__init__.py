"""Measured loads on parts of the server, for `giftwave bench`."""
