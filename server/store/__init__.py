"""Valkey: the embedded process, the client, the keys, the scripts and what each of them decides."""
