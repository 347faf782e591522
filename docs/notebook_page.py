"""A notebook as a page: its words, its code, and what it showed when it was saved."""

import base64
import re
from pathlib import Path
from typing import Any

import nbformat


def notebook_page(file: Path, folder: Path) -> str:
    """Markdown; pictures go into `folder`, beside the page."""
    notebook = nbformat.read(file, as_version=4)
    parts: list[str] = []
    pictures = 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.cell_type == "code":
            parts.append(f"```python\n{cell.source}\n```")
            for output in cell.outputs:
                data = output.get("data", {})
                if "image/png" in data:
                    pictures += 1
                    name = f"{file.stem}-{pictures}.png"
                    (folder / name).write_bytes(base64.b64decode(data["image/png"]))
                    parts.append(f"![Output of the cell above]({name})")
                else:
                    parts.append(_shown(output, data))
    return "\n\n".join(part for part in parts if part) + "\n"


def _shown(output: Any, data: Any) -> str:
    if "text/html" in data and "<table" in data["text/html"]:
        table = re.sub(r"<style.*?</style>", "", data["text/html"], flags=re.DOTALL)
        table = re.sub(r"<table[^>]*>", "<table>", table)  # the site's own look
        return re.sub(r"\n\s*", "\n", table).strip()
    text = output.get("text") or data.get("text/plain", "")
    return f"```text\n{text.rstrip()}\n```" if text.strip() else ""
