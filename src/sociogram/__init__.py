"""Sociogram: user profiles from a social graph."""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from sociogram import loaders
    from sociogram.engine import Engine, open
    from sociogram.graph.mapping import GraphMapping
    from sociogram.graph.snapshot import Snapshot

__all__ = ["Engine", "GraphMapping", "Snapshot", "__version__", "loaders", "open"]

_HOMES = {
    "Engine": "sociogram.engine",
    "open": "sociogram.engine",
    "GraphMapping": "sociogram.graph.mapping",
    "Snapshot": "sociogram.graph.snapshot",
}


def __getattr__(name: str) -> Any:
    """Load the public names when they are asked for: `sociogram --version` must not import pandas."""
    from importlib import import_module

    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "loaders":
        return import_module("sociogram.loaders")
    raise AttributeError(f"module 'sociogram' has no attribute {name!r}")
