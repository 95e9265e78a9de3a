"""Use cases: one verb, one function, from checks to effects."""
