"""Who is in the crowd and what they say."""

NAMES = (
    "Captain Noodle",
    "Amara Starling",
    "Professor Waffle",
    "Yuki Snowpea",
    "Ravi Rocketfox",
    "Tía Cometa",
    "DJ Dumpling",
    "Moss Goblin",
    "Kofi Kite",
    "Luna Pancake",
    "Sir Otterley",
    "Zuzu Zephyr",
    "Mochi Momo",
    "Otto von Pretzel",
    "Nia Nebula",
    "Pixel Grandma",
    "Leila Lantern",
    "Bao the Brave",
    "Aunt Saturn",
    "Ines Inkfish",
    "Teddy Teapot",
    "Freya Frostbun",
    "Jun Junebug",
    "Baron Biscuit",
)

CHEERS = (
    "bravo!",
    "that chord ❤",
    "encore, encore",
    "hello from the night shift",
    "so calm tonight",
    "first time here, staying",
    "this one is for the left hand",
    "goosebumps",
    "my cat approves",
    "more of that, please",
    "what a melody",
    "tea and piano, perfect",
    "you made my evening",
    "waving from the back row",
    "play the rainy one again?",
    "lovely tone",
)

TOASTS = (
    "For the best hour of my week!",
    "You earned this one.",
    "From all of us in the back row!",
    "That last piece deserved fireworks.",
    "Happy streamiversary!",
    "Keep the lights low and the piano loud.",
)


def name_of(fan: int) -> str:
    """A name for any number of fans; past the list they get a number."""
    name = NAMES[fan % len(NAMES)]
    return name if fan < len(NAMES) else f"{name} {fan // len(NAMES) + 1}"
