"""House rules that a tool can check."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from docs.generate import everything
from server.cli import app
from server.store.scripts import Script, load_script

ROOT = Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 400
ONE_FILE_SDK = "client_demo/python/giftwave_client.py"
# A client that is copied into another project as one file pays for it in length.
ONE_FILE_SDK_LINES_MAX = 1_000
FUNCTION_LINES_MAX = 60
# Route tables: one nested function a route.
LONG_FUNCTIONS = {
    "server/web/api.py:api_router",
    "server/web/operator_api.py:operator_router",
    "server/app.py:__init__",
}
MIGRATIONS = "server/record/migrations/versions/"
README_LINES_MAX = 150
SCRIPTS = [load_script(path.stem) for path in sorted((ROOT / "server/store/lua").glob("*.lua"))]


def tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("path", sorted(everything()))
def test_a_generated_file_is_fresh(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == everything()[path], f"{path} is stale; run `make docs`"


@pytest.mark.parametrize("path", tracked("server/*.py", "client_demo/*.py", "tests/*.py", "docs/*.py"))
def test_a_file_has_one_subject(path: str) -> None:
    limit = ONE_FILE_SDK_LINES_MAX if path == ONE_FILE_SDK else FILE_LINES_MAX
    lines = (ROOT / path).read_text(encoding="utf-8").count("\n")
    assert lines <= limit, f"{path} has {lines} lines; is there a missing noun?"


@pytest.mark.parametrize(
    "path", [path for path in tracked("server/*.py", "client_demo/*.py") if MIGRATIONS not in path]
)
def test_a_function_fits_a_screen(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and f"{path}:{node.name}" not in LONG_FUNCTIONS:
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{path}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize("path", tracked("server/*.py"))
def test_a_task_has_an_owner(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    bare = [line for line in text.splitlines() if re.search(r"(?<!tasks\.)\bcreate_task\(", line)]
    assert not bare or path == "server/tasks.py", f"{path}: {bare}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_states_its_contract(script: Script) -> None:
    assert script.text.startswith("#!lua"), "without the shebang, out-of-memory strikes after the first write"
    code = "\n".join(line for line in script.text.splitlines() if not line.startswith("--"))
    header = script.text.split("\nlocal ", 1)[0]
    for kind in ("KEYS", "ARGV"):
        used = {int(number) for number in re.findall(rf"\b{kind}\[(\d+)\]", code)}
        said = {int(number) for number in re.findall(rf"\b{kind}\[(\d+)\]", header)}
        assert used <= said, f"{script.name}: {kind} {sorted(used - said)} missing in the header"
    assert "RETURNS" in header


def test_amounts_in_scripts_are_never_built_by_concatenation() -> None:
    for script in SCRIPTS:
        assert not re.search(r"HINCRBY\",[^)]*\.\.", script.text), script.name
        assert "HINCRBYFLOAT" not in script.text


@pytest.mark.parametrize("path", tracked("*.lock", "*package-lock.json", "*.npmrc", "Dockerfile", "*.yml"))
def test_no_registry_address_is_committed(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not re.search(r"https?://[^\s\"']*(pypi|npmjs|registry|index-url)", text)
    assert '"resolved"' not in text


def test_every_dependency_is_pinned_by_hash() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^\S+==[^\s;]+", text, flags=re.MULTILINE)
    assert len(pins) > 40
    assert all(f"{pin}" in text for pin in pins)
    blocks = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)


def test_every_command_explains_itself() -> None:
    root = get_command(app)
    pending = [("giftwave", root)]
    while pending:
        name, command = pending.pop()
        assert command.help, f"{name} has no help"
        pending.extend((f"{name} {child}", found) for child, found in getattr(command, "commands", {}).items())


@pytest.mark.parametrize("path", tracked("*.md"))
def test_a_link_leads_somewhere(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text):
        assert ((ROOT / path).parent / target).exists(), f"{path} links to {target}"


def test_the_readme_is_short() -> None:
    assert (ROOT / "README.md").read_text(encoding="utf-8").count("\n") <= README_LINES_MAX


@pytest.mark.parametrize("path", tracked("*.md"))
def test_a_path_named_in_the_documentation_exists(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    named = re.findall(r"`((?:server|client_demo|tests|docs)/[\w./-]+\.(?:py|lua|md|toml|ts|tsx|json))`", text)
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing, f"{path} names {missing}"
