"""Pages for who is not let in: plain HTML, without anything of the application."""

import html
from urllib.parse import quote

from sociogram.explorer.words import Words

STYLE = """
:root { color-scheme: light dark; --ink: #1f2937; --paper: #f4f6f8; --card: #fff; --accent: #2563a8 }
@media (prefers-color-scheme: dark) { :root { --ink: #e5e7eb; --paper: #14181d; --card: #1d232b; --accent: #7db3ea } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink) }
.card { background: var(--card); padding: 2rem; border-radius: 12px; width: min(24rem, calc(100vw - 4rem)); box-shadow: 0 1px 4px #0003 }
h1 { margin: 0 0 .5rem; font-size: 1.5rem } label { display: block; margin: 1rem 0 .25rem; font-weight: 600 }
input { width: 100%; box-sizing: border-box; font: inherit; padding: .6rem; border: 1px solid #8888; border-radius: 8px; background: transparent; color: inherit }
button { font: inherit; margin-top: 1rem; padding: .6rem 1.2rem; border: 0; border-radius: 8px; background: var(--accent); color: var(--card); cursor: pointer }
.said { border-left: 4px solid #c2410c; padding-left: .75rem } code { font-size: .9em }
"""

ICON = (  # three people and their ties
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M9 22 16 9l8 13z" fill="none" stroke="#2563a8" stroke-width="2.5"/>'
    '<circle cx="16" cy="8" r="5" fill="#2563a8"/><circle cx="8" cy="23" r="5" fill="#d97706"/><circle cx="24" cy="23" r="5" fill="#2f855a"/></svg>'
)


def plain_page(words: Words, inside: str, head: str = "") -> str:
    """A whole page around HTML that holds no text but escaped one."""
    return (
        f'<!doctype html><html lang="{words.tag}"><head><meta charset="utf-8"><title>Sociogram</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:image/svg+xml,{quote(ICON)}">{head}<style>{STYLE}</style></head>'
        f"<body><main>{inside}</main></body></html>"
    )


def wait_page(words: Words, seconds: int) -> str:
    """Too much was asked; the page comes again by itself."""
    said = html.escape(words("More was opened than is answered at once. It goes on in {n} seconds.", n=seconds))
    inside = f'<div class="card"><h1>Sociogram</h1><p role="alert" class="said">{said}</p></div>'
    return plain_page(words, inside, f'<meta http-equiv="refresh" content="{seconds}">')
