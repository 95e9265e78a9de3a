"""`python -m client_demo.bench`."""

from client_demo.bench.cli import app

if __name__ == "__main__":
    app()
