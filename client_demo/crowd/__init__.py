"""A simulated crowd for the demo: its gifts go the whole real way, and every page marks them as simulated."""
