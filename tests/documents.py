"""What README and docs/ tell a reader to type: their fenced blocks, and the commands in them."""

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted(p for p in (ROOT / "docs").rglob("*.md") if "decisions" not in p.parts)]
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*\Z")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block; `reason` says why it cannot be run here."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A line of a shell block: its words, the file that its output goes to, whether its block can be run."""

    block: Block
    line: str
    words: tuple[str, ...]
    output: str | None

    def __str__(self) -> str:
        return f"{self.block.page}: {self.line}"

    @property
    def name(self) -> tuple[str, ...]:
        """Of a command of ours: ("similar",) or ("db", "status")."""
        groups = ("db", "influence", "keys", "load")
        return self.words[1:3] if self.words[1] in groups else self.words[1:2]

    @property
    def ours(self) -> bool:
        return self.words[0] == "sociogram"


def blocks(page: Path, language: str) -> list[Block]:
    """The fenced blocks of a page in a language."""
    text = page.read_text(encoding="utf-8")
    found = []
    for fence in BLOCK.finditer(text):
        if fence.group(1) == language:
            said = NOT_RUN.search(text[: fence.start()])
            line = text[: fence.start()].count("\n") + 1
            name = page.relative_to(ROOT).as_posix()
            found.append(Block(name, line, language, fence.group(2), said and said.group(1)))
    return found


def commands(page: Path) -> list[Command]:
    """Every line of a page's shell blocks, without comments."""
    return [command for block in blocks(page, "sh") for command in _commands(block)]


def _commands(block: Block) -> Iterator[Command]:
    for line in re.sub(r"\\\n\s*", "", block.text).splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        output = words[words.index(">") + 1] if ">" in words else None
        words = words[: words.index(">")] if output else words
        program = words[0].removeprefix(".venv/bin/")
        yield Command(block, line.partition("  #")[0].strip(), (program, *words[1:]), output)


def curl(command: Command) -> tuple[str, str, Any]:
    """Method, path and JSON body of a curl line to localhost."""
    import json

    address = next(word for word in command.words[1:] if word.startswith("localhost"))
    path = "/" + address.partition("/")[2]
    if "-d" not in command.words:
        return "GET", path, None
    return "POST", path, json.loads(command.words[command.words.index("-d") + 1])


def calls(text: str, name: str) -> Iterator[tuple[str, list[str]]]:
    """Method and keyword names of every call `name.method(...)` in Python source."""
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == name
        ):
            yield node.func.attr, [k.arg for k in node.keywords if k.arg]
