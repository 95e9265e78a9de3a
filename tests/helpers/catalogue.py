"""A catalogue with one gift, for tests that damage it."""

CATALOGUE = """
[[tier]]
tier = 1
name = "Hello"
min_coins = 1
max_coins = 9

[[gift]]
id = "rose"
name = "Rose"
price_coins = 3
tier = 1
combo = true
effect = "rose"
still = "rose"
"""
