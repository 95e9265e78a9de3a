"""Pure rules: no I/O, no async, no clock. Time and randomness arrive as arguments."""
