"""The README's examples do what they say, word for word."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.domain.ids import FanId
from tests.helpers.server import ServerProcess

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "client_demo" / "web"
README = (ROOT / "README.md").read_text(encoding="utf-8")
SAID = re.compile(r"charged 3 coins, (\d+) left, event 0-[0-9a-z]{8}-\d+")


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess("serve") as server:
        server.open_room("lounge")
        yield server


def example(language: str, server: ServerProcess) -> str:
    """Return a README block with the server's address and a real token in it."""
    block = re.search(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    code = block.group(1)
    assert len([line for line in code.splitlines() if line.strip()]) <= 12, "the README promises 12 lines"
    code = code.replace("http://localhost:8080", server.url)
    return re.sub(r"paste what `giftwave token u_ana --name Ana` prints", server.token("u_ana", name="Ana"), code)


def run(*command: str, cwd: Path, code: str | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, input=code, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_the_python_example_sends_a_gift(server: ServerProcess) -> None:
    await server.grant(FanId("u_ana"), 10)

    said = run(sys.executable, "-c", example("python", server), cwd=ROOT / "client_demo" / "python")

    assert SAID.search(said), said


async def test_the_typescript_example_sends_a_gift(server: ServerProcess) -> None:
    await server.grant(FanId("u_ana"), 10)
    # Node 20 has no WebSocket of its own; browsers do.
    prefix = "import { WebSocket as Socket } from 'ws';\nObject.assign(globalThis, { WebSocket: Socket });\n"
    bundle = WEB / "node_modules" / ".cache" / "readme_example.mjs"
    bundle.parent.mkdir(exist_ok=True)
    options = ("--bundle", "--platform=node", "--format=esm", "--loader=ts", "--external:ws", f"--outfile={bundle}")
    run(str(WEB / "node_modules" / ".bin" / "esbuild"), *options, cwd=WEB / "src", code=prefix + example("ts", server))

    said = run("node", str(bundle), cwd=WEB)

    assert SAID.search(said), said
