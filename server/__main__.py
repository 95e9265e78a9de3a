"""`python -m server`: one of the processes that the supervisor starts, or the `giftwave` command."""

import sys

from server.errors import GiftwaveError
from server.settings import load_settings


def main() -> None:
    """Become what the first word says."""
    # A process of the server does not wait for the command line's libraries to load.
    match sys.argv[1:]:
        case ["worker"]:
            from server.serving import run_worker as run
        case ["recorder"]:
            from server.recorder import run_recorder as run
        case ["sandbox"]:
            from server.sandbox import run_sandbox_beside as run
        case _:
            from server.cli import main as command

            command()
            return
    try:
        run(load_settings())
    except GiftwaveError as error:
        sys.stderr.write(f"giftwave: {error.message} ({error.code})\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
