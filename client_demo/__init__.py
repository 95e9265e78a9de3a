"""Giftwave seen from outside: SDKs, pages, a crowd and a bench. Nothing here imports `server`."""
