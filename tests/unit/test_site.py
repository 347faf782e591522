"""The documentation site is built without a warning, no link leads nowhere, and no page loads anything from elsewhere."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer
import yaml

from docs.site_pages import cli_page, relinked, write_pages
from sociogram.cli.app import PANELS, app

ROOT = Path(__file__).parents[2]
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}  # when a page is opened


class Page(HTMLParser):
    """Anchors, links and what is loaded."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in LOADED and LOADED[tag] in given and given.get("rel") != "canonical":
            self.loaded.append(given[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as `make docs` builds it."""
    root = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "mkdocs.yml", root)
    (root / "src").symlink_to(ROOT / "src")
    write_pages(root / "build" / "docs")
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--clean", "--strict"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return root / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {file: Page(file) for file in site.rglob("*.html") if file.name != "404.html"}


def test_every_page_is_in_the_navigation(site: Path) -> None:
    def files(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        parts = entry.values() if isinstance(entry, dict) else entry
        return [file for part in parts for file in files(part)]  # type: ignore[attr-defined]

    listed = set(files(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    built = {file.relative_to(site).with_suffix(".md").as_posix() for file in site.rglob("*.html")} - {"404.md"}
    assert listed <= built
    assert {name for name in built - listed if not name.startswith("decisions/")} == set()


def test_no_link_leads_nowhere(site: Path, pages: dict[Path, Page]) -> None:
    dead = []
    for file, page in pages.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith("data:"):
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            target = target / "index.html" if target.is_dir() else target
            if not target.exists() or (parts.fragment and target in pages and not _has(pages[target], parts.fragment)):
                dead.append(f"{file.relative_to(site)}: {link}")
    assert not dead


def _has(page: Page, fragment: str) -> bool:
    return unquote(fragment) in page.anchors or fragment.startswith("__")


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for file, page in pages.items():
        assert [at for at in page.loaded if urlsplit(at).netloc] == [], file
        assert "unpkg.com" not in file.read_text(encoding="utf-8"), file
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_all_commands_and_routes_are_described(site: Path) -> None:
    text = (site / "reference" / "cli.html").read_text(encoding="utf-8")
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for path in [name, *(f"{name} {inner}" for inner in getattr(command, "commands", {}))]:
            assert f"sociogram {path}</code>" in text, path
    commands = cli_page()
    assert "```sh\nsociogram load demo --users 300 --seed 1\nsociogram load demo --jargon .5\n```" in commands
    assert all(f"**{panel}**:\n\n* [`{names[0]}`]" in commands for panel, names in PANELS.items())
    assert "Example:" not in commands
    routes = (site / "reference" / "http.html").read_text(encoding="utf-8")
    for route in ("GET /v1/users/{user}", "POST /v1/similar", "GET /v1/embeddings/{label}"):
        assert f"<code>{route}</code>" in routes
    assert "Scope: <code>admin</code>." in routes
    python = (site / "reference" / "python.html").read_text(encoding="utf-8")
    for name in ("engine.Engine.similar", "loaders.csv_files.frames", "errors.PublishError", "client.Client.similar"):
        assert f'id="sociogram.{name}"' in python, name


def test_links_to_what_is_no_page_become_words() -> None:
    text = "[a](../graph/store.py) [b](own-neo4j.md#map) [c](../../README.md) ![d](x.png)\n\n```sh\n[e](f.md)\n```\n"
    found = relinked(text, "docs/howto/serve.md", "howto/serve.md")
    assert found == "a [b](../howto/own-neo4j.md#map) [c](../index.md) ![d](x.png)\n\n```sh\n[e](f.md)\n```\n"


def test_every_variable_that_is_read_is_described() -> None:
    folders = ("src/sociogram", "graph", "encoders", "gnn", "loaders", "queries")
    code = "".join(p.read_text(encoding="utf-8") for f in folders for p in (ROOT / f).rglob("*.py"))
    read = set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"', code)) | set(re.findall(r'envvar="(\w+)"', code))
    read |= set(re.findall(r'^(?:HEAP|KEY) = "([A-Z_0-9]+)"', code, re.MULTILINE))
    page = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `([A-Z_0-9]+)`", page, re.MULTILINE))
    assert read >= {"SOCIOGRAM_HOME", "SOCIOGRAM_KEY", "NEO4J_URI"}
    assert described == read
