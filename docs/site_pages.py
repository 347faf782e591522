"""Put the pages of the documentation site together in build/docs: `make docs` does it before Zensical builds the site.

Run: python -m docs.site_pages
Pages of docs/ are copied; what is generated is never committed: the commands from their --help, the HTTP interface from its
description, the notebooks, the figures, the changelog. A link to a file that is no page of the site keeps its words only.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.http_page import http_page
from docs.notebook_page import notebook_page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
OUT = ROOT / "build" / "docs"
COPIED = {".md", ".png", ".svg", ".css"}
ELSEWHERE = {"README.md": "index.md", "benchmarks/README.md": "figures.md", "CHANGELOG.md": "changelog.md"}
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\((?!https?:|#|mailto:)([^()\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)
DECISIONS = """# Decisions

For whoever wants to know why Sociogram is as it is, or wants to change it: one page for each decision, with the reasons and what was measured. To use Sociogram you need none of them.

"""


def write_pages(out: Path = OUT) -> None:
    """Write all pages into a folder, which is emptied first."""
    shutil.rmtree(out, ignore_errors=True)

    def target(name: str) -> Path:
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def write(name: str, text: str) -> None:
        target(name).write_text(text, encoding="utf-8")

    for file in sorted(DOCS.rglob("*")):
        if file.suffix in COPIED and file != DOCS / "images" / "README.md":
            name = file.relative_to(DOCS).as_posix()
            if file.suffix == ".md":
                write(name, relinked(file.read_text(encoding="utf-8"), f"docs/{name}", name))
            else:
                target(name).write_bytes(file.read_bytes())
    for source, name in ELSEWHERE.items():
        if source != "README.md":
            write(name, relinked((ROOT / source).read_text(encoding="utf-8"), source, name))
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        name = f"notebooks/{file.stem}.md"
        write(name, relinked(notebook_page(file, target(name).parent), f"notebooks/{file.name}", name))
    write("reference/cli.md", cli_page())
    write("reference/http.md", http_page())
    write("decisions/index.md", DECISIONS + "".join(map(_listed, sorted((DOCS / "decisions").glob("*.md")))))


def cli_page() -> str:
    """Every command with its options, from their own help."""
    import typer
    from typer.cli import get_docs_for_click

    from sociogram.cli.app import PANELS, app

    command = typer.main.get_command(app)
    with typer.Context(command) as context:
        text = str(get_docs_for_click(obj=command, ctx=context, name="sociogram", title="Commands"))
    text = text.replace("&gt;", ">").replace("&amp;", "&").replace("\\[", "[")
    text = re.sub(
        r"^(\*\*Usage\*\*:)\n\n```console\n\$ (.+)\n```$", r"\1 `\2`", text, flags=re.MULTILINE
    )  # no command to copy
    text = re.sub(r"(?:^Example: .+\n\s*)+", _examples, text, flags=re.MULTILINE)
    for group, commands in _groups(command, "sociogram"):
        for name, inner in commands.items():  # Typer cuts their sentences short
            path = f"{group} {name}"
            told = str(inner.help).strip().partition("\n")[0]
            cut = re.compile(rf"^\* `{name}`: .*$", re.MULTILINE)
            start = 0 if group == "sociogram" else text.index(f"## `{group}`")
            line = f"* [`{name}`](#{path.replace(' ', '-')}): {told}"
            text = text[:start] + cut.sub(lambda _, line=line: line, text[start:], count=1)  # type: ignore[misc]
    for panel, names in PANELS.items():
        first = f"* [`{names[0]}`](#sociogram-{names[0]})"
        text = text.replace(first, f"\n**{panel}**:\n\n{first}", 1)
    return text.replace("**Commands**:\n\n\n", "", 1)


def _examples(found: re.Match[str]) -> str:
    """Examples of a command's help as a block that can be copied."""
    return "\n".join(["```sh", *re.findall(r"^Example: (.+)$", found.group(), re.MULTILINE), "```", "", ""])


def _groups(command: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each command that has commands, and these."""
    inner = getattr(command, "commands", {})
    if inner:
        yield path, inner
    for name, one in inner.items():
        yield from _groups(one, f"{path} {name}")


def relinked(text: str, source: str, name: str) -> str:
    """The text of `source` (a path from the root) as the page `name`: links lead to pages of the site, or are words."""
    parts, last = [], 0
    for fence in FENCE.finditer(text):
        parts += [_relinked(text[last : fence.start()], source, name), fence.group()]
        last = fence.end()
    return "".join([*parts, _relinked(text[last:], source, name)])


def _relinked(text: str, source: str, name: str) -> str:
    def link(found: re.Match[str]) -> str:
        path, hash_, anchor = found.group(2).partition("#")
        pointed = _normal(Path(source).parent / path)
        page = ELSEWHERE.get(pointed) or _page(pointed)
        if page is None:
            return found.group(1)
        way = Path(*[".."] * (len(Path(name).parts) - 1), page).as_posix()
        return f"[{found.group(1)}]({way}{hash_}{anchor})"

    return LINK.sub(link, text)


def _normal(path: Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def _page(path: str) -> str | None:
    """The site's page of a file of the repository, if it has one."""
    if path.startswith("docs/") and Path(path).suffix in COPIED:
        return path.removeprefix("docs/")
    if path.startswith("notebooks/") and path.endswith(".ipynb"):
        return path.removesuffix("ipynb") + "md"
    return None


def _listed(file: Path) -> str:
    title = file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
    return f"- [{title}]({file.name})\n"


if __name__ == "__main__":
    write_pages()
